"""What hostile input may cost. Limits are part of a result's key: other limits, other result."""

from dataclasses import asdict, dataclass

KiB = 1 << 10
MiB = 1 << 20
GiB = 1 << 30


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds for one file's inspection; each one hit becomes a receipt that is not full.

    Bytes unless the name says otherwise. `deadline_s` is wall seconds per file on top of
    `seconds_per_gib` for its size.
    """

    file_bytes: int = 256 * GiB
    depth: int = 8
    files: int = 200_000
    members: int = 200_000
    expanded_bytes: int = 16 * GiB
    expansion_ratio: int = 1_000
    scratch_bytes: int = 4 * GiB
    text_bytes: int = 64 * MiB
    header_bytes: int = 256 * MiB
    tensors: int = 300_000
    opcodes: int = 200_000_000
    findings: int = 5_000
    facts_bytes: int = 32 * MiB
    facts_values: int = 2_000_000
    repository_bytes: int = 256 * MiB
    heap_bytes: int = 2 * GiB
    deadline_s: int = 120
    seconds_per_gib: int = 60

    def key(self) -> str:
        """Return a short digest of every bound, for result keys."""
        import hashlib  # noqa: PLC0415 - a guest that only needs MiB starts 5 ms sooner
        import json  # noqa: PLC0415

        body = json.dumps(asdict(self), sort_keys=True).encode()
        return hashlib.sha256(body).hexdigest()[:16]

    def deadline(self, size: int) -> float:
        """Return the wall seconds that a file of `size` bytes may take."""
        return self.deadline_s + self.seconds_per_gib * size / GiB
