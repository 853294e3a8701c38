"""Rules over text look at all of a text, however long it is."""

import pytest

from harness.inspecting import inspect_bytes

PADDING = b"' nothing to see here, and the same again\r\n" * 40_000

SCRIPT = b'Set s = CreateObject("WScript.Shell")\r\ns.Run "cmd /c echo canary"\r\n'
PAGE = (
    b"<?xml version='1.0'?>\n<a xmlns:xi='http://www.w3.org/2001/XInclude'>"
    + b" " * 5_000_000
    + b"<xi:include href='file:///etc/x'/></a>"
)


@pytest.mark.parametrize(("rule", "body"), [("MAL123", PADDING + SCRIPT), ("MAL122", PAGE)])
def test_what_stands_behind_padding_is_found(rule: str, body: bytes) -> None:
    assert rule in inspect_bytes(body).rules
