"""Write the `.expected` file of each sample from what the rules say now; read the diff yourself."""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "unit")]

from test_rules import CASES, expected, told  # noqa: E402 - the path is set above


def main() -> int:
    """Write every snapshot whose sample's folder matches an argument (all without one)."""
    for case in CASES:
        if not sys.argv[1:] or case.parent.name in sys.argv[1:]:
            body = "".join(f"  {json.dumps(row)},\n" for row in told(case).brief())
            expected(case).write_text(f"[\n{body.rstrip().rstrip(',')}\n]\n" if body else "[]\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
