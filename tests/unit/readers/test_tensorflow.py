"""What the readers of TensorFlow's formats tell, claim, and do not believe."""

import json

import pytest

from harness import make_checkpoint, make_tflite
from harness import make_tensorflow as make
from harness.inspecting import Told, inspect_bytes, inspect_tree, subject_of
from harness.make_archives import tarred, zipped
from harness.make_onnx import part
from pratique.artifacts.graphs import GraphOperators, OperatorUse
from pratique.artifacts.readers.tensorflow import checkpoint, model, scopes
from pratique.artifacts.readers.tensorflow.checkpoint import CheckpointIndexReader
from pratique.artifacts.readers.tensorflow.lite import TfliteReader
from pratique.artifacts.readers.tensorflow.model import (
    FingerprintReader,
    KerasMetadataReader,
    TensorflowReader,
)
from pratique.artifacts.readers.tensorflow.snappy import unpacked
from pratique.artifacts.readers.tensorflow.text_graph import TextGraphReader
from pratique.core.errors import LimitExceededError, MalformedError
from pratique.core.finding import Severity


def uses(body: bytes) -> dict[str, OperatorUse]:
    reader = TensorflowReader()
    views = [v for v in reader.read(subject_of(body)) if isinstance(v, GraphOperators)]
    return {use.op: use for use in views[0].uses}


def severities(told: Told, rule: str) -> list[Severity]:
    return [f.severity for f in told.findings if f.rule == rule]


WRITE = [make.const("p", "/tmp/x"), make.const("t", "x"), make.node("WriteFile", "w", ("p", "t"))]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("savedmodel", make.model(make.HONEST)),
        ("metagraph", make.metagraph(make.graph(make.HONEST))),
        ("graphdef", make.graph(make.HONEST)),
        ("graphdef", make.graph([], [make.function("f", make.HONEST)])),
    ],
)
def test_sound_models_are_accounted_for_by_what_they_hold(kind: str, body: bytes) -> None:
    told = inspect_bytes(body)
    assert told.rules == set()
    assert told.full
    assert [
        f.data["format"] for f in told.facts if f.kind == "tensorflow" if isinstance(f.data, dict)
    ] == [kind]


def test_fields_in_any_order_are_the_same_model() -> None:
    body = part(2, part(2, make.graph(WRITE)) + make.info()) + part(1, 1)
    assert uses(body)["WriteFile"].text("input:0") == "/tmp/x"


def test_what_nodes_say_alike_is_taken_of_each_and_hides_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = make.attr("filename", part(2, "/etc/passwd"))
    strange = make.attr("T", part(99, b"x"))
    called = [make.call("f", name=f"c{at}") for at in range(3)]
    reads = [make.node("ReadVariableOp", f"r{at}", (), path, strange) for at in range(3)]
    functions = [make.function("f", WRITE)]
    body = make.model(make.HONEST * 2 + WRITE + called + reads, functions=functions)

    def told() -> object:
        found = inspect_bytes(body)
        return found.findings, found.facts, found.receipts

    with_memory = told()
    monkeypatch.setattr(model, "ALIKE", -1)
    assert with_memory == told()


def test_texts_and_other_messages_are_no_models() -> None:
    for body in (
        b"",
        b"{}",
        b"\x08\x01",
        b"\x0a\x00",
        b"# a text\n",
        b"\x08\x01\x12\x00",
        bytes(99),
    ):
        assert not TensorflowReader().recognises(subject_of(body))


def test_a_field_that_tensorflow_lacks_hides_nothing() -> None:
    body = part(99, b"\x7fELF hidden") + make.model(make.HONEST + WRITE)
    told = inspect_bytes(body)
    assert {"INT001", "INT004", "MAL080"} <= told.rules


def test_a_model_that_breaks_off_tells_what_it_has() -> None:
    body = make.model(make.HONEST + WRITE) + b"\x12\x7f\x01"
    assert {"INT004", "MAL080"} <= inspect_bytes(body).rules


