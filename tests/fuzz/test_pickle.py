"""Whatever the bytes, the pickle readers end, and only with an ArtifactError."""

import pickle

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.fuzzing import examples
from harness.inspecting import subject_of
from harness.make_pickle_samples import SAMPLES
from harness.make_pickles import state_dict
from pratique.artifacts.readers.pickle.reader import PickleReader
from pratique.artifacts.readers.torch_legacy import TorchLegacyReader
from pratique.artifacts.readers.torch_roles import storage_roles
from pratique.core.errors import ArtifactError
from pratique.core.limits import Limits

SEEDS = [body for rows in SAMPLES.values() for body in rows.values()]
SEEDS += [pickle.dumps([{"a": [n, str(n), (n,)]} for n in range(80)], p) for p in range(6)]
OPCODES = bytes(range(0x80, 0x99)) + b"()]}[.0123BCFGIJKLMNPQRSTUVXabcdeghijlopqrstu"
LIMITS = Limits(opcodes=100_000)


def read(body: bytes) -> None:
    subject = subject_of(body, LIMITS)
    PickleReader().recognises(subject)
    for reader in (PickleReader(), TorchLegacyReader()):
        try:
            list(reader.read(subject))
        except ArtifactError:
            continue
    storage_roles(body, LIMITS)


@settings(max_examples=examples(300), deadline=None)
@given(st.binary(max_size=400))
def test_arbitrary_bytes(body: bytes) -> None:
    read(body)


@settings(max_examples=examples(300), deadline=None)
@given(st.lists(st.sampled_from(OPCODES), max_size=200).map(bytes), st.binary(max_size=20))
def test_arbitrary_opcodes(body: bytes, tail: bytes) -> None:
    read(b"\x80\x04" + body + tail)


@settings(max_examples=examples(300), deadline=None)
@given(st.sampled_from(SEEDS), st.data())
def test_mutated_and_truncated_pickles(seed: bytes, data: st.DataObject) -> None:
    body = bytearray(seed)
    for _ in range(data.draw(st.integers(0, 6))):
        at = data.draw(st.integers(0, len(body) - 1))
        body[at] = data.draw(st.sampled_from(OPCODES) | st.integers(0, 255))
    read(bytes(body[: data.draw(st.integers(0, len(body)))]))


@settings(max_examples=examples(100), deadline=None)
@given(st.data())
def test_mutated_checkpoints(data: st.DataObject) -> None:
    magic = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
    body = bytearray(
        magic + b"\x80\x02M\xe9\x03.\x80\x02}." + state_dict(("w", "1", "FloatStorage", 2))
    )
    body += b"\x80\x02](U\x011e." + b"\x02" + bytes(15)
    for _ in range(data.draw(st.integers(0, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    read(bytes(body))
