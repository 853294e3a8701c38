"""`python -m pratique`: the same as the command."""

import sys

from pratique.cli.entry import main

if __name__ == "__main__":
    sys.exit(main())