def test_depth_is_bounded() -> None:
    inner = part(1, make.tensor(make.STRING, "x"))
    for _ in range(120):
        inner = part(10, part(1, "f") + part(2, part(1, "k") + part(2, inner)))
    body = make.graph([make.node("Relu", "r", (), make.attr("f", inner))])
    with pytest.raises(LimitExceededError):
        list(TensorflowReader().read(subject_of(body)))


def test_nodes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pratique.artifacts.readers.tensorflow.told.MAX_NODES", 2)
    with pytest.raises(LimitExceededError):
        list(TensorflowReader().read(subject_of(make.graph(make.HONEST))))
    assert scopes.MAX_NODES > 2


def test_fields_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "MAX_FIELDS", 5)
    assert "INT004" in inspect_bytes(make.graph(make.HONEST)).rules


def test_what_hangs_on_the_initialization_is_worse() -> None:
    calls = [make.call("f", name="c"), make.node("NoOp", "init", ("^c",))]
    functions = [make.function("f", WRITE)]
    at_load = inspect_bytes(make.model(calls, make.init("init"), functions=functions))
    later = inspect_bytes(make.model(calls, functions=functions))
    assert severities(at_load, "MAL080") == [Severity.CRITICAL]
    assert severities(later, "MAL080") == [Severity.HIGH]


def test_the_initializer_of_a_saved_object_runs_at_load() -> None:
    table = part(1, part(1, part(1, 1) + part(2, "_initialize")))
    called = part(1, part(6, part(1, "f")))
    body = make.model([], part(7, table + called), functions=[make.function("f", WRITE)])
    assert uses(body)["WriteFile"].runs == "load"


def test_a_restored_checkpoint_and_its_saver_are_honest() -> None:
    saver = part(3, part(1, "save/f:0") + part(2, "save/S:0") + part(3, "save/R"))
    nodes = [
        make.const("save/Const", "model"),
        make.node("PlaceholderWithDefault", "save/f", ("save/Const",)),
        make.node("RestoreV2", "save/R", ("save/f", "n", "s")),
    ]
    told = inspect_bytes(make.model(make.HONEST + nodes, saver))
    assert told.rules == set()
    assert uses(make.model(nodes, saver))["RestoreV2"].runs == "load"


def test_a_constant_goes_round_in_circles_no_longer_than_so() -> None:
    nodes = [
        make.node("Identity", "a", ("b",)),
        make.node("Identity", "b", ("a",)),
        make.node("ReadFile", "r", ("a",)),
    ]
    assert uses(make.graph(nodes))["ReadFile"].fed == 1


def test_constants_are_opened_as_files() -> None:
    payload = b"cos\nsystem\n(S'touch /tmp/canary'\ntR."
    told = inspect_bytes(make.model([make.const("c", payload)]))
    assert "MAL001" in told.rules
    assert told.full


def test_a_training_graph_may_read_records() -> None:
    nodes = [make.const("p", "/data/train.tfrecord"), make.node("TFRecordDataset", "d", ("p",))]
    told = inspect_bytes(make.metagraph(make.graph(make.HONEST + nodes)))
    assert severities(told, "MAL081") == [Severity.LOW]


def test_layers_of_keras_metadata_are_documents() -> None:
    layer = json.dumps({"class_name": "Dense", "config": {"units": 3}})
    body = make.keras_metadata(layer, layer)
    told = inspect_bytes(body)
    assert KerasMetadataReader().recognises(subject_of(body))
    assert told.full
    assert sum(f.kind == "json" for f in told.facts) == 2


def test_a_fingerprint_is_that_and_nothing_more() -> None:
    body = make.fingerprint()
    assert inspect_bytes(body).full
    assert not FingerprintReader().recognises(subject_of(body + b"x"))
    assert not FingerprintReader().recognises(subject_of(body + part(9, "x")))


