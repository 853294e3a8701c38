"""The audit hook tells what Python does and where, and never disturbs it."""

import json
import os
import sys
import types
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from pratique.sandbox.guest import record_audit
from pratique.sandbox.record.hearsay import audited

MOST = 3_000
Send = Callable[[Mapping[str, Any]], None]


def heard(source: str, send: Callable[[list[Any]], Send] | None = None) -> list[dict[str, Any]]:
    """Run source code under the hook in a child, as no hook can be taken out; return events."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        events: list[Any] = []
        try:
            record_audit.audit(send(events) if send else lambda event: events.append(dict(event)))
            module = types.ModuleType("payload")
            exec(compile(source, "/payload.py", "exec"), module.__dict__)  # noqa: S102 - our own
            events.append({"event": "done"})
        finally:
            os.write(write, json.dumps(events[:MOST]).encode())
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        found = json.load(pipe)
    os.waitpid(pid, 0)
    assert found[-1] == {"event": "done"}, found
    return list(found[:-1])


@pytest.mark.parametrize(
    ("source", "event", "holds"),
    [
        ("import subprocess\nsubprocess.run(['true'])", "subprocess.Popen", "true"),
        ("import os\nos.system('true')", "os.system", "true"),
        ("import socket\nsocket.socket().connect_ex(('127.0.0.1', 9))", "socket.connect", "127.0"),
        ("import socket\nsocket.gethostname()", "socket.gethostname", ""),
        ("import ctypes\nctypes.CDLL(None)", "ctypes.dlopen", ""),
        ("import marshal\nmarshal.loads(marshal.dumps(1))", "marshal.loads", ""),
        ("import pickle\npickle.loads(pickle.dumps(len))", "pickle.find_class", "len"),
        ("exec('1')", "exec", ""),
        ("compile('1', '<made up>', 'exec')", "compile", "<made up>"),
        ("import sys\nsys.modules.pop('ctypes', 0)\nimport ctypes", "import", "ctypes"),
        ("open('/dev/null', 'w').close()", "open", "/dev/null"),
        ("import os\ntry: os.remove('/nothing')\nexcept OSError: 0", "os.remove", "/nothing"),
    ],
)  # fmt: skip
def test_events_are_told_with_their_stack(source: str, event: str, holds: str) -> None:
    events = heard(f"def load():\n {source.replace(chr(10), chr(10) + ' ')}\nload()")
    found = [e for e in events if e["event"] == event]
    assert found, events
    assert any(holds in " ".join(e["args"]) for e in found)
    assert any(
        frame.startswith("/payload.py:") and frame.endswith(" load") for frame in found[0]["stack"]
    )
    assert all(audited(e) for e in found)


def test_what_is_ordinary_is_not_told() -> None:
    events = heard("import colorsys\nopen('/dev/null').close()\nimport os\nos.listdir('/')")
    assert [e["event"] for e in events] == []


def test_events_are_bounded_for_each_name() -> None:
    events = heard(
        "import os\nfor i in range(2000):\n try: os.remove(f'/nothing/{i}')\n except OSError: pass"
    )
    assert len(events) == record_audit.MAX_PER_EVENT


def test_a_broken_sender_is_not_raised_into_the_program_and_is_asked_once() -> None:
    def sender(events: list[Any]) -> Send:
        def send(_: Mapping[str, Any]) -> None:
            events.append({"event": "tried"})
            raise OSError("the channel is gone")

        return send

    events = heard("import os\nos.system('true')\nos.system('true')", sender)
    assert events == [{"event": "tried"}]


def test_a_sender_that_causes_events_itself_does_not_recurse() -> None:
    def sender(events: list[Any]) -> Send:
        def send(_: Mapping[str, Any]) -> None:
            os.system("true")  # noqa: S605 - causes an event
            events.append({"event": "told"})

        return send

    assert heard("import os\nos.system('true')", sender) == [{"event": "told"}]


def test_hostile_arguments_are_not_run() -> None:
    source = (
        "import sys\nclass Evil(str):\n"
        " def __str__(self): raise SystemExit(3)\n __repr__ = __format__ = __str__\n"
        "sys.audit('os.evil', Evil('x'), [Evil('y')], b'z' * 900, 1.5)"
    )
    (event,) = heard(source)
    assert event["args"] == ["<Evil>", "[<Evil>]", f"b'{'z' * 198}", "1.5"]


def test_the_hook_runs_on_this_python() -> None:
    assert sys.version_info >= (3, 9)
