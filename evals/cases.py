"""Every case of the evaluation, laid out as real files in a folder."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from evals.assemble import FORMS, GADGETS
from evals.benign import benign
from evals.hostile_models import hostile

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "tests" / "samples"
sys.path.append(str(ROOT / "tests"))

from harness.inspecting import sample_bytes  # noqa: E402 - the path is set above

# Rules over what the caller said (an expected digest, a publisher's key): files alone show nothing.
NEED_WORDS = ("artifact-digest-mismatch", "file-digest-mismatch", "publisher-signature-invalid")

# What a sample's first bytes say it is, and the name that tools which go by names expect.
EXTENSIONS: tuple[tuple[bytes, str], ...] = (
    (b"GGUF", ".gguf"),
    (b"PK\x03\x04", ".pt"),
    (b"\x93NUMPY", ".npy"),
    (b"\x80", ".pkl"),
    (b"\x1f\x8b", ".gz"),
    (b"BZh", ".bz2"),
    (b"\xfd7zXZ", ".xz"),
    (b"x\x9c", ".joblib"),
    (b"\x7fELF", ".bin"),
    (b"import ", ".py"),
    (b"from ", ".py"),
    (b'"""', ".py"),
    (b"{%", ".jinja"),
    (b"{{", ".jinja"),
    (b"{", ".json"),
)


@dataclass(frozen=True, slots=True)
class Case:
    """One thing to judge: a file, or a folder when it takes several files."""

    family: str
    hostile: bool
    path: Path


def extension(body: bytes, slug: str) -> str:
    """Return the extension under which every tool would look at these bytes."""
    if body[8:9] == b"{" and int.from_bytes(body[:8], "little") < 1 << 40:
        return ".safetensors"
    if "tar" in slug or body[257:262] == b"ustar":
        return ".tar"
    for start, name in EXTENSIONS:
        if body.startswith(start):
            return name
    if slug.startswith(("pickle", "torch")):
        return ".pkl"
    if slug.startswith("python"):
        return ".py"
    return ".txt" if body.isascii() else ".bin"


def write(path: Path, body: bytes) -> None:
    """Write a file and the folders that it needs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)


def generated(home: Path) -> Iterator[Case]:
    """Write what the generators make."""
    for number, gadget in enumerate(GADGETS):
        forms = list(FORMS) if number == 0 else rotated(number)
        for form in forms:
            name = f"{gadget[0]}.{gadget[1]}-{form}.pkl"
            path = home / "hostile" / "pickle" / name
            write(path, FORMS[form](gadget))
            yield Case(f"pickle/{form}", hostile=True, path=path)
    for bad, made in ((True, hostile()), (False, benign())):
        top = home / ("hostile" if bad else "benign")
        seen: set[Path] = set()
        for family, name, body in made:
            write(top / family / name, body)
            case = top / family / Path(name).parts[0]
            if case not in seen:
                seen.add(case)
                yield Case(family, hostile=bad, path=case)


def rotated(number: int) -> list[str]:
    """Return `reduce`, `stack-global` and one more form, another one for each gadget."""
    rest = [form for form in FORMS if form not in {"reduce", "stack-global"}]
    return ["reduce", "stack-global", rest[number % len(rest)]]


def samples(home: Path) -> Iterator[Case]:
    """Write the rules' own samples out as files."""
    told = sorted(p for p in SAMPLES.glob("*/*") if p.name.endswith((".hex", ".tree.json")))
    for sample in told:
        slug, body = sample.parent.name, sample_bytes(sample)
        if slug in NEED_WORDS:
            continue
        bad = not sample.name.startswith("good-")
        name = sample.name.removesuffix(".hex").removesuffix(".tree.json")
        case = home / "samples" / slug / name
        if isinstance(body, bytes):
            case = case.with_name(name + extension(body, slug))
            write(case, body)
        else:
            for path, part in body.items():
                if (case / path).resolve().is_relative_to(case.resolve()):
                    write(case / path, part)
        yield Case(f"sample/{slug.split('-')[0]}", hostile=bad, path=case)