def test_lite_models_end_where_their_tables_do() -> None:
    body = make_tflite.model()
    told = inspect_bytes(body)
    assert told.rules == set()
    assert told.full
    assert "INT001" in inspect_bytes(body + b"appended bytes").rules


def test_a_lite_model_may_carry_an_archive_which_is_read() -> None:
    body = make_tflite.model()
    with_labels = inspect_bytes(body + zipped({"labels.txt": b"cat\ndog\n"}))
    assert with_labels.full
    assert with_labels.rules == set()
    hidden = inspect_bytes(body + zipped({"run.pkl": b"cos\nsystem\n(S'x'\ntR."}))
    assert "MAL001" in hidden.rules
    assert "INT002" in inspect_bytes(make.graph(make.HONEST) + zipped({"a": b"x"})).rules


def test_an_archive_of_no_files_belongs_to_a_lite_model() -> None:
    assert inspect_bytes(make_tflite.model() + b"PK\5\6" + bytes(18)).full


def test_flex_operators_are_judged_by_their_constants() -> None:
    told = inspect_bytes(make_tflite.model(["FlexReadFile"], ["/etc/passwd"]))
    assert severities(told, "MAL081") == [Severity.HIGH]
    address = inspect_bytes(make_tflite.model(["FlexPrintV2"], options=b"\x0afile:///tmp/x\0"))
    assert severities(address, "MAL080") == [Severity.HIGH]


def test_a_lite_model_whose_offsets_lead_nowhere() -> None:
    body = make_tflite.model()
    broken = (2**31).to_bytes(4, "little") + body[4:]
    with pytest.raises(MalformedError):
        list(TfliteReader().read(subject_of(broken)))
    assert "INT004" in inspect_bytes(broken).rules


INDEX = make_checkpoint.index(
    _CHECKPOINTABLE_OBJECT_GRAPH=make_checkpoint.entry(make_checkpoint.STRING, [], 0, 8),
    w=make_checkpoint.entry(make_checkpoint.FLOAT, [2, 3], 8, 24),
)
DATA = bytes(8) + bytes(range(24))


def test_a_checkpoint_is_whole_with_its_index() -> None:
    names = ("v/variables.index", "v/variables.data-00000-of-00001")
    assert inspect_tree(dict(zip(names, (INDEX, DATA), strict=True))).full
    assert not inspect_tree({names[1]: DATA}).full
    assert not inspect_tree({names[0]: INDEX, "v/other.data-00000-of-00001": DATA}).full


def test_what_no_tensor_takes_is_not_accounted_for() -> None:
    told = inspect_tree({"m.index": INDEX, "m.data-00000-of-00001": DATA + b"more than that"})
    assert "INT001" in told.rules
    assert not told.full


def test_a_file_that_is_too_short_for_its_index() -> None:
    told = inspect_tree({"m.index": INDEX, "m.data-00000-of-00001": DATA[:-4]})
    assert "INT004" in told.rules


def test_a_checkpoint_in_an_archive_is_whole_too() -> None:
    files = {"m.data-00000-of-00001": DATA, "m.index": INDEX}
    assert inspect_bytes(zipped(files)).full
    assert inspect_bytes(tarred(files)).full


def test_an_index_says_nothing_of_other_files() -> None:
    told = inspect_tree({"m.index": INDEX, "m.data-00000-of-00001": b"cos\nsystem\n(S'x'\ntR."})
    assert "MAL001" in told.rules


def test_packed_blocks_and_pieces() -> None:
    rows = {b"": make_checkpoint.header(), b"w": make_checkpoint.entry(1, [1], 0, 4)}
    body = make_checkpoint.table(rows, snappy=True)
    assert CheckpointIndexReader().recognises(subject_of(body))
    assert inspect_bytes(body).full


