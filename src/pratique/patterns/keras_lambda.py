"""What compiled code in a Keras configuration does, told by the names in it; it is never run."""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pratique.core.finding import Severity
from pratique.patterns.marshalled import Code, parsed

Node = Mapping[str, object]
MAX_CODE = 256 << 10
MAX_WORDS = 4_096
_MARSHALLED = (b"\xe3", b"\x63")
"""A code object, with and without the mark that it is referred to again."""
_SHORT, _LONG = b"zZ", b"aAtusS"
"""Types of texts in marshalled code: those with one byte of length, and those with four."""
_REFERRED = 0x80
_PLAIN = re.compile(rb"[\t\n\r\x20-\x7e]{2,}")
_ACTING = frozenset(
    ["os", "posix", "nt", "subprocess", "system", "popen", "Popen", "check_output", "check_call",
     "fork", "execv", "execve", "execvp", "eval", "exec", "builtins", "socket", "__builtins__",
     "__import__", "importlib", "import_module", "__globals__", "__subclasses__", "__loader__",
     "__getattribute__", "__code__", "__class__", "__base__", "__bases__", "__mro__", "__dict__",
     "__reduce__", "getattr", "setattr", "delattr", "globals", "locals", "vars", "open", "compile",
     "breakpoint", "urllib", "urlopen", "urlretrieve", "requests", "httpx", "aiohttp", "http",
     "ftplib", "smtplib", "telnetlib", "xmlrpc", "paramiko", "base64", "b64decode", "binascii",
     "marshal", "pickle", "dill", "cloudpickle", "joblib", "ctypes", "cffi", "shutil", "rmtree",
     "unlink", "pty", "runpy", "webbrowser", "codecs", "tempfile", "threading", "multiprocessing",
     "environ", "getenv", "sys", "inspect", "types", "FunctionType", "CodeType", "func_load",
     "func_dump", "py_func", "numpy_function", "py_function", "PyFunc", "EagerPyFunc",
     "PyFuncStateless", "write_file", "read_file", "matching_files", "WriteFile", "ReadFile",
     "MatchingFiles", "TextLineDataset", "TFRecordDataset", "FixedLengthRecordDataset",
     "TFRecordWriter", "saved_model", "load_model", "gfile", "GFile", "load_library",
     "load_op_library", "get_file", "load_file_system_library", "enable_unsafe_deserialization",
     "deserialize_keras_object", "pathlib", "write_text", "read_text", "write_bytes", "read_bytes",
     "fromfile", "tofile", "loadtxt", "savetxt", "genfromtxt", "memmap", "winreg", "chmod",
     "asyncio", "platform", "pdb", "timeit", "sysconfig", "glob", "wget", "pip"]
)  # fmt: skip
"""Names that no layer needs; each stands in compiled code as it is."""
_COMMANDS = re.compile(
    r"(?<![\w.-])/(?:bin|usr/bin|etc|dev|proc)/|(?<![\w.])[a-z]{2,8}://|cmd\.exe|(?i:powershell)"
    r"|\b(?:curl|wget|nc|bash|chmod) -?\S|__import__|\b(?:exec|eval)\("
    r"|\bos\.(?:system|popen)|\bsubprocess\b|\bimport (?:os|sys)\b"
)
_SOURCE = re.compile(r"[^\n]{0,1000}\.py|<[^<>\n]{1,200}>|[^\n]{0,300}ipykernel_[^\n]{0,100}")
"""The file that code was compiled from: a path of the author's own, which is not run."""
_COMPUTES = frozenset(
    ["Dense", "K", "Sequential", "T", "TensorShape", "abs", "absolute", "acos", "activations",
     "add", "add_n", "adjust_brightness", "adjust_contrast", "angle", "append", "arange", "arccos",
     "arcsin", "arctan", "arctan2", "argmax", "argmin", "argsort", "array", "as_dtype", "as_list",
     "asarray", "ascontiguousarray", "asin", "astype", "atan", "atan2", "average", "avg_pool",
     "avg_pool2d", "axis", "backend", "band_part", "batch", "batch_dot", "batch_flatten",
     "batch_normalization", "bfloat16", "bias_add", "bool", "broadcast_to", "cast",
     "cast_to_floatx", "categorical_crossentropy", "ceil", "cholesky", "clip", "clip_by_value",
     "compat", "complex", "complex64", "concat", "concatenate", "constant", "constants", "conv",
     "conv1d", "conv2d", "conv2d_transpose", "convert_image_dtype", "convert_to_tensor", "copy",
     "cos", "cosh", "cosine_similarity", "crop", "crop_and_resize", "crop_to_bounding_box",
     "cross", "ctc_batch_cost", "ctc_decode", "ctc_loss", "cumprod", "cumsum",
     "cumulative_logsumexp", "deg2rad", "depth_to_space", "depthwise_conv2d", "det", "diag", "dim",
     "dims", "divide", "dot", "dropout", "dtype", "dtypes", "dynamic_stitch", "einsum", "elu",
     "embedding_lookup", "ensure_shape", "enumerate", "epsilon", "erf", "exp", "expand_dims",
     "expm1", "exponential", "extract_image_patches", "extract_patches", "eye", "fft", "fft2d",
     "fill", "flatten", "flip_left_right", "flip_up_down", "float", "float16", "float32",
     "float64", "floatx", "floor", "floordiv", "frame", "full", "gather", "gather_nd", "gelu",
     "get_shape", "get_static_value", "grayscale_to_rgb", "hann_window", "hard_sigmoid",
     "hard_tanh", "hstack", "identity", "imag", "image", "image_data_format", "inner", "int",
     "int16", "int32", "int64", "int8", "int_shape", "inv", "irfft", "is_finite", "is_nan",
     "isfinite", "isinf", "isnan", "item", "keepdims", "keras", "l1", "l2", "l2_loss", "l2_norm",
     "l2_normalize", "lax", "layer", "layers", "leaky_relu", "len", "linalg", "linear",
     "linear_to_mel_weight_matrix", "linspace", "list", "local_response_normalization", "log",
     "log10", "log1p", "log2", "log_softmax", "logaddexp", "logspace", "logsumexp", "lower", "lrn",
     "map", "map_fn", "math", "matmul", "matrix_transpose", "max", "max_pool", "max_pool2d",
     "maximum", "mean", "meshgrid", "min", "minimum", "mish", "mod", "moments", "moveaxis",
     "multiply", "name", "nan_to_num", "nce", "ndim", "ndims", "negative", "newaxis", "nn", "norm",
     "normal", "normalize", "np", "numpy", "one_hot", "ones", "ones_like", "ops", "outer",
     "overlap_and_add", "pad", "per_image_standardization", "permute_dimensions", "pi", "pinv",
     "pool2d", "pow", "power", "preprocess_input", "prod", "qr", "rad2deg", "random",
     "random_crop", "random_normal", "random_uniform", "range", "rank", "real", "reciprocal",
     "reduce_euclidean_norm", "reduce_logsumexp", "reduce_max", "reduce_mean", "reduce_min",
     "reduce_prod", "reduce_std", "reduce_sum", "reduce_variance", "regex_replace", "relu",
     "relu6", "relu_layer", "repeat", "repeat_elements", "reshape", "resize", "resize_bilinear",
     "resize_images", "resize_nearest_neighbor", "resize_with_pad", "reverse", "reversed", "rfft",
     "rfft2d", "rgb_to_grayscale", "roll", "rot90", "round", "rsqrt", "scalar_mul", "scatter",
     "scatter_nd", "scatter_update", "selu", "separable_conv2d", "sequence_mask", "set_shape",
     "shape", "sigmoid", "sign", "signal", "silu", "sin", "sinh", "size", "slice", "slice_update",
     "softmax", "softplus", "softsign", "solve", "sort", "sorted", "space_to_depth", "sparse",
     "spectrogram", "split", "sqrt", "square", "squared", "squared_difference", "squeeze", "stack",
     "standardize", "stateless_normal", "stateless_uniform", "static_shape", "std", "stft",
     "stop_gradient", "strided_slice", "string_to_hash_bucket_fast", "strings", "subtract", "sum",
     "svd", "swapaxes", "swish", "take", "take_along_axis", "tan", "tanh", "tensor", "tensordot",
     "tensorflow", "tf", "tile", "to_dense", "to_float", "to_number", "to_tensor", "top_k",
     "trace", "transpose", "tri", "tril", "triu", "truediv", "tuple", "uint16", "uint8", "units",
     "unstack", "v1", "v2", "value", "var", "variable", "variance", "vecdot", "vectorized_map",
     "vstack", "zeros", "zeros_like", "zip"]
)  # fmt: skip
"""Names of what computes, without a condition: a lambda that has no others is arithmetic."""


