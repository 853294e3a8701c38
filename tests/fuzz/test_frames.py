"""Whatever a worker writes, the parent reads a JSON object or says what is wrong."""

import json
import socket
import struct
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from pratique.core.errors import WorkerError
from pratique.sandbox import frames

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


@settings(deadline=None)
@given(st.binary(max_size=400) | values.map(lambda v: json.dumps(v).encode()))
def test_a_body_is_an_object_or_a_protocol_error(body: bytes) -> None:
    try:
        found, why = frames.decode(body), "protocol"
    except WorkerError as e:
        found, why = {}, e.why
    assert (type(found), why) == (dict, "protocol")


@settings(deadline=None)
@given(st.binary(max_size=200), st.lists(st.integers(1, 50), max_size=8))
def test_a_stream_ends_in_words(stream: bytes, cuts: list[int]) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        reader = frames.FrameReader(ours)
        for cut in cuts:
            theirs.sendall(stream[:cut])
            stream = stream[cut:]
        theirs.sendall(stream)
        theirs.close()
        try:
            while True:
                frames.decode(reader.next(time.monotonic() + 5))
        except (WorkerError, frames.ClosedError):
            pass


@settings(deadline=None)
@given(st.dictionaries(st.text(), st.integers() | st.text() | st.lists(st.booleans())))
def test_what_is_sent_arrives(frame: dict[str, object]) -> None:
    body = frames.encode(frame)
    assert struct.unpack(">I", body[:4])[0] == len(body) - 4
    assert frames.decode(body[4:]) == frame
