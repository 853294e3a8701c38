"""What differs between two answers about one artifact, by any name that an advisory has."""

from dataclasses import dataclass, replace

from pratique.store.ports import Said


@dataclass(frozen=True, slots=True)
class Change:
    """What a newer database says of one artifact: new answers, other ones, and those now gone.

    `changed` are pairs of before and after. `trouble` is why not all could be said.
    """

    root: str
    name: str
    new: tuple[Said, ...] = ()
    changed: tuple[tuple[Said, Said], ...] = ()
    gone: tuple[Said, ...] = ()
    trouble: str = ""

    @property
    def any(self) -> bool:
        """Tell whether anything is another than before."""
        return bool(self.new or self.changed or self.gone)


def compared(before: frozenset[Said], after: frozenset[Said]) -> Change:
    """Return the difference; an advisory is the same under any of its names."""
    known = {(one.component, name): one for one in before for name in (one.advisory, *one.aliases)}
    new, changed, met = [], [], set[Said]()
    for one in after:
        names = (one.advisory, *one.aliases)
        former = next((f for n in names if (f := known.get((one.component, n)))), None)
        if former is None:
            new.append(one)
            continue
        met.add(former)
        if _differs(former, one):
            changed.append((former, one))
    gone = before - met
    return Change("", "", tuple(sorted(new)), tuple(sorted(changed)), tuple(sorted(gone)))


def _differs(before: Said, after: Said) -> bool:
    if before.severity < 0:  # an earlier version of Pratique kept no more than the state
        return before.state != after.state
    names = {"advisory": "", "aliases": ()}
    return replace(before, **names) != replace(after, **names)  # type: ignore[arg-type]
