"""Every published bypass is found in the shape in which it was published."""

import pytest

from evals.bypasses import Bypass, bypasses
from harness.inspecting import inspect_tree
from pratique.core.finding import Severity


@pytest.mark.parametrize("bypass", list(bypasses()), ids=lambda b: f"{b.ids}-{b.technique}")
def test_a_published_bypass_is_found(bypass: Bypass) -> None:
    told = inspect_tree({bypass.name: bypass.make()})
    assert max(f.severity for f in told.findings) >= Severity.MEDIUM


def test_the_files_are_the_same_every_time() -> None:
    for first, again in zip(bypasses(), bypasses(), strict=True):
        assert first.make() == again.make()
