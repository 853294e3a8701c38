"""Other scanners, each in an environment of its own, and how they are asked."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
HOME = ROOT / ".peers"
DRIVER = Path(__file__).parent / "driver.py"
PATH_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Peer:
    """A scanner from PyPI, pinned; `package` is what it is called there, where that differs."""

    name: str
    version: str
    also: tuple[str, ...] = ()
    package: str = ""

    @property
    def python(self) -> Path:
        """Return the interpreter of the peer's environment."""
        return HOME / self.name / "bin" / "python"

    def install(self) -> None:
        """Make the environment, unless it already holds this version."""
        mark = HOME / self.name / "installed"
        wanted = f"{self.package or self.name}=={self.version}"
        if mark.is_file() and mark.read_text() == wanted:
            return
        uv = str(ROOT / "scripts" / "uv")
        folder = str(HOME / self.name)
        subprocess.run(
            [uv, "venv", "-q", "--clear", "--python", sys.executable, folder], check=True
        )
        asked = [uv, "pip", "install", "-q", "-p", str(self.python), wanted, *self.also]
        subprocess.run(asked, check=True)
        mark.write_text(wanted)


PEERS = (
    Peer("picklescan", "1.0.5"),
    Peer("picklescan_strict", "1.0.5", package="picklescan"),
    Peer("modelscan", "0.8.8"),
    Peer("fickling", "0.1.12", ("typing_extensions",)),
    Peer("hayward", "1.4.1"),
    Peer("modelaudit", "0.2.54"),
    Peer("aisbom", "1.7.0", package="aisbom-cli"),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a tool made of one path: `flagged`, `clean` or `unread`."""

    path: Path
    verdict: str
    why: str = ""
    seconds: float = 0.0


def quiet_environment(home: Path) -> dict[str, str]:
    """Return an environment with an empty home, telemetry off and no settings of ours."""
    told = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", "NO_COLOR": "1"}
    told |= {"PROMPTFOO_DISABLE_TELEMETRY": "1", "NO_ANALYTICS": "1", "CI": "true"}
    told |= {"AISBOM_NO_TELEMETRY": "1", "AISBOM_OFFLINE": "1"}
    return told | {"MODELAUDIT_CACHE_ENABLED": "false", "HF_HUB_OFFLINE": "1"}


def cut_off() -> list[str]:
    """Return the words that start a command without a network, where this machine can."""
    unshare = shutil.which("unshare")
    if unshare is None:
        return []
    for words in ([unshare, "-n"], [unshare, "-r", "-n"]):
        if subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0:
            return words
    return []


def ask(peer: Peer, paths: Sequence[Path], home: Path, seconds: float) -> Iterator[Verdict]:
    """Yield a peer's verdict on each path. A crash costs one path; `seconds` bounds the whole."""
    left = list(paths)
    while left:
        start = [*cut_off(), str(peer.python), str(DRIVER), peer.name, str(PATH_SECONDS)]
        said = "".join(f"{path}\n" for path in left)
        try:
            told = subprocess.run(
                start,
                input=said,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=seconds,
                env=quiet_environment(home),
                cwd=home,
                check=False,
            ).stdout
        except subprocess.TimeoutExpired as late:
            told = (late.stdout or b"").decode(errors="replace")
            seconds = 0
        for line in told.splitlines():
            row = json.loads(line)
            yield Verdict(Path(row["path"]), row["verdict"], row["why"], row["seconds"])
            left.pop(0)
        if left and seconds:
            yield Verdict(left.pop(0), "unread", "the tool died")
        elif left:
            yield from (Verdict(path, "unread", "out of time") for path in left)
            return


def install_all() -> None:
    """Install every peer."""
    for peer in PEERS:
        peer.install()
