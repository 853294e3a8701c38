"""Which folders an interpreter needs, asked of itself: it is the operator's, not the model's."""

import functools
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from pratique.core.errors import JailError

OLDEST = (3, 11)
ANSWER_S = 30.0
SYSTEM = Path("/usr")

_ASK = """
import json, sys, sysconfig
paths = sysconfig.get_paths()
print(json.dumps({
    "version": list(sys.version_info[:3]), "prefix": sys.prefix, "base": sys.base_prefix,
    "folders": sorted({paths["stdlib"], paths["platstdlib"], paths["purelib"], paths["platlib"]}),
    "path": [p for p in sys.path if p],
}))
"""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python interpreter: how it is called, and the folders that it and its packages live in."""

    program: Path
    version: tuple[int, int, int]
    folders: tuple[Path, ...]


@functools.cache
def interpreter(program: Path) -> Interpreter:
    """Return what the interpreter at `program` says of itself.

    Raises:
        JailError: it does not answer, or is older than `OLDEST`.

    """
    program = program.absolute()  # a virtual environment is told by the name that it is called by
    try:
        asked = subprocess.run(
            [program, "-I", "-c", _ASK],
            env={},
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=ANSWER_S,
            check=True,
        )
        told = json.loads(asked.stdout)
        version = (int(told["version"][0]), int(told["version"][1]), int(told["version"][2]))
    except (OSError, subprocess.SubprocessError, ValueError, KeyError) as e:
        raise JailError(f"{str(program)!r} does not answer as a Python interpreter: {e}") from e
    if version < OLDEST:
        raise JailError(f"{str(program)!r} is Python {version[0]}.{version[1]}; 3.11 is needed")
    places = {told["prefix"], told["base"], *told["folders"], *told["path"]}
    folders = [Path(os.path.realpath(p)) for p in places if Path(p).is_dir()]
    shown = _outermost([*folders, *_environments(program)])
    for folder in shown:
        if Path(os.path.realpath(Path.home())).is_relative_to(folder):
            says = f"{str(program)!r} needs {str(folder)!r}, which holds a home folder"
            raise JailError(f"{says}; use an interpreter in a folder of its own")
    return Interpreter(program, version, shown)


def _environments(program: Path) -> list[Path]:
    """Return the virtual environments on the way from a program to the real one.

    A link in a folder that is none, such as `~/bin`, shows nothing of what lies beside it.
    """
    found, seen, links = list[Path](), program, 0
    while links < 16:  # noqa: PLR2004 - no honest chain is that long
        if (seen.parent.parent / "pyvenv.cfg").is_file():
            found.append(seen.parent.parent)
        if not seen.is_symlink():
            break
        seen, links = seen.parent / seen.readlink(), links + 1
    return found


def _outermost(folders: list[Path]) -> tuple[Path, ...]:
    """Return the folders that lie in no other one, without what the system's own holds."""
    every = {f for f in folders if f != Path("/") and not f.is_relative_to(SYSTEM)}
    return tuple(sorted(f for f in every if not any(o in f.parents for o in every)))
