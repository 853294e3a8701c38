"""The user's own YARA rules: read from folders, compiled once to know that they are sound."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from pratique.artifacts.measures.user_rules import Source, compiled, packed
from pratique.core.errors import UsageError
from pratique.core.limits import MiB

ENDINGS = (".yar", ".yara")
MOST_FILES = 10_000
MOST_BYTES = 64 * MiB


def user_rules(folders: Iterable[Path]) -> tuple[Source, ...]:
    """Return the rules of folders, each file by its path below the folder.

    Raises:
        UsageError: a folder holds none, a file cannot be read or is broken; all that is wrong is
            named with its place.

    """
    sources = tuple(source for folder in folders for source in _read(folder))
    if sum(len(source.text) for source in sources) > MOST_BYTES:
        raise UsageError(f"--rules: more than {MOST_BYTES // MiB} MiB of rules")
    compiled(sources)
    return sources


def given(folders: Iterable[Path] | None) -> bytes:
    """Return packed rules for a scan, nothing where no folder is named.

    Raises:
        UsageError: as `user_rules`.

    """
    return packed(user_rules(folders)) if folders else b""


def _read(folder: Path) -> Iterator[Source]:
    files = [folder] if folder.is_file() else sorted(_files(folder))
    if not files:
        raise UsageError(f"--rules {str(folder)!r}: no file there ends with .yar or .yara")
    if len(files) > MOST_FILES:
        raise UsageError(f"--rules {str(folder)!r}: more than {MOST_FILES} files")
    for file in files:
        name = file.name if folder.is_file() else str(file.relative_to(folder))
        try:
            text = file.read_bytes().decode()
        except OSError as e:
            raise UsageError(f"--rules {str(file)!r}: {e.strerror}") from e
        except UnicodeDecodeError as e:
            raise UsageError(f"--rules {str(file)!r}: byte {e.start} is not UTF-8") from e
        yield Source(name, text)


def _files(folder: Path) -> Iterator[Path]:
    if not folder.is_dir():
        raise UsageError(f"--rules {str(folder)!r}: no such file or folder")
    for place, _, names in os.walk(folder):
        yield from (Path(place, name) for name in names if name.lower().endswith(ENDINGS))
