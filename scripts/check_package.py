"""Check that the wheel holds every file of the package: policy packs, migrations, py.typed."""

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent


def main() -> int:
    """Build the wheel, and return 1 when it lacks a file that git tracks in src."""
    args = ["git", "ls-files", "--", "src/pratique"]
    told = subprocess.run(args, cwd=ROOT, capture_output=True, text=True, check=True)
    wanted = {line.removeprefix("src/") for line in told.stdout.splitlines()}
    with tempfile.TemporaryDirectory() as home:
        build = [str(ROOT / "scripts/uv"), "build", "--quiet", "--wheel", "--out-dir", home]
        subprocess.run(build, cwd=ROOT, check=True)
        (wheel,) = Path(home).glob("*.whl")
        held = set(zipfile.ZipFile(wheel).namelist())
    for name in sorted(wanted - held):
        print(f"{name}: is not in the wheel")
    print(f"package: {len(wanted & held)} of {len(wanted)} files")
    return 1 if wanted - held else 0


if __name__ == "__main__":
    sys.exit(main())
