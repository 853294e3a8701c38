"""Models of decision trees: sound ones are claimed whole, and what contradicts itself is told."""

import json
from itertools import chain

import pytest

from harness import make_trees as make
from harness.inspecting import inspect_bytes, inspect_tree, subject_of
from pratique.artifacts.reader import Reader
from pratique.artifacts.readers import lightgbm_text, ubjson, xgboost_legacy
from pratique.artifacts.readers.catboost import CatboostReader
from pratique.artifacts.readers.json_text import JsonReader
from pratique.artifacts.readers.lightgbm_text import LightgbmReader
from pratique.artifacts.readers.ubjson import UbjsonReader
from pratique.artifacts.readers.xgboost_legacy import XgboostLegacyReader
from pratique.artifacts.views import TreeProblems
from pratique.core.errors import LimitExceededError, MalformedError
from pratique.core.finding import Severity

COMMAND = "__import__('os').system('touch canary')"
HONEST = {
    "json": make.xgboost_json(best_iteration="3"),
    "ubj": make.xgboost_ubj(best_iteration="3"),
    "legacy": make.xgboost_legacy(best_iteration="3"),
    "legacy without attributes": make.xgboost_legacy(),
    "lightgbm": make.lightgbm(),
    "catboost": make.catboost(),
}
ARMED = {
    "json": make.xgboost_json(note=COMMAND),
    "ubj": make.xgboost_ubj(note=COMMAND),
    "legacy": make.xgboost_legacy(note=COMMAND),
    "lightgbm": make.lightgbm(f"[note: {COMMAND}]\n"),
    "catboost": make.catboost({"note": COMMAND}),
}


def problems(reader: Reader, body: bytes) -> list[str]:
    views = (v for v in reader.read(subject_of(body)) if isinstance(v, TreeProblems))
    return [p.says for p in chain.from_iterable(v.problems for v in views)]


@pytest.mark.parametrize("body", HONEST.values(), ids=HONEST)
def test_sound_models_are_read_whole_and_left_in_peace(body: bytes) -> None:
    told = inspect_tree({"model": body})
    assert told.full, told.not_full[:3]
    assert told.findings == []


@pytest.mark.parametrize("body", ARMED.values(), ids=ARMED)
def test_commands_in_settings_are_found(body: bytes) -> None:
    told = inspect_bytes(body)
    assert [f.severity for f in told.findings if f.rule == "MAL100"] == [Severity.HIGH]


@pytest.mark.parametrize(
    ("tree", "says"),
    [
        (make.tree(left_children=[9, -1, -1]), "child 9"),
        (make.tree(right_children=[-7, -1, -1]), "child -7"),
        (make.tree(left_children=[1]), "1 entries of left_children and needs 3"),
        (make.tree(split_indices=[5, 0, 0]), "asks for feature 5"),
        (make.tree(tree_param={"num_nodes": "4000000000"}), "needs 4000000000"),
        (make.tree(split_conditions={}), "0 entries of split_conditions"),
    ],
)
def test_trees_of_xgboost_that_lie_are_told(tree: make.Document, says: str) -> None:
    for reader, body in (
        (JsonReader(), make.xgboost_json(tree)),
        (UbjsonReader(), make.xgboost_ubj(tree)),
    ):
        assert says in problems(reader, body)[0]


def test_a_count_of_trees_that_lies_is_told() -> None:
    model = make.xgboost()
    model["learner"]["gradient_booster"]["model"]["gbtree_model_param"]["num_trees"] = "7"
    assert problems(JsonReader(), json.dumps(model).encode()) == [
        "the model tells of 7 trees and has 1"
    ]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"{L" + b"\xff" * 8, "a length is -1"),
        (b"{L\0\0\0\0\0\0\0\3abc[$d#L\x7f" + b"\xff" * 7, "larger than the file"),
        (b"{L\0\0\0\0\0\0\0\3abc[$l#L\0\0\0\0\0\0\0\x12", "ends outside the file"),
        (b"{L\0\0\0\0\0\0\0\3abc[$S#L\0\0\0\0\0\0\0\1", "cannot be read"),
        (b"{L\0\0\0\0\0\0\0\3abc?", "no value begins"),
        (b"{L\0\0\0\0\0\0\0\3abcSL\0\0\0\0\0\0\0\x09x", "beyond the end"),
        (b"{L\0\0\0\0\0\0\0\3abc", "beyond the end"),
    ],
)
def test_ubjson_that_lies_is_malformed(body: bytes, says: str) -> None:
    with pytest.raises(MalformedError, match=says):
        list(UbjsonReader().read(subject_of(body)))


def test_ubjson_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    deep = b"{L\0\0\0\0\0\0\0\3abc" + b"[" * 100
    with pytest.raises(LimitExceededError, match="deeper"):
        list(UbjsonReader().read(subject_of(deep)))
    monkeypatch.setattr(ubjson, "MAX_VALUES", 2)
    with pytest.raises(LimitExceededError, match="more than 2 values"):
        list(UbjsonReader().read(subject_of(make.xgboost_ubj())))


