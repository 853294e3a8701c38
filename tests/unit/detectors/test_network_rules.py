"""What samples do not show: evidence, weight, and that nothing is hidden by a flood."""

import time

import pytest

from harness.inspecting import Told, inspect_trace
from harness.traces import (
    CANARY,
    LATER,
    NOW,
    THIEF,
    detonation,
    event,
    everywhere,
    heard,
    run,
)
from pratique.core.finding import Confidence, Finding, Severity
from pratique.core.trace import Decoy, Detonation, Ending, Event, Outcome
from pratique.core.trace_json import dump
from pratique.detectors.network.addresses import is_local, is_metadata, spelled
from pratique.detectors.network.canaries import spellings
from pratique.detectors.network.places import is_foreign, is_persistent, is_temporary, plain


def told(seen: Detonation) -> Told:
    return inspect_trace(dump(seen))


def found(seen: Detonation, rule: str) -> Finding:
    (only,) = (f for f in told(seen).findings if f.rule == rule)
    return only


def evidence(seen: Detonation, rule: str) -> dict[str, str]:
    return dict(found(seen, rule).evidence)


def test_a_connection_tells_who_where_when_and_from_which_line() -> None:
    seen = everywhere(
        event("dns", name="c2.example", address="192.0.2.7", at_ms=1_100, outcome=Outcome.FAKED),
        heard("socket.connect", "<socket>, [192.0.2.7, 443]", THIEF, "/usr/lib/torch.py:1 load"),
        event("connect", family="inet", address="192.0.2.7", port="443", preview="\\x16\\x03"),
    )
    assert evidence(seen, "NET001") == {
        "address": "192.0.2.7 port 443",
        "conditions": "every one tried (3)",
        "first_bytes": "\\x16\\x03",
        "loader": "torch@2.13.0",
        "name": "c2.example",
        "outcome": "denied",
        "stack": f"{THIEF} < /usr/lib/torch.py:1 load",
        "times": "3",
    }


def test_the_same_name_is_the_same_act_whatever_address_it_was_given() -> None:
    def asked(address: str) -> tuple[Event, Event]:
        dns = event("dns", name="c2.example", address=address)
        return dns, event("connect", family="inet", address=address, port="443")

    seen = detonation(run(*asked("198.51.100.1")), run(*asked("198.51.100.2"), condition=LATER))
    assert told(seen).rules == {"NET001", "NET002"}
    assert found(seen, "NET001").says == "connects to c2.example port 443 while it is loaded"
    assert evidence(seen, "NET001")["address"] == "198.51.100.1 port 443"


def test_a_stack_from_long_before_is_not_taken() -> None:
    seen = everywhere(
        heard("socket.connect", "x", THIEF, at_ms=10),
        event("connect", family="inet", address="192.0.2.7", port="443", at_ms=900),
    )
    assert "stack" not in evidence(seen, "NET001")


def test_an_address_that_a_liar_would_show_is_no_excuse() -> None:
    resolver = event("connect", family="inet", address="192.0.2.53", port="53")
    name = event("dns", name="c2.example", address="192.0.2.7", outcome=Outcome.FAKED)
    assert "asks for no name" in found(everywhere(resolver), "NET001").says
    assert "NET001" not in told(everywhere(name, resolver)).rules
    assert "NET001" in told(everywhere(event("connect", unreadable="pointer"))).rules


def test_a_socket_in_the_models_folder_is_a_way_out() -> None:
    inside = event("connect", family="unix", path="/model/line")
    assert "NET001" in told(everywhere(inside)).rules
    own = event("connect", family="unix", path="/tmp/own")
    assert "NET001" not in told(everywhere(own)).rules


def test_hearsay_counts_less_and_only_where_nobody_else_saw_it() -> None:
    word = heard("socket.connect", "<socket>, [192.0.2.7, 443]", THIEF)
    alone = found(everywhere(word), "NET001")
    assert (alone.confidence, alone.severity) == (Confidence.MEDIUM, Severity.CRITICAL)
    seen = everywhere(word, event("connect", family="inet", address="192.0.2.7", port="443"))
    assert found(seen, "NET001").confidence is Confidence.HIGH


def test_an_address_is_no_name() -> None:
    for name in ("192.0.2.7", "2001:db8::1", "::ffff:192.0.2.1"):
        assert told(everywhere(heard("socket.getaddrinfo", f"{name}, 443", THIEF))).findings == []


