"""Build the microVM's image from Debian packages and take its snapshot (`make microvm`)."""

import argparse
import sys
import time
from pathlib import Path

from pratique.core.errors import PratiqueError
from pratique.sandbox.microvm import image
from pratique.sandbox.microvm.sandbox import MicroVmSandbox


def main() -> int:
    """Build, boot once, and say what the tier offers; return 1 when it offers nothing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=image.default_folder())
    folder: Path = parser.parse_args().folder.absolute()
    began = time.monotonic()
    try:
        built = image.build(folder, print)
    except PratiqueError as e:
        print(f"{e}\n{e.hint()}", file=sys.stderr)
        return 1
    print(f"{built.folder} ({built.key}) in {time.monotonic() - began:.1f} s")
    found = MicroVmSandbox(folder).offer()
    print(found.says if found.usable else f"not offered: {found.says}; {found.mend}")
    return 0 if found.usable else 1


if __name__ == "__main__":
    sys.exit(main())
