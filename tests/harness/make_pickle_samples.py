"""Write the samples of the pickle rules: `python tests/harness/make_pickle_samples.py`."""

import base64
import sys
import zlib
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT)]

from harness.make_pickles import CANARY, call, data, glob, state_dict, stream, text  # noqa: E402

TOUCH = text(f"touch {CANARY}")
SYSTEM = call("posix", "system", TOUCH)
SAFE_TWO = text("collections") + text("OrderedDict") + b"\x93)R"
MANY = b"](" + b"K\x01" * 300 + b"e0"
"""A list long enough to be read in bulk, dropped again."""


def stack_global(module: str, name: str, memo: bytes = b"\x94") -> bytes:
    """Return an import by names on the stack."""
    return text(module) + memo + text(name) + memo + b"\x93"


def array(kind: str = "f8") -> bytes:
    """Return how numpy writes a small array."""
    made = glob("numpy.core.multiarray", "_reconstruct") + b"(" + glob("numpy", "ndarray")
    made += b"K\x00\x85C\x01b\x87R"
    dtype = glob("numpy", "dtype") + b"(" + text(kind) + b"\x89\x88tR"
    return (
        made[: -len(b"\x87R")].replace(b"(", b"", 1)
        + b"\x87R(K\x01K\x01\x85"
        + dtype
        + b"\x89C\x08"
        + b"\0" * 8
        + b"tb"
    )


def old_checkpoint(body: bytes) -> bytes:
    """Return the five pickles of a torch checkpoint of the old kind, without storages."""
    magic = b"\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19"
    return b"".join(stream(part, protocol=2) for part in (magic, b"M\xe9\x03", b"}", body, b"]"))


OLD_CHECKPOINT = old_checkpoint(b"}")


def joblib_array(kind: bytes, after: bytes) -> bytes:
    """Return a joblib file of one array: `kind` pushes its type, `after` follows the wrapper."""
    made = glob("joblib.numpy_pickle", "NumpyArrayWrapper") + b")\x81}("
    made += text("subclass") + glob("numpy", "ndarray") + text("shape") + b"K\x01\x85"
    made += text("order") + text("C") + text("dtype") + kind + text("allow_mmap") + b"\x89"
    return stream(made + text("numpy_array_alignment_bytes") + b"K\x10ub" + after)


def structured_type(flags: bytes) -> bytes:
    """Return a numpy type of 16 bytes with fields, as its `__reduce__` writes it."""
    made = glob("numpy", "dtype") + text("V16") + b"\x89\x88\x87R(K\x03" + text("|") + b"N"
    return made + text("a") + b"\x85}K\x10K\x01" + flags + b"tb"


def structured_array(payload: bytes) -> bytes:
    """Return a joblib file of an array with an object field: a pickle stands where bytes would."""
    return joblib_array(structured_type(b"K\x1b"), stream(payload))


