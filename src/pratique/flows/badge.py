"""The story of a badge: scan, decide, say it, sign it, and put all of it there at once."""

from datetime import datetime
from pathlib import Path

from pratique import __version__
from pratique.artifacts.sources.base import Source
from pratique.attest import card, folder, statement
from pratique.attest.making import make
from pratique.attest.placing import place, placeable, rewrite, unchanged
from pratique.attest.statement import Told
from pratique.detectors.index import rules
from pratique.flows import keys as keyring
from pratique.flows import scan as scanning
from pratique.flows.asked import Asked
from pratique.flows.wish import BadgeMade, Wish
from pratique.policy.decide import decide
from pratique.policy.pack import Pack


def badge(source: Source, asked: Asked, pack: Pack, wish: Wish, *, now: datetime) -> BadgeMade:
    """Scan an artifact and, if the pack admits it, write its badge.

    No scanned byte is changed, but for the card's block where one is wished. A baseline plays no
    part.

    Raises:
        PratiqueError: keys, folder or card are not fit for it, or files changed meanwhile.

    """
    model = Path(source.name)
    signers = keyring.signers(wish.keys)
    out = placeable(wish.out, model)
    readme = folder.small(model / card.NAME, card.MAX_CARD, "card") if wish.card else None
    seen = scanning.scan(source, asked)
    decision = decide(seen, pack, now=now)
    head = statement.headline(seen, decision, now, wish.days)
    if not (head.good or wish.always):
        return BadgeMade(seen, decision, head, None)
    told = Told(
        name=out.name.removesuffix(".pratique"),
        single=model.is_file(),
        version=__version__,
        scan=seen,
        decision=decision,
        rules=rules(),
        headline=head,
    )
    made = make(told, signers, readme)
    unchanged(seen, model)
    with place(out, made.files):
        if readme is not None and made.card is not None:
            rewrite(model / card.NAME, readme, made.card)
    return BadgeMade(seen, decision, head, out)