@pytest.mark.parametrize(
    "body", [b"{import React from 'react'}" * 9, b'{"a": 1}', b"{i\x05abc", b"{L", b"{l\0\0\0\2ab"]
)
def test_texts_in_braces_are_no_ubjson(body: bytes) -> None:
    assert not UbjsonReader().recognises(subject_of(body))


def test_the_old_form_tells_of_children_that_are_none() -> None:
    assert "child 9" in problems(XgboostLegacyReader(), make.xgboost_legacy(left=9))[0]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (make.xgboost_legacy(nodes=10**6), "fewer are left"),
        (make.xgboost_legacy(nodes=-1), "tells of -1 nodes"),
        (make.xgboost_legacy(trees=9), "beyond the end|nodes"),
        (make.xgboost_legacy(trees=-1), "tells of -1 trees"),
        (make.xgboost_legacy(a="b")[:-2], "beyond the end"),
    ],
)
def test_the_old_form_that_lies_is_malformed(body: bytes, says: str) -> None:
    with pytest.raises(MalformedError, match=says):
        list(XgboostLegacyReader().read(subject_of(body)))


def test_a_text_of_the_old_form_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xgboost_legacy, "MAX_STRING", 4)
    with pytest.raises(LimitExceededError, match="a text of"):
        list(XgboostLegacyReader().read(subject_of(make.xgboost_legacy())))


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"num_leaves": "99999"}, "needs 99998"),
        ({"num_leaves": "x"}, "num_leaves='x'"),
        ({"left_child": "7"}, "child 7"),
        ({"left_child": "a"}, "no numbers"),
        ({"leaf_value": "0.1"}, "1 entries of leaf_value and needs 2"),
        ({"split_feature": "6"}, "asks for feature 6"),
        ({"num_cat": "3", "cat_boundaries": "0 1"}, "2 entries of cat_boundaries and needs 4"),
        ({"num_cat": "-5"}, "num_cat='-5'"),
        (
            {"num_cat": "1", "cat_boundaries": "0 9", "cat_threshold": "1"},
            "1 entries of cat_threshold and needs 9",
        ),
        ({"num_cat": "1", "cat_boundaries": "5 1"}, "out of order"),
        ({"sizes": "9999"}, "9999 bytes for tree 0"),
        ({"sizes": "1 2"}, "tells of 2 trees"),
        ({"sizes": "a"}, "no number"),
    ],
)
def test_trees_of_lightgbm_that_lie_are_told(told: dict[str, str], says: str) -> None:
    body = make.lightgbm(**told)
    assert says in problems(LightgbmReader(), body)[0]
    assert {"INT100", "VUL102"} <= inspect_tree({"m.txt": body}).rules


def test_a_setting_that_is_given_twice_is_told() -> None:
    body = make.lightgbm().replace(b"num_class=1\n", b"num_class=1\nnum_class=9\n")
    assert problems(LightgbmReader(), body) == ["'num_class' is given twice"]


def test_lightgbm_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lightgbm_text, "MAX_TREES", 0)
    with pytest.raises(LimitExceededError, match="more than 0 trees"):
        list(LightgbmReader().read(subject_of(make.lightgbm())))
    monkeypatch.setattr(lightgbm_text, "STEP", 16)
    monkeypatch.setattr(lightgbm_text, "MAX_LINE", 20)
    with pytest.raises(LimitExceededError, match="more than 20 bytes"):
        list(LightgbmReader().read(subject_of(make.lightgbm("x" * 50)[:-1])))


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (make.catboost(sizes=(1, 1)), "need"),
        (make.catboost(sizes=(9,)), "splits 0 to 9 of 1"),
        (make.catboost(leaves=7), "7 leaves and need 2"),
        (make.catboost(sizes=(0xFFFFFFFF,)), "splits 0 to -1"),
    ],
)
def test_trees_of_catboost_that_lie_are_told(body: bytes, says: str) -> None:
    assert says in problems(CatboostReader(), body)[0]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (make.catboost()[:-9], "beyond the end"),
        (b"CBM1\x0c\0\0\0\xff\xff\0\0" + bytes(8), "beyond the end"),
        (b"CBM1\x0c\0\0\0\4\0\0\0" + bytes(8), "list of fields|before"),
    ],
)
def test_catboost_that_lies_is_malformed(body: bytes, says: str) -> None:
    with pytest.raises(MalformedError, match=says):
        list(CatboostReader().read(subject_of(body)))


def test_what_stands_behind_a_model_is_unclaimed() -> None:
    for name in ("ubj", "legacy", "catboost"):
        assert "INT001" in inspect_bytes(HONEST[name] + b"\x01hidden").rules, name
