"""Prove that our model.sig and that of `model_signing` (PyPI: model-signing) verify each other.

Run it with the command to try on the path, or name it:

    python -m venv ms && ms/bin/pip install model-signing==1.1.1 pyopenssl
    python scripts/prove_interop.py --model-signing ms/bin/model_signing
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from harness.badges import CARD, Case, hexes, write  # noqa: E402 - the path is set above
from harness.scans import scan_of  # noqa: E402
from pratique.attest import keys  # noqa: E402
from pratique.attest.publisher import Signature, signed_by_key  # noqa: E402
from pratique.core.errors import EvidenceError  # noqa: E402

BODIES = {
    "README.md": CARD,
    "config.json": b"{}\n",
    "model.safetensors": b"\0" * 100_000,
    "a-b/x": b"1",
    "a/b": b"2",
    "a.b": b"3",
    "sub/d\u00e9j\u00e0 vu.txt": b"4",
    ".gitattributes": b"*.bin filter=lfs\n",
    "empty": b"",
}


class Theirs:
    """Their command line."""

    def __init__(self, command: str) -> None:
        self._command = command

    def __call__(self, *words: object) -> tuple[bool, str]:
        """Return whether the command succeeded, and what it said."""
        told = subprocess.run(
            [self._command, *map(str, words)], capture_output=True, text=True, check=False
        )
        said = (told.stdout + told.stderr).strip().splitlines()
        return told.returncode == 0, said[-1] if said else ""

    def verify(self, case: Case, model: Path, *more: str) -> tuple[bool, str]:
        """Verify our signature with their defaults, and with what else is asked."""
        key, signature = case.keys / "model-sig.pub.pem", case.badge / "model.sig"
        return self("verify", "key", model, "--signature", signature, "--public_key", key, *more)

    def sign(self, case: Case, model: Path, signature: Path) -> tuple[bool, str]:
        """Sign with our key and their defaults."""
        key = case.keys / "model-sig.key.pem"
        return self("sign", "key", model, "--signature", signature, "--private_key", key)


def ours_by_them(theirs: Theirs, home: Path) -> Iterator[tuple[str, bool, str]]:
    """Yield (what, as hoped, said) for our signatures under their verification."""
    case = Case(home)
    write(case.model, BODIES)
    case.made(scan_of(BODIES), readme=CARD)
    yield "ours, a folder with a card", *theirs.verify(case, case.model)
    yield "ours, git paths asked for", *theirs.verify(case, case.model, "--no-ignore-git-paths")
    yield "ours, verified by us, card and all", case.refused() == "", case.refused()
    vectors = {"bundle": json.loads((case.badge / "model.sig").read_bytes())}
    yield "ours, the bundle", bool(vectors["bundle"]), vectors["bundle"]["mediaType"]
    (case.model / "extra").write_bytes(b"x")
    held, said = theirs.verify(case, case.model)
    yield "ours, a file too many is refused", not held, said
    (case.model / "extra").unlink()
    (case.model / "config.json").write_bytes(b"{}!")
    held, said = theirs.verify(case, case.model)
    yield "ours, a changed file is refused", not held, said
    one = home / "one.gguf"
    one.write_bytes(b"GGUF")
    case.made(scan_of({"one.gguf": b"GGUF"}), single=True)
    yield "ours, one file", *theirs.verify(case, one)


def theirs_by_us(theirs: Theirs, home: Path) -> Iterator[tuple[str, bool, str]]:
    """Yield (what, as hoped, said) for their signatures under our verification."""
    case = Case(home)
    write(case.model, BODIES)
    pem = keys.public_pem(case.signers.model_sig.public)
    for place, inside in ((home / "their.sig", ""), (case.model / "model.sig", "model.sig")):
        held, said = theirs.sign(case, case.model, place)
        yield f"theirs, signed ({inside or 'outside'})", held, said
        bodies = BODIES | ({"model.sig": place.read_bytes()} if inside else {})
        signature = Signature(place.read_bytes(), inside)
        yield "theirs, verified by us", *tried(signature, pem, hexes(bodies))
        held, said = tried(signature, pem, hexes(bodies | {"evil.py": b"x"}))
        yield "theirs, a file too many is refused", not held, said
        held, said = tried(signature, pem, hexes(bodies | {"config.json": b"x"}))
        yield "theirs, a changed file is refused", not held, said


def tried(signature: Signature, pem: bytes, digests: dict[str, str]) -> tuple[bool, str]:
    """Return whether we accept a signature, and what we say."""
    try:
        signed_by_key(signature, pem, digests)
    except EvidenceError as e:
        return False, str(e)
    return True, "accepted"


def main() -> int:
    """Try everything; return 0 when all came out as hoped, or when there is nothing to try with."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--model-signing", default=shutil.which("model_signing"))
    command = parser.parse_args().model_signing
    if not command or not shutil.which(command):
        print("SKIPPED: no `model_signing` command; pip install model-signing==1.1.1 pyopenssl")
        return 0
    theirs = Theirs(command)
    print(f"{theirs('--version')[1]}, {datetime.now(UTC):%Y-%m-%d}")
    failed = 0
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        for tries in (ours_by_them(theirs, Path(one)), theirs_by_us(theirs, Path(two))):
            for what, held, said in tries:
                failed += not held
                print(f"{'ok ' if held else 'NOT'} {what}: {said}")
    print(f"{failed} not as hoped" if failed else "all as hoped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
