"""INT025 safetensors-shard-mismatch."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector
from pratique.detectors.integrity.shard_index import (
    ShardIndex,
    ShardTensors,
    indexes,
    tensors_of,
)

EXAMPLES = 3


class SafetensorsShardMismatch(Detector[Repository]):
    """The index of a sharded model and its shards do not agree.

    ## What it looks for
    An index (`*.index.json`) that names a shard that is not there, puts a tensor into a shard that
    does not have it, leaves out a tensor that a shard has, or tells another total size than the
    shards have; and a tensor that stands in two shards of one index.

    ## Why it matters
    Loaders follow the index, scanners often the files. A tensor that stands in two shards, or in a
    shard where the index does not look for it, lets the model that was checked differ from the one
    that runs. A missing shard leaves layers at random values with only a warning.

    ## What to do
    Compare with the publisher's revision and fetch what is missing. If the publisher's own files
    disagree, have the model saved again by an unmodified library.

    ## What it cannot see
    Shards whose format no reader lists tensors for, and tensors beyond the first 20,000 of a shard.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("INT025"),
        slug="safetensors-shard-mismatch",
        stage=Stage.INTEGRITY,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=("CWE-353", "CWE-436", "ATLAS:AML.T0018", "OWASP-LLM:2025-LLM03"),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Compare each index with the shards that it names."""
        for index in indexes(view):
            shards = sorted(set(index.weight_map.values()))
            held: dict[str, ShardTensors] = {}
            for shard in shards:
                file = view.named(index.place(shard))
                told = tensors_of(file) if file else None
                if file is None:
                    yield self._say(index, f"names {shard[:100]!r}, which is not there")
                elif told:
                    held[shard] = told
            yield from self._places(index, held)
            yield from self._sizes(index, held, len(shards))

    def _places(self, index: ShardIndex, held: dict[str, ShardTensors]) -> Iterator[Finding]:
        lacking = [
            name
            for name, shard in index.weight_map.items()
            if shard in held and not held[shard].cut and name not in held[shard].names
        ]
        if lacking:
            yield self._say(index, f"places {_some(lacking)} in shards that do not have them")
        seen: dict[str, str] = {}
        twice, extra = [], []
        for shard, told in sorted(held.items()):
            for name in sorted(told.names):
                if name in seen:
                    twice.append(name)
                elif name not in index.weight_map:
                    extra.append(name)
                seen[name] = shard
        if twice:
            yield self._say(index, f"has {_some(twice)} in more than one shard")
        if extra:
            says = f"leaves out {_some(extra)}, which its shards have"
            yield self._say(index, says, Severity.MEDIUM)

    def _sizes(
        self, index: ShardIndex, held: dict[str, ShardTensors], shards: int
    ) -> Iterator[Finding]:
        total = sum(told.size for told in held.values())
        # Indexes written for other formats count tied weights twice: a hint, no proof.
        if index.total_size is not None and len(held) == shards and total != index.total_size:
            says = f"tells {index.total_size} bytes of tensors; its shards have {total}"
            yield self._say(index, says, Severity.LOW)

    def _say(self, index: ShardIndex, says: str, severity: Severity | None = None) -> Finding:
        return self.finding(
            Span(chain=(index.path,)), f"the index {index.path[:200]!r} {says}", severity=severity
        )


def _some(names: list[str]) -> str:
    shown = ", ".join(repr(name[:80]) for name in names[:EXAMPLES])
    return shown if len(names) <= EXAMPLES else f"{shown} and {len(names) - EXAMPLES} more tensors"
