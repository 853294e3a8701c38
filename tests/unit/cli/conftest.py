from collections.abc import Iterator

import pytest

from harness import accounts
from pratique.cli.reports import account
from pratique.detectors import index
from pratique.detectors.page import page


@pytest.fixture(autouse=True)
def _two_rules(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the reports know two rules that never change, so that snapshots do not either."""
    known = {m.rule.id: index.Entry(m.rule, "", page(m)) for m in accounts.CATALOG}
    monkeypatch.setattr(index, "entries", lambda: known)
    account.cards.cache_clear()
    yield
    account.cards.cache_clear()