def test_the_machine_itself_weighs_less_than_others() -> None:
    seen = everywhere(event("connect", family="inet", address="127.0.0.1", port="80"))
    assert found(seen, "NET001").severity is Severity.HIGH
    assert (is_local("::1"), is_local("::ffff:127.0.0.1"), is_local("no address")) == (1, 1, 0)


def test_a_flood_of_other_acts_hides_no_worse_one() -> None:
    flood = [event("open", path=f"/home/.cache/{n}", mode="create") for n in range(3_000)]
    seen = detonation(run(*flood, event("open", path="/srv/last", mode="create")))
    worst = max(told(seen).findings, key=lambda f: f.severity)
    assert "/srv/last" in worst.says
    assert not told(seen).full


def test_a_hundred_thousand_events_take_seconds() -> None:
    many = [
        Event(n, "connect", 1, "load", (("address", f"192.0.2.{n % 250}"), ("port", str(n))))
        for n in range(60_000)
    ]
    many += [heard("socket.connect", str(n), THIEF, at_ms=n) for n in range(40_000)]
    body = dump(detonation(run(*many)))
    began = time.monotonic()
    assert inspect_trace(body).findings
    assert time.monotonic() - began < 60


def test_processes_are_weighed_by_their_number() -> None:
    one = everywhere(event("fork", outcome=Outcome.LET))
    assert found(one, "NET006").severity is Severity.MEDIUM
    refused = everywhere(event("fork", outcome=Outcome.DENIED))
    assert found(refused, "NET006").severity is Severity.HIGH
    folded = detonation(run(Event(1, "fork", 1, "load", count=40)))
    assert found(folded, "NET006").severity is Severity.HIGH
    assert evidence(folded, "NET006")["processes"] == "40 in one run"


def test_a_child_process_is_named_as_one() -> None:
    seen = detonation(run(Event(1, "execve", 3, "load", (("argv", "id"), ("path", "/bin/id")))))
    assert evidence(seen, "NET005")["process"] == "number 3, which it started"


def test_a_program_without_a_file_is_told() -> None:
    seen = everywhere(event("execve", path="/proc/self/fd/5", argv="x"))
    assert evidence(seen, "NET005")["note"] == "it was run from memory, not from a file"


@pytest.mark.parametrize(
    ("name", "severity"),
    [
        ("ptrace", Severity.CRITICAL),
        ("io_uring_setup", Severity.CRITICAL),
        ("keyctl", Severity.HIGH),
        ("setsid", Severity.MEDIUM),
        ("add_key", Severity.HIGH),
        ("memfd_create", Severity.LOW),
    ],
)
def test_requests_to_the_kernel_are_weighed(name: str, severity: Severity) -> None:
    assert found(everywhere(event("kernel", name=name)), "NET011").severity is severity


def test_secrets_that_were_not_planted_weigh_less() -> None:
    seen = everywhere(event("open", path="/etc/shadow", mode="read"))
    assert found(seen, "NET007").severity is Severity.HIGH


@pytest.mark.parametrize("text", [CANARY, CANARY.lower(), CANARY[::-1], CANARY.encode().hex()])
def test_a_canary_is_known_by_its_spellings(text: str) -> None:
    whole = set(spellings(CANARY))
    assert text.lower()[:12] in whole


def test_a_canary_in_one_loader_is_named_by_its_decoy() -> None:
    seen = detonation(
        run(event("sendto", address="192.0.2.1", port="9", preview="h5Tg8Jk2Wq9Zx4Cv7Bn1"))
    )
    assert evidence(seen, "NET008")["decoy"] == "AWS_SECRET_ACCESS_KEY"


def test_what_was_seen_to_leave_is_not_told_twice() -> None:
    word = heard("http.client.send", f"<HTTPConnection>, GET /?{CANARY}", THIEF)
    seen = event("received", address="192.0.2.1", port="80", preview=f"GET /?{CANARY}")
    assert found(everywhere(word), "NET008").confidence is Confidence.MEDIUM
    assert found(everywhere(word, seen), "NET008").confidence is Confidence.HIGH


def test_a_message_that_names_nobody_is_no_connection() -> None:
    assert told(everywhere(heard("socket.sendmsg", "<socket>, None", THIEF))).findings == []
    assert told(everywhere(heard("socket.connect", "<socket>, /run/x", THIEF))).findings == []


