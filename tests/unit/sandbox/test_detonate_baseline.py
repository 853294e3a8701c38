"""Baselines explain what a loader does by itself, and never a decoy, a program or a connection."""

import json
from pathlib import Path

import pytest

from pratique.core.trace import Event
from pratique.sandbox.detonate.baseline import (
    Baseline,
    Baselines,
    Places,
    event_key,
    guest_digest,
    learn,
    shipped_folder,
    write,
)
from pratique.sandbox.detonate.decoys import plant

PLACES = Places(("/opt/py",), "/home/ml", "/tmp", "/model")


def event(call: str, phase: str = "load", **words: str) -> Event:
    return Event(1, call, 1, phase, tuple(sorted(words.items())))


def explains(seen: list[Event], later: Event, places: Places = PLACES) -> bool:
    keys = learn((one, PLACES) for one in seen)
    return Baseline("torch", "1", keys, "shipped").explains(later, places)


@pytest.mark.parametrize(
    "path", ["/model/a.pt", "/opt/py/lib/x.py", "/usr/lib/libc.so.6", "/model"]
)
def test_reading_the_model_and_the_interpreter_is_always_expected(path: str) -> None:
    assert explains([], event("open", mode="read", path=path))


@pytest.mark.parametrize(
    "later",
    [
        event("open", mode="read", path="/home/ml/.ssh/id_ed25519"),
        event("open", mode="read", path="/model/../home/ml/.netrc"),
        event("open", mode="write", path="/model/a.pt"),
        event("open", mode="create", path="/opt/py/lib/x.py"),
        event("execve", argv="sh -c id", path="/usr/bin/sh"),
        event("connect", address="203.0.113.5", family="inet", port="443"),
        event("open", mode="read", path="/home/ml/.cache/huggingface/token"),
    ],
)
def test_nothing_else_is_expected_unseen(later: Event) -> None:
    assert not explains([], later)


def test_what_came_before_the_model_is_not_its_doing() -> None:
    assert explains([], event("execve", "import", argv="uname -p"))
    assert not explains([], event("execve", "infer", argv="uname -p"))


def test_a_program_is_expected_with_exactly_its_arguments() -> None:
    seen = [event("execve", argv="uname -p", path="/usr/bin/uname")]
    assert explains(seen, event("execve", argv="uname -p", path="/usr/bin/uname"))
    assert not explains(seen, event("execve", argv="uname -a", path="/usr/bin/uname"))


def test_names_drawn_at_random_and_other_homes_compare_equal() -> None:
    seen = [
        event("open", mode="create", path="/tmp/tmpabcd1234/x"),
        event("open", mode="create", path="/dev/shm/sem.mp-abcd1234"),
        event("mkdir", path="/home/ml/.cache/huggingface/modules/transformers_modules/a"),
    ]
    root = Places(("/opt/py",), "/root", "/tmp", "/model")
    assert explains(seen, event("open", mode="create", path="/tmp/tmpzzzz9999/x"))
    assert explains(seen, event("open", mode="create", path="/dev/shm/sem.mp-zz_z9999"))
    assert explains(seen, event("mkdir", path="/root/.cache/huggingface/modules/b"), root)
    assert not explains(seen, event("open", mode="create", path="/tmp/evil"))
    assert not explains(seen, event("mkdir", path="/root/.config/autostart"), root)


def test_a_folder_named_like_the_loaders_own_model_is_no_part_of_the_model() -> None:
    own = [event("open", mode="create", path="/tmp/reference/a.pt")]
    assert explains(own, event("open", mode="create", path="/model/a.pt"))
    for call in ("open", "dlopen"):
        later = event(call, mode="read", path="/tmp/reference/x.so")
        assert not explains([], later)


def test_code_of_the_model_that_is_loaded_is_never_just_a_file_that_is_read() -> None:
    assert not explains([], event("dlopen", path="/model/libpayload.so"))
    assert explains([], event("dlopen", path="/opt/py/lib/_ssl.so"))


def test_hearsay_and_the_kernels_word_are_told_apart() -> None:
    said = Event(1, "open", 1, "load", (("mode", "read"), ("path", "/x")), source="python")
    assert event_key(said, PLACES) != event_key(event("open", mode="read", path="/x"), PLACES)


def test_a_learnt_baseline_is_found_again_by_its_exact_versions(tmp_path: Path) -> None:
    Baselines(tmp_path).keep("torch", "torch 9", frozenset({"thread"}))
    found = Baselines(tmp_path).find("torch", "torch 9")
    assert found is not None
    assert found.keys == {"thread"}
    assert found.name == "torch@torch 9, learnt here"
    assert Baselines(tmp_path).find("torch", "torch 9.1") is None
    assert Baselines(None).find("torch", "torch 9") is None


def test_a_broken_or_outdated_cache_is_learnt_anew(tmp_path: Path) -> None:
    path = tmp_path / "torch.json"
    write(path, "torch", {"torch 9": ["thread"]})
    body = json.loads(path.read_text())
    for broken in ("{", "[]", json.dumps({**body, "guest": "other"}), json.dumps({"format": 1})):
        path.write_text(broken)
        assert Baselines(tmp_path).find("torch", "torch 9") is None


def test_shipped_baselines_were_learnt_with_the_guest_code_of_today() -> None:
    paths = sorted(shipped_folder().glob("*.json"))
    assert paths, "no baseline is shipped; run `make baselines`"
    for path in paths:
        body = json.loads(path.read_text())
        assert body["guest"] == guest_digest(), f"{path.name} is outdated; run `make baselines`"


def test_no_shipped_baseline_expects_a_program_or_a_connection_beyond_loopback() -> None:
    for path in shipped_folder().glob("*.json"):
        for keys in json.loads(path.read_text())["versions"].values():
            for key in keys:
                assert not key.startswith(("execve", "fork", "dns", "sendto")), (path.name, key)
                assert not key.startswith("connect") or "127.0.0.1" in key, (path.name, key)


def test_decoys_are_new_each_time_and_every_canary_is_where_it_should_be() -> None:
    one, other = plant(), plant()
    assert not {d.value for d in one.decoys if d.value} & {d.value for d in other.decoys if d.value}
    files = {f"~/{path}": body.decode() for path, body in one.home}
    variables = dict(one.environment)
    for decoy in one.decoys:
        held = {"file": files, "environment": variables}.get(decoy.kind, {})
        whole = held.get(decoy.name, one.metadata).replace("\n", "")
        assert decoy.value in whole, decoy
    assert len(one.decoys) <= 64
