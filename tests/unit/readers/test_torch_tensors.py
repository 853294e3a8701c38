"""The tensors that torch checkpoints name, as repository rules compare them with a config."""

import io
import zipfile

from harness.inspecting import Told, inspect_bytes
from harness.make_pickle_samples import old_checkpoint
from harness.make_pickles import glob, state_dict, stream, tensor, text


def zipped(*pickles: tuple[str, bytes]) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as file:
        for name, content in (*pickles, ("m/data/0", bytes(16)), ("m/data/1", bytes(8))):
            file.writestr(name, content)
    return body.getvalue()


def tensors(told: Told) -> object:
    facts = [f.data for f in told.facts if f.kind == "tensors" and not f.chain]
    return [data["tensors"] for data in facts if isinstance(data, dict)]


TWO = (("w", "0", "FloatStorage", 4), ("b", "1", "HalfStorage", 4))
WANT = [["w", "f32", [4]], ["b", "f16", [4]]]


def test_a_zip_names_its_tensors() -> None:
    assert tensors(inspect_bytes(zipped(("m/data.pkl", state_dict(*TWO))))) == [WANT]


def test_two_state_dicts_in_one_zip_are_not_compared() -> None:
    rows = [("m/data.pkl", state_dict(*TWO)), ("n/data.pkl", state_dict(*TWO))]
    assert tensors(inspect_bytes(zipped(*rows))) == []


def test_a_name_with_two_shapes_is_left_out() -> None:
    first = text("w") + tensor("0", "FloatStorage", 4)
    second = text("w") + tensor("0", "FloatStorage", 2)
    body = stream(b"}(" + first + b"u}(" + second + b"u\x86", protocol=2)
    assert tensors(inspect_bytes(zipped(("m/data.pkl", body)))) == [[]]


def test_an_old_checkpoint_names_its_tensors() -> None:
    rows = b"".join(text(name) + tensor(key, kind, n) for name, key, kind, n in TWO)
    body = glob("collections", "OrderedDict") + b")R(" + rows + b"u"
    assert tensors(inspect_bytes(old_checkpoint(body))) == [WANT]