SAMPLES: dict[str, dict[str, bytes]] = {
    "pickle-dangerous-import": {
        "good-zoneinfo-by-getattr": stream(
            call("builtins", "getattr", glob("zoneinfo", "ZoneInfo"), text("_unpickle")),
            text("Europe/Paris"),
            b"K\x01\x86R",
        ),
        "good-none-type": stream(call("builtins", "type", b"N")),
        "good-torchscript-list": stream(
            glob("__torch__.acme", "Net")
            + b")\x81"
            + call("torch.jit._pickle", "build_intlist", b"](K\x01e"),
            b"\x86",
        ),
        "evasion-getattr-of-import": stream(
            call("builtins", "getattr", glob("numpy", "ndarray"), text("tofile"))
        ),
        "evasion-getattr-unused": stream(
            glob("collections", "defaultdict") + glob("builtins", "getattr") + b"\x85R"
        ),
        "evasion-class-made-by-type": stream(
            call("builtins", "type", text("X"), glob("builtins", "object") + b"\x85", b"}")
        ),
        "evasion-unlisted-verb": stream(
            call("acme.toolbox.shell", "run_command", text(f"touch {CANARY}"))
        ),
        "evasion-pickle-in-object-field": structured_array(SYSTEM),
        "bad-os-system": stream(SYSTEM),
        "bad-protocol-0": f"cos\nsystem\n(S'touch {CANARY}'\ntR.".encode(),
        "bad-cloudpickle-function": stream(
            stack_global("cloudpickle.cloudpickle", "_builtin_type"), text("CodeType"), b"\x85R"
        ),
        "good-state-dict": state_dict(("w", "0", "FloatStorage", 4)),
        "good-array": stream(array()),
        "evasion-names-in-memo": stream(
            text("posix"),
            b"\x94",
            text("system"),
            b"\x94",
            b"00",
            MANY,
            b"h\x00h\x01\x93",
            TOUCH,
            b"\x85R",
        ),
        "evasion-names-in-bulk-memo": stream(
            b"](",
            b"K\x01" * 200,
            text("posix"),
            b"\x94",
            text("system"),
            b"\x94e0h\x00h\x01\x93",
            TOUCH,
            b"\x85R",
        ),
        "evasion-memo-overwritten": stream(
            text("collections"),
            b"q\x00",
            text("posix"),
            b"q\x00",
            b"00h\x00",
            text("system"),
            b"\x93",
            TOUCH,
            b"\x85R",
        ),
        "evasion-dotted-name": stream(stack_global("torch", "os.system"), TOUCH, b"\x85R"),
        "evasion-dunder-hop": stream(
            stack_global("collections", "OrderedDict.__init__.__globals__")
        ),
        "evasion-resolver": stream(call("pkgutil", "resolve_name", text("os:system"))),
        "evasion-asyncio": stream(glob("asyncio.unix_events", "_UnixSubprocessTransport._start")),
        "evasion-inst": b"(S'touch " + CANARY.encode() + b"'\niposix\nsystem\n.",
        "evasion-numpy-testing": stream(
            call("numpy.testing._private.utils", "runstring", TOUCH, b"}")
        ),
        "evasion-popped-call": stream(SYSTEM, b"0", b"}"),
        "evasion-python-2-name": stream(call("__builtin__", "eval", text("1")), protocol=2),
        "evasion-after-large-list": stream(b"](" + b"K\x01" * 1500 + b"e", SYSTEM, b"0"),
    },
    "pickle-unknown-import": {
        "bad-own-class": stream(glob("acme.models", "Net"), b")\x81}" + text("a") + b"K\x01sb"),
        "good-estimator": stream(
            glob("sklearn.linear_model._logistic", "LogisticRegression"), b")\x81}b"
        ),
        "good-gaussian-process": stream(
            glob("sklearn.gaussian_process._gpc", "GaussianProcessClassifier"), b")\x81}b"
        ),
        "evasion-function-of-sklearn": stream(
            call("sklearn.utils.validation", "check_array", b"]")
        ),
        "evasion-dotted-class": stream(stack_global("sklearn.tree", "Tree.load_it")),
        "evasion-name-with-blank": stream(glob("collections ", "OrderedDict"), b")R"),
    },
    "pickle-dangerous-call": {
        "good-tensor-in-constant": stream(
            call("torch.storage", "_load_from_bytes", data(OLD_CHECKPOINT))
        ),
        "good-generator": stream(
            call(
                "numpy.random._pickle",
                "__generator_ctor",
                call("numpy.random._pickle", "__bit_generator_ctor", text("PCG64")),
            )
        ),
        "evasion-other-bytes-to-torch": stream(
            call("torch.storage", "_load_from_bytes", data(b"PK\3\4" + bytes(30)))
        ),
        "evasion-function-for-rebuilder": stream(
            call(
                "torch._tensor",
                "_rebuild_from_type_v2",
                glob("xgboost.core", "DMatrix"),
                glob("torch", "Tensor"),
                text(CANARY) + b"\x85",
                b"}",
            )
        ),
        "evasion-function-for-generator": stream(
            call(
                "numpy.random._pickle",
                "__generator_ctor",
                text(CANARY),
                glob("xgboost.core", "DMatrix"),
            )
        ),
        "evasion-constructor-opens-file": stream(call("xgboost.core", "DMatrix", text(CANARY))),
        "bad-reduce": stream(SYSTEM),
        "bad-obj": stream(
            b"(", glob("subprocess", "Popen"), b"](", text("touch"), text(CANARY), b"eo"
        ),
        "good-latin-1": stream(call("_codecs", "encode", text("é"), text("latin1"))),
        "good-ordered-dict": stream(SAFE_TWO),
        "evasion-newobj-ex": stream(
            glob("subprocess", "Popen"), b"(", TOUCH, b"t}", text("shell"), b"\x88s\x92"
        ),
        "evasion-rot13": stream(call("codecs", "encode", text("cevag"), text("rot13"))),
        "evasion-callee-by-get": stream(
            glob("posix", "system"), b"\x940", MANY, b"h\x00(", TOUCH, b"tR"
        ),
        "evasion-callee-by-dup": stream(glob("posix", "system"), b"2", TOUCH, b"\x85R0"),
    },
    "pickle-computed-callee": {
        "bad-getattr": stream(
            call(
                "builtins",
                "getattr",
                call("importlib", "import_module", text("os")),
                text("system"),
            ),
            TOUCH,
            b"\x85R",
        ),
        "good-plain-calls": stream(SAFE_TWO, call("builtins", "set", b"](K\x01e")),
        "evasion-name-from-call": stream(
            call("builtins", "str", text("os")), text("getcwd"), b"\x93)R"
        ),
        "evasion-constant-callee": stream(text("os.system"), TOUCH, b"\x85R"),
        "evasion-name-behind-bulk": stream(
            b"(", text("posix"), text("system"), b"](", b"K\x01" * 200, b"e0\x93", TOUCH, b"\x85R"
        ),
    },
    "pickle-state-injection": {
        "good-documented": stream(
            glob("argparse", "Namespace"), b")R}(", text("__doc__"), text("a text"), b"ub"
        ),
        "evasion-after-harmless-keys": stream(
            glob("argparse", "Namespace"),
            b")R}(",
            (text("__doc__") + b"K\x01") * 40,
            text("__class__"),
            b"K\x02ub",
        ),
        "bad-build-on-class": stream(
            glob("collections", "OrderedDict"), b"}", text("x"), b"K\x01sb"
        ),
        "good-state": stream(glob("argparse", "Namespace"), b")R}(", text("lr"), b"K\x01ub"),
        "evasion-dunder-key": stream(
            glob("argparse", "Namespace"),
            b")R}(",
            text("lr"),
            b"K\x01",
            text("__setstate__"),
            b"K\x02ub",
        ),
        "evasion-dunder-in-slots": stream(
            glob("argparse", "Namespace"), b")RN}(", text("__class__"), b"Nu\x86b"
        ),
        "evasion-dunder-in-bulk": stream(
            glob("argparse", "Namespace"),
            b")R}(",
            (text("lr") + b"K\x01") * 60,
            text("__class__"),
            b"K\x02ub",
        ),
        "evasion-dunder-by-memo": stream(
            text("__class__"),
            b"\x940",
            glob("argparse", "Namespace"),
            b")R}(",
            (text("lr") + b"K\x01") * 60,
            b"h\x00K\x02ub",
        ),
        "evasion-items-of-class": stream(glob("collections", "OrderedDict"), text("x"), b"K\x01s"),
    },
    "pickle-hidden-reference": {
        "bad-extension": stream(b"\x82\x01)R"),
        "good-torch-storage": state_dict(("w", "0", "FloatStorage", 4)),
        "evasion-extension-4": stream(b"\x84\x01\x02\x03\x04)R"),
        "evasion-persistent-text": b"Pos.system\n.",
        "evasion-persistent-tuple": stream(text("module"), text("os"), b"\x86Q"),
    },
    "file-malformed": {
        "good-structured-array": joblib_array(structured_type(b"K\x10"), b"\x01\0" + bytes(16)),
    },
    "pickle-breaks-after-acting": {
        "bad-no-stop": stream(SYSTEM)[:-1],
        "bad-garbage": stream(SYSTEM, b"X\xff\xff"),
        "good-broken-without-acting": stream(b"](", b"K\x01" * 20, b"e")[:-8],
        "good-whole": stream(SAFE_TWO),
        "evasion-stack-underflow": stream(SYSTEM, b"0000"),
        "evasion-negative-length": stream(SYSTEM, b"T\xff\xff\xff\xff"),
        "evasion-frame-lie": stream(SYSTEM, b"\x95" + b"\xff" * 7 + b"\x7f"),
        "evasion-unset-memo": stream(SYSTEM, b"j\xff\xff\xff\x7f"),
    },
    "pickle-nested-pickle": {
        "bad-bytes": stream(data(stream(SYSTEM))),
        "good-text": stream(text("gASVtoo short and no pickle at all, though it begins like one")),
        "good-base64-image": stream(data(base64.b64encode(b"\x89PNG" + bytes(60)))),
        "evasion-base64": stream(text(base64.b64encode(stream(SYSTEM)).decode())),
        "evasion-zlib-in-base64": stream(
            text(base64.b64encode(zlib.compress(stream(SYSTEM, MANY))).decode())
        ),
        "evasion-hex": stream(text(stream(SYSTEM).hex())),
        "evasion-latin-1": stream(text(stream(SYSTEM).decode("latin-1"))),
        "evasion-in-bulk": stream(
            b"](", b"K\x01" * 200, text(base64.b64encode(stream(SYSTEM)).decode()), b"e"
        ),
    },
    "pickle-acts-in-later-stream": {
        "good-old-checkpoint-of-a-module": old_checkpoint(
            b"(" + text("module") + glob("acme", "Net") + b"NNtQ)\x81}b"
        ),
        "bad-second": stream(b"}") + stream(SYSTEM),
        "good-two-dicts": stream(b"}") + stream(b"]"),
        "evasion-padding": stream(b"}") + bytes(2000) + stream(SYSTEM),
        "evasion-newlines": stream(b"}") + b"\n" * 20 + b"cos\nsystem\n(S'true'\ntR.",
    },
}


def main() -> int:
    """Write every sample as hex."""
    for slug, rows in SAMPLES.items():
        folder = ROOT / "samples" / slug
        folder.mkdir(parents=True, exist_ok=True)
        for name, body in rows.items():
            text_of = body.hex()
            lines = [text_of[i : i + 96] for i in range(0, len(text_of), 96)]
            (folder / f"{name}.hex").write_text("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