def test_short_decoys_could_be_there_by_chance() -> None:
    seen = detonation(
        run(event("sendto", address="192.0.2.1", port="9", preview="abc")),
        decoys=(Decoy("environment", "X", "abc"),),
    )
    assert "NET008" not in told(seen).rules


def test_a_run_that_was_cut_short_shows_no_difference() -> None:
    """What another condition did not live to do is not kept back."""
    act = event("dns", name="a.example")
    for ending in (Ending.DEADLINE, Ending.CRASHED):
        seen = detonation(run(act), run(condition=LATER, ending=ending))
        assert "NET013" not in told(seen).rules
    assert "NET013" in told(detonation(run(act), run(condition=LATER))).rules


def test_a_loader_that_fails_under_one_condition_alone() -> None:
    same = [run(condition=c) for c in (NOW,)]
    broken = run(condition=LATER, ending=Ending.FAILED, says="expired")
    other_inputs = detonation(*same, broken)
    assert "NET013" not in told(other_inputs).rules  # it may be the input
    likewise = LATER.__class__(**{f: getattr(LATER, f) for f in LATER.__slots__} | {"inputs": 0})
    seen = detonation(*same, run(condition=likewise, ending=Ending.FAILED, says="expired"))
    assert evidence(seen, "NET013")["error"] == "expired"


def test_files_of_random_names_are_the_same_act() -> None:
    seen = detonation(
        run(event("open", path="/home/.cache/torch/tmpab12cd34", mode="create")),
        run(event("open", path="/home/.cache/torch/tmpzz98yy76", mode="create"), condition=LATER),
    )
    assert "NET013" not in told(seen).rules


def test_a_whole_folder_has_no_file_of_its_own() -> None:
    seen = detonation(run(event("dns", name="a.example"), target=".", loader="transformers"))
    assert found(seen, "NET002").at.chain == ("transformers",)


def test_addresses_have_one_spelling() -> None:
    assert spelled("::FFFF:169.254.169.254") == "169.254.169.254"
    assert spelled("fe80::1%eth0") == "fe80::1"
    assert spelled("nonsense") == "nonsense"
    assert is_metadata("METADATA.google.internal.")


def test_paths() -> None:
    assert plain("/proc/self/root/proc/1/root/etc//x") == "/etc/x"
    assert plain("/proc/self/root") == "/"
    assert plain("") == ""
    assert is_temporary("/tmp/x")
    assert not is_temporary("/tmpfoo/x")
    assert is_persistent("/home/ml/.ssh/authorized_keys")
    assert is_persistent("/home/ml/.local/lib/python3.11/site-packages/x.py")
    assert not is_persistent("/home/ml/notes.txt")
    assert is_foreign("/home/ml/x.so")
    assert not is_foreign("/home/ml/.venv/lib/python3.11/site-packages/torch/lib/libtorch.so")


@pytest.mark.parametrize(
    ("act", "says"),
    [
        (event("listen"), "waits for connections"),
        (event("fork"), "starts a process"),
        (event("kill", target="7", signal="SIGTERM"), "sends a signal to a process"),
        (event("kernel", name="ptrace"), "asks for ptrace"),
        (event("socket", family="vsock", type_="stream"), "asks for a socket of family vsock"),
        (event("open", path="/srv/x", mode="create"), "writes '/srv/x'"),
        (event("remove", path="/home/ml/.bashrc"), "removes '/home/ml/.bashrc'"),
        (event("execve", argv="id", path="/bin/id"), "runs 'id'"),
    ],
)
def test_each_act_has_words_when_it_is_kept_back(act: Event, says: str) -> None:
    seen = detonation(run(), run(act, condition=LATER))
    assert found(seen, "NET013").says == f"{says}, but only under: in-90-days"


@pytest.mark.parametrize(
    ("seconds", "says"),
    [
        ("31", "sleeps for about a minute"),
        ("600", "sleeps for 10 minutes"),
        ("86400", "sleeps for 24 hours"),
        ("864000", "sleeps for 10 days"),
    ],
)
def test_long_waits_are_told_in_units(seconds: str, says: str) -> None:
    assert found(everywhere(event("sleep", seconds=seconds)), "NET014").says == says


def test_short_waits_and_what_the_c_library_does_are_usual() -> None:
    usual = (
        event("sleep", seconds="5"),
        event("sleep", seconds="a while"),
        event("signal", signal="SIGQUIT", kind="ignored"),
    )
    assert told(everywhere(*usual)).findings == []
