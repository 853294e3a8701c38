"""Write the samples of the archive rules: harmless contents in honest and dishonest wrappings."""

import base64
import bz2
import gzip
import hashlib
import io
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "src")]

from harness.make_archives import (  # noqa: E402 - the path is set above
    centrals,
    locals_of,
    patched,
    tar_entry,
    tarred,
    without_central,
    zipped,
)

END = bytes(1024)
MAX_SAMPLE = 4096
FILES = {"config.json": b'{"model_type": "demo"}', "notes.txt": b"harmless notes"}
DEFLATE = zipfile.ZIP_DEFLATED
HONEST = zipped(FILES, DEFLATE)


def both(body: bytes, local: int, central: int, new: bytes) -> bytes:
    """Return a zip with the same field of its first entry changed in both headers."""
    return patched(patched(body, locals_of(body)[0] + local, new), centrals(body)[0] + central, new)


def pax(*pairs: tuple[str, str]) -> bytes:
    """Return a pax header for the entry after it."""
    body = b""
    for key, value in pairs:
        size = len(f" {key}={value}\n".encode())
        total = size + len(str(size + len(str(size))))
        body += f"{total} {key}={value}\n".encode()
    return tar_entry("pax", tarfile.XHDTYPE, body=body)


def link(name: str, kind: bytes, target: str) -> bytes:
    """Return a tar with one link and a file."""
    return tar_entry(name, kind, target) + tar_entry("a.txt", b"0", body=b"a") + END


def bomb() -> bytes:
    """Return zeros past the limit, twice compressed so that they are few bytes."""
    return gzip.compress(gzip.compress(bytes(65 << 20), mtime=0), mtime=0)


def lying_bomb() -> bytes:
    """Return a zip in a zip whose inner header tells of one byte."""
    inner = zipped({"w.bin": bytes(80 << 20)}, DEFLATE)
    inner = both(inner, 22, 24, (1).to_bytes(4, "little"))
    return zipped({"w.npz": inner}, DEFLATE)


def overlapping() -> bytes:
    """Return a zip whose second list entry points into the first entry."""
    body = zipped({"a": zipped({"b": b"inside"}), "b": b"outside"})
    inner = locals_of(body)[1]
    return patched(body, centrals(body)[-1] + 42, inner.to_bytes(4, "little"))


def aliased() -> bytes:
    """Return a zip that lists its one entry twice under one name."""
    at, end = centrals(HONEST)[0], HONEST.rindex(b"PK\5\6")
    rows = HONEST[at:end]
    tail = patched(HONEST[end:], 8, b"\4\0\4\0" + (2 * len(rows)).to_bytes(4, "little"))
    return HONEST[:at] + rows * 2 + tail


def wheel(
    record: Callable[[str], str] = lambda text: text, more: Mapping[str, bytes] | None = None
) -> bytes:
    """Return a small wheel; `record` may change its list, `more` adds files after it is made."""
    files = {"demo/__init__.py": b"X = 1\n", "demo-1.dist-info/METADATA": b"Name: demo\n"}
    rows = [
        f"{n},sha256={base64.urlsafe_b64encode(hashlib.sha256(b).digest()).decode().rstrip('=')},"
        f"{len(b)}\n"
        for n, b in files.items()
    ]
    text = record("".join(rows) + "demo-1.dist-info/RECORD,,\n")
    return zipped(files | dict(more or {}) | {"demo-1.dist-info/RECORD": text.encode()})


def script(code: str) -> bytes:
    """Return a TorchScript archive with this program."""
    return zipped({"m/code/__torch__/m.py": code.encode(), "m/version": b"3\n"})


def mobile(*names: str) -> bytes:
    """Return a mobile TorchScript archive whose bytecode names these operators."""
    words = b"".join(b"X" + len(n).to_bytes(4, "little") + n.encode() for n in names)
    files = {"m/code/__torch__/m.py": b"pass\n", "m/bytecode.pkl": b"\x80\2(" + words + b"t."}
    return zipped(files)


def forward(line: str) -> str:
    """Return a TorchScript module whose forward has one line."""
    return (
        "class M(Module):\n  __parameters__ = []\n"
        f"  def forward(self: __torch__.m.M,\n    x: Tensor) -> Tensor:\n    {line}\n    return x\n"
    )


def named_gzip() -> bytes:
    """Return a gzip whose stored name climbs."""
    body = gzip.compress(b"x" * 100, mtime=0)
    return body[:3] + b"\x08" + body[4:10] + b"../../etc/cron.d/x\0" + body[10:]


def sparse() -> bytes:
    """Return a tar with a GNU sparse entry."""
    block = bytearray(tar_entry("holes.bin", b"S", body=b"12345"))
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block[:512])
    return bytes(block) + END


def streamed(body: bytes) -> bytes:
    """Return a zip written to a pipe: its local headers know no sizes."""

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def tell(self) -> int:
            raise OSError

    out = Pipe()
    with zipfile.ZipFile(out, "w", DEFLATE) as z:
        z.writestr(zipfile.ZipInfo("a.txt", (2020, 1, 1, 0, 0, 0)), body)
    return out.getvalue()


