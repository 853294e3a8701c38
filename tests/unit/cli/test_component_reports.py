"""The table of components, and the same for machines."""

import io

import jsonschema
from rich.console import Console

from harness.advised import inventory_of, matched_with, record
from pratique.cli.reports.json_components import components_schema, components_value
from pratique.cli.reports.text_components import components, summary
from pratique.core.advisory import Matched
from pratique.core.component import Inventory

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
    assert "1 critical · 1 medium" in told["a"]
    assert "mended in 12.3" in told["a"]  # as texts, 9.2 is the greater
    assert "requirements.txt:1" in told["a"]


def test_what_is_open_or_not_mended_is_said() -> None:
    told = shown(matched())
    assert "1 unknown" in told["b"]
    assert "name a version" in told["b"]
    assert "not all are mended" in told["c"]
    assert "(made-with)" in told["transformers"]
    assert "d" not in told
    assert "none" not in told


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
