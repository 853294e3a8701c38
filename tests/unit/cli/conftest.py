from collections.abc import Iterator

import pytest

from harness import accounts
from pratique.cli.reports import account
from pratique.detectors import catalog


@pytest.fixture(autouse=True)
def _two_rules(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the reports know two rules that never change, so that snapshots do not either."""
    monkeypatch.setattr(account, "CATALOG", accounts.CATALOG)
    monkeypatch.setattr(catalog, "CATALOG", accounts.CATALOG)
    account.cards.cache_clear()
    yield
    account.cards.cache_clear()
