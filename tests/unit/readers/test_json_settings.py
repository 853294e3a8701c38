"""No padding hides a setting, and what is too large is told."""

import json

import pytest

from harness.inspecting import inspect_bytes, inspect_tree


def rules_of(document: object, pad: str = "") -> set[str]:
    body = (json.dumps(document) + pad).encode()
    return inspect_tree({"config.json": body}).rules


def hub() -> dict[str, object]:
    return {"model_type": "llama", "_attn_implementation_internal": "evil/code"}


@pytest.mark.parametrize(
    "extra",
    [
        {"pad": "A" * 600_000},
        {"pad": [0] * 300_000},
        {"pad": {f"w{n}": n for n in range(200_000)}},
        {"pad": [f"word {n}" for n in range(100_000)]},
    ],
)
def test_no_padding_hides_a_setting(extra: dict[str, object]) -> None:
    assert "VUL020" in rules_of({**extra, **hub()})
    assert "VUL020" in rules_of({**extra, "inner": hub(), "model_type": "x"})


def test_blanks_hide_no_setting() -> None:
    assert "VUL020" in rules_of(hub(), " " * 700_000)


def test_too_many_objects_are_told() -> None:
    document = {"model_type": "x", "layers": [{"a": {}} for _ in range(150_000)], "z": hub()}
    told = inspect_bytes(json.dumps(document).encode())
    assert not told.full


def test_sixty_thousand_objects_hide_no_setting() -> None:
    document = {"model_type": "x", "layers": [{"a": {}} for _ in range(60_000)], "z": hub()}
    assert "VUL020" in rules_of(document)