@pytest.mark.parametrize(
    "rows",
    [
        {b"w": make_checkpoint.entry(1, [2], 0, 4)},
        {b"w": make_checkpoint.entry(1, [1], 0, 4, shard=3)},
    ],
)
def test_tensors_that_contradict_themselves(rows: dict[bytes, bytes]) -> None:
    body = make_checkpoint.table({b"": make_checkpoint.header(), **rows})
    assert "INT004" in inspect_bytes(body).rules


def test_entries_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "MAX_ENTRIES", 1)
    assert "INT004" in inspect_bytes(INDEX).rules


def test_snappy_copies_and_refuses() -> None:
    assert unpacked(b"\x06\x04ab\x0e\x02\x00", 99) == b"ababab"
    for broken in (b"", b"\x05\x04ab", b"\x04\x0e\x02\x00", b"\xff\xff\xff\xff\xff", b"\x02\x10a"):
        with pytest.raises(MalformedError):
            unpacked(broken, 99)


WEB = {
    "format": "graph-model",
    "modelTopology": {"node": [{"name": "x", "op": "Placeholder"}]},
    "weightsManifest": [
        {
            "paths": ["group1-shard1of1.bin"],
            "weights": [{"name": "w", "shape": [2, 3], "dtype": "float32"}],
        }
    ],
}


def test_a_web_model_is_whole_with_its_weights() -> None:
    body = json.dumps(WEB).encode()
    files = {"model.json": body, "group1-shard1of1.bin": bytes(range(24))}
    assert inspect_tree(files).full
    files["group1-shard1of1.bin"] += b"more"
    assert "INT001" in inspect_tree(files).rules


def test_weights_in_several_files_go_to_their_ends() -> None:
    group = [{"paths": ["a", "b"], "weights": [{"name": "w", "shape": [6], "dtype": "float32"}]}]
    body = json.dumps(group).encode()
    files = {"x-weights_manifest.json": body, "a": bytes(range(20)), "b": b"\1\2\3\4"}
    assert inspect_tree(files).full


def test_keras_layers_of_a_web_model_are_judged() -> None:
    layers = {"class_name": "Sequential", "config": [{"class_name": "TFSMLayer", "config": {}}]}
    document = {"modelTopology": {"keras_version": "2.4.0", "model_config": layers}}
    told = inspect_tree({"model.json": json.dumps(document).encode()})
    assert any(rule.startswith("VUL02") for rule in told.rules)


TEXT = """
node { name: "p" op: "Const" attr { key: "value" value { tensor { dtype: DT_STRING
  string_val: "/etc/" 'pass\\167d' } } } }
node { name: "r" op: "ReadFile" input: ["p", "q"] device: "" }
"""


def test_a_graph_in_text_is_followed_like_a_binary_one() -> None:
    told = inspect_bytes(TEXT.encode())
    assert severities(told, "MAL081") == [Severity.HIGH]
    assert told.full


@pytest.mark.parametrize(
    "broken",
    [TEXT + "node {", TEXT + "}", TEXT + 'node { name: "x', TEXT + "node: [{}]", TEXT + "%"],
)
def test_a_graph_in_text_that_breaks_off_tells_what_it_has(broken: str) -> None:
    assert {"INT004", "MAL081"} <= inspect_bytes(broken.encode()).rules


def test_a_graph_in_text_is_no_deeper_than_so() -> None:
    told = inspect_bytes((TEXT + "node {" + "attr {" * 200).encode())
    assert "INT004" in told.rules


def test_prose_about_graphs_is_none() -> None:
    for text in ("node { a }", "library {}\nop", "# node { op: 'x' }\n", "node: 3"):
        assert not TextGraphReader().recognises(subject_of(text.encode()))


def test_decoys_take_no_room_of_another_operator() -> None:
    decoys = [
        node
        for n in range(600)
        for node in (
            make.const(f"p{n}", f"/x/{n}"),
            make.node("RestoreV2", f"r{n}", (f"p{n}", "x", "x")),
        )
    ]
    told = inspect_bytes(make.model(decoys + WRITE))
    assert "MAL080" in told.rules
    assert not told.full