def lambdas(nodes: Iterable[Node]) -> Iterator[tuple[str, str]]:
    """Yield (name, text) of compiled code in a configuration, in Keras's newer and older way."""
    for node in nodes:
        name = str(node.get("name") or "")[:80]
        if node.get("class_name") == "__lambda__":
            config = node.get("config")
            code = config.get("code") if isinstance(config, dict) else node.get("code")
            yield name, code if isinstance(code, str) else ""
        for key, packed in node.items():
            value = _listed(packed)
            if value and isinstance(value[0], str):
                told = node.get(f"{key}_type")
                if told == "lambda" or (key == "function" and told is None):
                    yield name, value[0]


def _listed(value: object) -> list[object]:
    """Return a list of code, defaults and closure, also as a SavedModel's metadata writes it."""
    if isinstance(value, dict) and value.get("class_name") == "__tuple__":
        value = value.get("items")
    return value if isinstance(value, list) else []


def compiled(text: str) -> bytes:
    """Return the bytes of code as Keras stores it; nothing where they are no code object."""
    if len(text) > MAX_CODE:
        return b""
    try:
        body = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        body = text.encode("raw_unicode_escape", "replace")  # as Keras did before 2.1
    return body if body.startswith(_MARSHALLED) else b""


@dataclass(slots=True)
class _Words:
    """Names that code looks up, and texts that it holds."""

    names: dict[str, None] = field(default_factory=dict)
    texts: dict[str, None] = field(default_factory=dict)
    sound: bool = True

    def take(self, codes: Iterable[Code]) -> None:
        """Take what code objects hold, whatever number of them stands inside another."""
        for code in codes:
            self.sound &= code.sound()
            self.names |= {str(name): None for name in code.names}
            self.texts |= dict.fromkeys(_texts_of(code.consts))


