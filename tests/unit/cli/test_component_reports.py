"""The table of components, and the same for machines."""

import io
from dataclasses import replace

import jsonschema
import pytest
from rich.console import Console

from harness.advised import inventory_of, matched_with, record
from pratique.artifacts.matched import view_of
from pratique.cli.reports.json_components import components_schema, components_value
from pratique.cli.reports.text_components import components, summary
from pratique.core.advisory import Matched, Silence, State
from pratique.core.component import Inventory
from pratique.core.finding import Severity

FILES = {
    "requirements.txt": "a==1\nb>=1\nc==1\nd==1\nnone==1\n",
    "config.json": '{"model_type": "x", "transformers_version": "4.1"}',
    "Dockerfile": "FROM python:3.11\n",
}
RATED = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]
ALL = {"introduced": "0"}


def matched() -> Matched:
    rows = [
        record("R-1", "a", ALL, {"fixed": "9.2"}, severity=RATED),
        record("R-2", "a", ALL, {"fixed": "12.3"}),
        record("R-3", "b", ALL, {"fixed": "2"}),
        record("R-4", "c", ALL, {"fixed": "2"}),
        record("R-5", "c", ALL),
        record("R-6", "transformers", ALL, {"fixed": "5"}),
    ]
    return matched_with(inventory_of(FILES), rows)


def shown(told: Matched) -> dict[str, str]:
    out = io.StringIO()
    Console(file=out, width=200, highlight=False, markup=False).print(components(told))
    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    return {line.split(" ")[0]: line for line in lines}


def test_the_version_that_mends_all_is_compared_as_a_version() -> None:
    told = shown(matched())
    assert "1 critical · 1 unrated" in told["a"]  # nobody rated R-2: medium is our assumption
    assert "mended in 12.3" in told["a"]  # as texts, 9.2 is the greater
    assert "requirements.txt:1" in told["a"]


def test_what_is_open_or_not_mended_is_said() -> None:
    told = shown(matched())
    assert "1 unknown" in told["b"]
    assert "name a version: 2 or later" in told["b"]
    assert "2 mends all but R-5" in told["c"]
    assert "(made-with)" in told["transformers"]
    assert "d" not in told
    assert "none" not in told


def test_who_silenced_what_until_when_is_said() -> None:
    told = matched()
    word = Silence(
        status="not_affected",
        author="Jane\x1b[31m Doe",
        expires="2027-01-31T23:59:59+00:00",
        document="01" * 32,
    )
    quiet = replace(told, matches=tuple(replace(m, silenced=word) for m in told.matches))
    lines = shown(quiet)
    total = len(told.inventory.components)
    assert set(lines) == {str(len(told.matches)), str(total)}  # no component is left to tell of
    line = lines[str(len(told.matches))]
    assert r"silenced by VEX of Jane\x1b[31m Doe until 2027-01-31: R-" in line
    assert line.endswith("and 3 more")


def test_a_version_that_another_advisory_hits_mends_nothing() -> None:
    """2.1 is named as mended by one record, and lies in the second range of the other."""
    rows = [
        record("R-1", "a", ALL, {"fixed": "1.5"}, {"introduced": "2.0"}, {"fixed": "2.3"}),
        record("R-2", "a", ALL, {"fixed": "2.1"}),
    ]
    told = matched_with(inventory_of({"requirements.txt": "a==1\n"}), rows)
    assert "mended in 2.3" in shown(told)["a"]
    alone = matched_with(inventory_of({"requirements.txt": "a==1\n"}), [record("R-3", "a", ALL)])
    assert "no version mends it" in shown(alone)["a"]
    assert [c["mended_in"] for c in components_value(told)["components"]] == ["2.3"]


def test_one_version_in_two_places_is_one_line() -> None:
    files = {
        "config.json": '{"model_type": "x", "transformers_version": "4.1"}',
        "requirements.txt": "transformers==4.1\n",
        "more/requirements.txt": "transformers==4.1\n",
    }
    told = matched_with(inventory_of(files), [record("R-6", "transformers", ALL)])
    lines = shown(told)
    assert "requirements.txt:1 and 2 more" in lines["transformers"]
    assert "(made-with)" not in lines["transformers"]


def test_what_is_exploited_comes_first_and_is_told() -> None:
    told = matched()
    at = next(i for i, a in enumerate(told.advisories) if a.id == "R-4")
    listed = replace(told.advisories[at], exploited=True, severity=Severity.HIGH)
    told = replace(told, advisories=(*told.advisories[:at], listed, *told.advisories[at + 1 :]))
    lines = shown(told)
    assert next(iter(lines)) == "c"
    assert "1 exploited (CISA) · 1 high" in lines["c"]
    first = next(iter(view_of(told).told(State.AFFECTED)))
    assert first[1].id == "R-4"


def test_the_line_about_data_tells_how_old_they_are() -> None:
    told = matched()
    assert "taken in on 2026-01-02, the newest of 2026-01-01" in summary(told)
    old = replace(told, snapshot=replace(told.snapshot, warning="all of it is old"))
    assert summary(old).endswith("the newest of 2026-01-01: older than the policy likes")


@pytest.mark.parametrize(("lines", "says"), [(2, "1 more entry is"), (4, "3 more entries are")])
def test_what_was_not_understood_is_counted_in_words(lines: int, says: str) -> None:
    text = "".join(f"=={n}\n" for n in range(lines))
    view = view_of(matched_with(inventory_of({"requirements.txt": text}), []))
    assert f"; {says} not understood" in view.partial


def test_the_gravest_comes_first_and_the_rest_is_counted() -> None:
    assert next(iter(shown(matched()))) == "a"
    assert summary(matched()).startswith(
        "7 components in 3 files, 1 of no ecosystem in it; matched"
    )
    lost = matched_with(inventory_of(FILES), [])
    assert "not matched: there is no advisory database" in summary(lost)
    bare = Matched(inventory=Inventory(), snapshot=lost.snapshot)
    assert summary(bare) == "no file names a component"


def test_machines_are_told_every_component_in_the_published_shape() -> None:
    for told in (matched(), matched_with(inventory_of(FILES), [])):
        value = components_value(told)
        jsonschema.validate(value, components_schema())
        assert len(value["components"]) == 7
    value = components_value(matched())
    states = {c["name"]: [a["state"] for a in c["advisories"]] for c in value["components"]}
    assert states["a"] == ["affected", "affected"]
    assert states["b"] == ["unknown"]
    assert states["d"] == []
