"""A trace is made of what hostile code did: whatever the bytes are, they are a trace or refused."""

import json

from hypothesis import given
from hypothesis import strategies as st

from harness.inspecting import inspect_trace
from harness.traces import event, everywhere, worded
from pratique.core.errors import MalformedError
from pratique.core.trace_json import dump, load, value

GOOD = value(everywhere(event("connect", address="192.0.2.7", port="443")))
CALLS = ("connect", "sendto", "dns", "execve", "open", "audit", "kill", "sleep", "kernel", "dlopen")
WORDS = ("address", "port", "path", "to", "argv", "name", "args", "event", "mode", "seconds")
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(st.sampled_from(sorted(GOOD)), values)
def test_a_field_of_any_value_is_taken_or_refused(field: str, told: object) -> None:
    try:
        found = load(json.dumps({**GOOD, field: told}).encode())
    except MalformedError:
        return
    assert load(dump(found)) == found


@given(
    st.lists(
        st.tuples(
            st.sampled_from(CALLS),
            st.dictionaries(st.sampled_from(WORDS), st.text(max_size=80), max_size=5),
        ),
        max_size=8,
    )
)
def test_no_rule_breaks_over_any_words(deeds: list[tuple[str, dict[str, str]]]) -> None:
    told = everywhere(*(worded(call, words) for call, words in deeds))
    assert inspect_trace(dump(told)).full