def junked() -> bytes:
    """Return a zip whose deflate stream is cut short and whose checksum is kept."""
    packer = zlib.compressobj(wbits=-15)
    packed = packer.compress(b"weights" * 40) + packer.flush()
    body = zipped({"w.bin": packed[:-6]})
    return both(both(body, 8, 10, b"\x08\0"), 22, 24, (280).to_bytes(4, "little"))


ONE = zipped({"a.txt": b"one"})
PASSED_CRC = both(HONEST, 14, 16, bytes(4))
FLAGGED = both(HONEST, 6, 8, b"\1\0")

SAMPLES: dict[str, dict[str, bytes]] = {
    "archive-name-escape": {
        "bad-zip-climbs": zipped({"../../home/.profile": b"echo harmless"}),
        "bad-tar-absolute": tarred({"/canary": b"harmless"}),
        "good-nested": zipped({"a/b..c/d.txt": b"x", "...": b"y", "C/x": b"z"}),
        "evasion-pax-path": pax(("path", "../up.txt")) + tar_entry("ok.txt", b"0") + END,
        "evasion-backslash": zipped({"a\\..\\..\\up.txt": b"x"}),
        "evasion-fullwidth": zipped({"\uff0e\uff0e\uff0fup.txt": b"x"}),
        "evasion-hidden-entry": without_central(zipped(FILES | {"../up.txt": b"x"}), 2),
        "evasion-gzip-name": named_gzip(),
    },
    "archive-link-escape": {
        "bad-symlink": link("passwd", tarfile.SYMTYPE, "/etc/passwd"),
        "bad-hardlink": link("key", tarfile.LNKTYPE, "../../key"),
        "bad-zip-symlink": zipped({"l": b"../../x"}, modes={"l": 0o120777}),
        "good-inside": link("lib/a.so", tarfile.SYMTYPE, "../lib/a.so.1"),
        "evasion-through": tar_entry("d", tarfile.SYMTYPE, ".") + tar_entry("d/x", b"0") + END,
        "evasion-chain": tar_entry("a/b/l", tarfile.SYMTYPE, "../..")
        + tar_entry("m", tarfile.SYMTYPE, "a/b/l/../x")
        + END,
    },
    "archive-special-file": {
        "bad-device": tar_entry("disk", tarfile.BLKTYPE) + END,
        "bad-fifo": tar_entry("pipe", tarfile.FIFOTYPE) + END,
        "good-files": tarred(FILES),
        "evasion-setuid": tar_entry("run", b"0", body=b"x", mode=0o4755) + END,
        "evasion-zip-device": zipped({"tty": b""}, modes={"tty": 0o020666}),
    },
    "archive-bomb": {
        "bad-gzip-twice": bomb(),
        "good-zeros": bz2.compress(bytes(1 << 20)),
        "evasion-lying-size": lying_bomb(),
    },
    "archive-overlapping-entries": {
        "bad-inside-another": overlapping(),
        "good-plain": HONEST,
        "good-stored-zip-in-zip": zipped({"inner.zip": HONEST}),
        "evasion-same-bytes-twice": aliased(),
    },
    "archive-corrupt-entry": {
        "bad-checksum": both(HONEST, 14, 16, b"\1\2\3\4"),
        "bad-cut-stream": junked(),
        "bad-tar-checksum": patched(tarred(FILES), 0, b"C"),
        "good-plain": HONEST,
        "good-streamed": streamed(b"hello " * 40),
        "evasion-zero-checksum": PASSED_CRC,
        "evasion-gzip-length": gzip.compress(b"hello " * 40, mtime=0)[:-4] + b"\1\0\0\0",
    },
    "archive-headers-disagree": {
        "bad-name": patched(HONEST, 30, b"payload.pkl"),
        "bad-pax-size": pax(("size", "512")) + tar_entry("a", b"0") + tar_entry("b", b"0") + END,
        "good-streamed": streamed(b"hello " * 40),
        "good-pax": pax(("path", "long.txt")) + tar_entry("long.txt", b"0", body=b"x") + END,
        "evasion-method": patched(ONE, 8, b"\x08\0"),
        "evasion-flag-in-one": patched(HONEST, 6, b"\1\0"),
    },
    "archive-false-encryption": {
        "bad-both-flags": FLAGGED,
        "good-plain": HONEST,
        "evasion-stored": both(ONE, 6, 8, b"\1\0"),
        "evasion-strong-flag": both(HONEST, 6, 8, b"\x40\0"),
    },
    "archive-duplicate-name": {
        "bad-zip": zipped([("data.pkl", b"first"), ("data.pkl", b"second")]),
        "bad-tar": tarred([("config.yaml", b"a: 1"), ("config.yaml", b"a: 2")]),
        "good-other-folder": zipped({"a/x.txt": b"1", "b/x.txt": b"2"}),
        "evasion-dot-slash": tarred([("config.yaml", b"a: 1"), ("./config.yaml", b"a: 2")]),
        "evasion-case": zipped({"Data.pkl": b"1", "data.pkl": b"2"}),
    },
    "archive-hidden-entry": {
        "bad-not-listed": without_central(zipped(FILES | {"run.txt": b"x"}), 1),
        "bad-after-tar-end": tarred({"a": b"1"}) + tarred({"b": b"2"}),
        "good-plain": HONEST,
        "evasion-before-the-zip": ONE[: centrals(ONE)[0]] + HONEST,
        "evasion-behind-broken-block": tar_entry("a", b"0", body=b"1")
        + b"?" * 512
        + tar_entry("b", b"0", body=b"2")
        + END,
    },
    "archive-unopened-content": {
        "bad-7z": b"7z\xbc\xaf\x27\x1c\0\4" + bytes(range(100)),
        "bad-encrypted": both(both(HONEST, 6, 8, b"\1\0"), 14, 16, b"\1\2\3\4"),
        "good-plain": HONEST,
        "evasion-rare-method": both(HONEST, 8, 10, b"\x62\0"),
        "evasion-zstd": b"\x28\xb5\x2f\xfd\x24\0" + bytes(range(60)),
        "evasion-sparse": sparse(),
    },
    "wheel-record-mismatch": {
        "bad-changed": wheel(lambda text: text.replace("sha256=", "sha256=A", 1)),
        "bad-added": wheel(more={"demo/extra.py": b"Y = 2\n"}),
        "good-wheel": wheel(),
        "evasion-no-digest": wheel(lambda _: "demo/__init__.py,,\ndemo-1.dist-info/METADATA,,\n"),
    },
    "archive-deceptive-name": {
        "bad-turned": zipped({"model_\u202egnp.py": b"x = 1\n"}),
        "bad-terminal": zipped({"a\x1b[2Jb.txt": b"x"}),
        "good-accents": zipped({"modèle/重み.txt": b"x"}),
        "evasion-isolate": zipped({"a\u2067b.txt": b"x"}),
        "evasion-unseen": tarred({"a\u200b.txt": b"x"}, tarfile.PAX_FORMAT),
    },
    "archive-directory-broken": {
        "bad-cut-off": HONEST[: centrals(HONEST)[0]],
        "bad-count": patched(HONEST, HONEST.rindex(b"PK\5\6") + 8, b"\1\0\1\0"),
        "good-plain": HONEST,
        "good-comment": patched(HONEST, len(HONEST) - 2, b"\5\0") + b"hello",
        "evasion-two-zips": ONE + HONEST,
        "evasion-zip-in-comment": patched(HONEST, len(HONEST) - 2, len(ONE).to_bytes(2, "little"))
        + ONE,
    },
    "torchscript-file-access": {
        "bad-save": script(forward('torch.save(x, "canary")')),
        "bad-from-file": script(forward('_0 = torch.from_file("canary", True, 4)')),
        "good-model": script(forward("x = torch.add(torch.relu(x), 1)")),
        "good-word-in-text": script(forward('ops.prim.RaiseException("use torch.save(x)")')),
        "evasion-spaces": script(forward('ops . aten . save (x, "canary")')),
        "evasion-bytecode": mobile("aten::add", "aten::from_file"),
        "evasion-image": script(forward('ops.image.write_file("canary", x)')),
    },
    "torchscript-network-access": {
        "bad-rpc": script(forward('ops.aten.rpc_async("worker", "f", [x])')),
        "good-model": script(forward("x = torch.add(x, 1)")),
        "evasion-collective": script(forward('x = ops._c10d_functional.all_reduce(x, "sum", "0")')),
        "evasion-printed": script(forward('_0 = rpc_remote("worker", "f", (x,))')),
        "evasion-class": script(forward("_1 = __torch__.torch.classes.c10d.ProcessGroup")),
    },
    "torchscript-unknown-operator": {
        "bad-domain": script(forward("x = ops.evilcorp.run(x)")),
        "good-known": script(forward("x = ops.torchvision.nms(x, x, 0.5)")),
        "good-quantized": script(forward("_0 = __torch__.torch.classes.quantized.LinearParams")),
        "evasion-class": script(forward("_0 = __torch__.torch.classes.engine.Plan")),
        "evasion-bytecode": mobile("aten::add", "evilcorp::run"),
    },
}


def main() -> int:
    """Write every sample as hex."""
    for slug, cases in SAMPLES.items():
        folder = ROOT / "tests" / "samples" / slug
        folder.mkdir(parents=True, exist_ok=True)
        for name, body in cases.items():
            text = body.hex()
            lines = [text[i : i + 100] for i in range(0, len(text), 100)]
            (folder / f"{name}.hex").write_text("\n".join(lines) + "\n")
            if len(body) > MAX_SAMPLE:
                print(f"{slug}/{name} has {len(body)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
