"""What a callable that a configuration names can do: known, unknown, acting, or dangerous."""

import re
from enum import IntEnum


class Standing(IntEnum):
    """What is known of a name, the harmless first."""

    KNOWN = 0
    UNKNOWN = 1
    ACTING = 2
    DANGEROUS = 3


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


KNOWN = _words("""
torch.nn. torch.optim. torch.utils.data. torch.distributions. torch.ao. torch.amp. torch.cuda.amp.
torchvision. torchaudio. torchtext. torchmetrics. torchdata. torchtune. torchtitan. transformers.
diffusers. timm. nemo. nemo_text_processing. nemo_run. megatron. pytorch_lightning. lightning.
lightning_fabric. sentence_transformers. monai. peft. accelerate. datasets. tokenizers. trl. ldm.
sgm. taming. omegaconf. hydra. hydra_zen. uni2ts. gluonts. segmentation_models_pytorch. sklearn.
scipy. numpy. pandas. super_gradients. anomalib. albumentations. kornia. einops. xformers.
flash_attn. bitsandbytes. deepspeed. sentencepiece. fairseq. fairseq2. espnet. espnet2.
speechbrain. asteroid. lhotse. k2. detectron2. mmcv. mmengine. mmdet. mmseg. mmpretrain.
ultralytics. open_clip. clip. dgl. torch_geometric. pytorch3d. gpytorch. botorch. skorch. ignite.
composer. mamba_ssm. audiocraft. stable_audio_tools. vector_quantize_pytorch. x_transformers.
lerobot. haystack. keras. tensorflow. jax. flax. optax. haiku. xgboost. lightgbm. catboost.
functools.partial collections. math. builtins.dict builtins.list builtins.tuple builtins.set
builtins.int builtins.float builtins.str builtins.bool builtins.range builtins.slice builtins.len
builtins.sum builtins.min builtins.max builtins.zip builtins.abs builtins.round builtins.object
builtins.bytes builtins.sorted datetime. pathlib. enum. typing. dataclasses. itertools.
""")
"""Packages and names that configurations of honest models name every day."""

DANGEROUS = _words("""
os. posix. nt. subprocess. importlib. runpy. pty. shutil. socket. ctypes. codeop. timeit.
code.interact code.Interactive pickle. _pickle. cPickle. marshal. sys. cloudpickle. dill. pip.
joblib.load commands.getoutput commands.getstatusoutput webbrowser. urllib.request. urllib2.
requests. httpx. aiohttp.Client asyncio.create_subprocess asyncio.subprocess asyncio.unix_events.
pdb. bdb. cProfile. pydoc. pkgutil. imp.load_ zipimport. _posixsubprocess. ftplib. smtplib.
telnetlib. http.client. xmlrpc. paramiko. torch.hub. torch.utils.cpp_extension
torch.ops.load_library torch.classes.load_library torch.storage._load_from_bytes torch._inductor.
numpy.testing. numpy.f2py. numpy.distutils. numpy.ctypeslib. pandas.read_pickle pandas.eval
builtins.eval builtins.exec builtins.compile builtins.open builtins.__import__ builtins.getattr
builtins.setattr builtins.input builtins.breakpoint builtins.globals builtins.vars builtins.delattr
builtins.map builtins.filter __builtin__. __builtins__. types.FunctionType types.CodeType
operator.attrgetter operator.methodcaller operator.call yaml.load yaml.unsafe_load yaml.full_load
jsonpickle. shelve. distutils. IPython. antigravity. pexpect. plumbum. invoke.run execnet.
multiprocessing.Process threading.Thread torch.utils.collect_env. torch.utils.bottleneck
torch.utils._config_module. torch.testing. torch.jit.unsupported_tensor_ops torch.distributed.run
torch.distributed.launch torch.distributed.elastic. transformers.testing_utils.
accelerate.commands. accelerate.test_utils. datasets.commands. sklearn.externals.
sklearn.utils._testing. numpy.lib.npyio.load lightning_fabric.utilities.cloud_io.
""")
"""Modules and names that run commands or code, load it from elsewhere, or reach out."""

