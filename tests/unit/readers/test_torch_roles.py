from harness.make_pickles import state_dict, stream, tensor, text
from pratique.artifacts.reader import TensorRole
from pratique.artifacts.readers.torch_roles import storage_roles
from pratique.core.limits import Limits


def test_a_storage_is_named_by_its_only_tensor() -> None:
    body = state_dict(("w.weight", "0", "FloatStorage", 6), ("w.bias", "1", "BFloat16Storage", 2))
    assert storage_roles(body, Limits()) == {
        "0": TensorRole("w.weight", "f32", (6,)),
        "1": TensorRole("w.bias", "bf16", (2,)),
    }


def test_a_shared_storage_keeps_its_key() -> None:
    body = state_dict(("a", "0", "LongStorage", 6), ("b", "0", "LongStorage", 6))
    assert storage_roles(body, Limits()) == {"0": TensorRole("0", "i64", (6,))}


def test_a_storage_outside_a_dict_and_a_parameter() -> None:
    inner = tensor("7", "HalfStorage", 3)
    parameter = b"ctorch._utils\n_rebuild_parameter\n(" + inner + b"\x88)tR"
    body = stream(b"}" + text("p") + parameter + b"s")
    assert storage_roles(body, Limits()) == {"7": TensorRole("p", "f16", (3,))}
    assert storage_roles(stream(inner), Limits()) == {"7": TensorRole("7", "f16", (3,))}


def test_a_broken_pickle_yields_what_it_said_before() -> None:
    body = state_dict(("a", "0", "LongStorage", 6))
    assert set(storage_roles(body[:-3], Limits())) == {"0"}
    assert storage_roles(b"", Limits()) == {}