def weigh(body: bytes) -> tuple[Severity, str]:
    """Return how bad compiled code is by the names and texts in it, and which they are."""
    if not body:
        return Severity.HIGH, "that cannot be looked into"
    words = _Words()
    whole = False
    for codes in parsed(body):
        whole = True
        words.take(codes)
    if not whole:
        words.names = {text: None for text in texts(body) if not _SOURCE.fullmatch(text)}
        words.texts = words.names
    found = {name: None for name in words.names if name in _ACTING}
    for text in words.texts:
        found |= {match[0].strip(): None for match in _COMMANDS.finditer(text)}
    if found:
        return Severity.CRITICAL, f"that names {', '.join([*found][:8])}"
    if whole and words.sound and words.names.keys() <= _COMPUTES:
        return Severity.LOW, "that only computes, and asks no condition"
    return Severity.MEDIUM, "that names nothing which acts by itself"


def _texts_of(consts: tuple[object, ...]) -> Iterator[str]:
    stack: list[object] = [*consts]
    while stack:
        part = stack.pop()
        if isinstance(part, tuple):
            stack.extend(part)
        elif isinstance(part, bytes):
            yield part.decode("latin-1")
        elif isinstance(part, str):
            yield part


def texts(body: bytes) -> Iterator[str]:
    """Yield what may be a text in marshalled code, whatever release of Python wrote it.

    Every place is tried: code that breaks off, or is nested, tells its names all the same.
    """
    for at in range(len(body) - 2):
        kind = body[at] & ~_REFERRED
        if kind in _SHORT:
            start, size = at + 2, body[at + 1]
        elif kind in _LONG:
            start, size = at + 5, int.from_bytes(body[at + 1 : at + 5], "little")
        else:
            continue
        if 1 < size <= min(MAX_WORDS, len(body) - start):
            text = body[start : start + size]
            if _PLAIN.fullmatch(text):
                yield text.decode("ascii")