ACTING = _words("""
torch.package. torch._dynamo. torch.serialization. tempfile. inspect. gc. ast. torch.load
torch.jit.load torch.save numpy.load numpy.save numpy.loadtxt numpy.fromfile numpy.genfromtxt
numpy.memmap joblib. hydra.utils.instantiate hydra.utils.call hydra._internal.
transformers.dynamic_module_utils transformers.utils.import_utils pathlib.Path.unlink
pathlib.Path.write_text pathlib.Path.write_bytes pathlib.Path.rename tensorflow.io.
tensorflow.py_function tensorflow.numpy_function keras.utils.get_file datasets.load_from_disk
builtins.type builtins.super builtins.print builtins.memoryview torch.jit. torch.multiprocessing.
torch.distributed.rpc. keras.saving. keras.src.saving. keras.models.load_model
tensorflow.keras.models.load_model tensorflow.saved_model. monai.bundle. pandas.read_ pandas.io.
scipy.io. sklearn.datasets. autogen_core.tools.FunctionTool autogen_core.code_executor.
autogen_ext.code_executors. autogen_ext.tools.code_execution. autogen_ext.tools.mcp.Stdio
""")
"""Names that open what they are given, or call it; few honest models name them."""

RELAYS = _words("""
hydra.utils.get_method hydra.utils.get_class hydra.utils.get_object hydra.utils.get_static_method
""")
"""Functions that return what another entry names; that entry is judged by itself."""

BARE = frozenset(
    ["eval", "exec", "compile", "open", "__import__", "os", "getattr", "setattr", "system", "popen"]
)
_THROUGH = re.compile(
    r"\.(?:os|posix|subprocess|importlib|sys|builtins|__builtins__|runpy|pickle|shutil|socket|pty"
    r"|ctypes|popen|Popen|system|cpp_extension|load_library)(?:\.|\Z)"
)
"""A module that leads to a dangerous one it imports: `library.module.os.system`."""
_DUNDER = re.compile(r"__(?:class|globals|builtins|subclasses|mro|bases|dict|code|import)__")
_VERB = re.compile(
    r"_?(?:exec|eval|safe_eval|system|popen|loads|unpickle|load_pickle|read_pickle|pickle_load"
    r"|import_string|import_module|import_object|import_from_string|import_by_name|load_object"
    r"|import_class_by_path|load_module|locate|resolve_name|named_any|run_command|run_cmd"
    r"|run_shell|run_bash|execute_command|exec_command|check_output|check_call|shell|spawn|fork"
    r"|urlopen|urlretrieve|runstring|run_code|runcode|runsource|exec_code|exec_module|eval_expr"
    r"|extractall|unsafe_load|getoutput|getstatusoutput)\Z"
)
"""Functions of whatever package that say themselves that they run, fetch or resolve something."""
_PLAIN = re.compile(
    r"torch\.\w+|os\.path\.(?:join|basename|dirname|splitext|exists|abspath)|random\.\w+"
)
_FETCH = re.compile(
    r"(?:download\w*|_load|pl_load|load_url|load_state_dict_from_url|load_state_dict_from_hf|get_file"
    r"|unpickle\w*|write_text|write_bytes|unlink|rmtree)\Z"
)
"""Functions of whatever package that say that they open, fetch or delete what they are given."""
_NAME = re.compile(r"\w+(?:\.\w+)+")


def standing(target: str) -> Standing:
    """Return what is known of a dotted name, as Hydra and its kin would resolve it."""
    if target in BARE or _DUNDER.search(target):
        return Standing.DANGEROUS
    if _NAME.fullmatch(target) is None:
        return Standing.KNOWN  # a word of the configuration's own, or an interpolation
    if _PLAIN.fullmatch(target) and not target.startswith(ACTING):
        return Standing.KNOWN
    if target.startswith(DANGEROUS) or _THROUGH.search(target):
        return Standing.DANGEROUS
    if _VERB.match(target.rpartition(".")[2]):
        return Standing.DANGEROUS
    if target.startswith(ACTING) or _FETCH.match(target.rpartition(".")[2]):
        return Standing.ACTING
    return Standing.KNOWN if target.startswith((*KNOWN, *RELAYS)) else Standing.UNKNOWN
