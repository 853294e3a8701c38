"""Write an opcode-heavy pickle: lists, dicts, tuples of small numbers and short strings."""

import pickle
import random
import sys
from pathlib import Path

PART = 2_000


def make_opcode_heavy(path: Path, size: int, protocol: int = 4) -> int:
    """Write a pickle of about `size` bytes that holds no object; return its length."""
    chance = random.Random(20)
    rows: list[object] = []
    guess = 0
    while guess < size:
        part = [_row(chance) for _ in range(PART)]
        guess += len(pickle.dumps(part, protocol))
        rows += part
    body = pickle.dumps(rows, protocol)
    path.write_bytes(body)
    return len(body)


def _row(chance: random.Random) -> dict[str, object]:
    return {
        "id": chance.randrange(1 << 30),
        "name": f"token-{chance.randrange(10**6)}",
        "counts": [chance.randrange(300) for _ in range(12)],
        "scores": [chance.random() for _ in range(4)],
        "tags": [f"t{chance.randrange(5000)}" for _ in range(4)],
        "pair": (chance.randrange(100), True, None),
        "more": {chance.randrange(1000): chance.randrange(10) for _ in range(6)},
    }


if __name__ == "__main__":
    print(
        make_opcode_heavy(
            Path(sys.argv[1]), int(float(sys.argv[2]) * 1_000_000), *map(int, sys.argv[3:])
        )
    )
