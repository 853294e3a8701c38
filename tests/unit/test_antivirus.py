"""An antivirus is asked about the very bytes, and what it did not look at is never clean."""

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.fuzzing import examples
from pratique.antivirus import clamd
from pratique.antivirus.clamd import Answer, Clamd, Status
from pratique.artifacts.sources.opening import open_source
from pratique.core.errors import MachineError, UsageError
from pratique.core.receipt import Coverage
from pratique.core.scan import Scan
from pratique.flows.asked import Asked
from pratique.flows.scan import scan

VERSION = b"ClamAV 1.4.3/27456/Mon Nov 23 09:00:00 2026\0"
Serve = Callable[[socket.socket], None]


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Callable[[Serve], str]]:
    """Start what answers like a daemon; return its address."""
    place = str(tmp_path / "clamd.sock")
    listening = socket.socket(socket.AF_UNIX)

    def start(serve: Serve) -> str:
        listening.bind(place)
        listening.listen()

        def loop() -> None:
            while True:
                try:
                    link, _ = listening.accept()
                except OSError:
                    return
                with link:
                    serve(link)

        threading.Thread(target=loop, daemon=True).start()
        return place

    yield start
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()


def saying(answer: bytes, version: bytes = VERSION) -> Serve:
    """Return a daemon that takes a whole stream and says always the same."""

    def serve(link: socket.socket) -> None:
        body = link.recv(10)
        if body.startswith(b"zVERSION"):
            link.sendall(version)
            return
        while not body.endswith(b"\0\0\0\0"):
            got = link.recv(1 << 20)
            if not got:
                return
            body += got
        link.sendall(answer)

    return serve


def asked(address: str, body: bytes = b"x" * 1000) -> Answer:
    return Clamd(address, answer_s=0.5).scan(iter([body]), len(body))


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"stream: OK\0", Answer(Status.CLEAN)),
        (b"stream: Eicar-Test-Signature FOUND\0", Answer(Status.FOUND, "Eicar-Test-Signature")),
        (b"INSTREAM size limit exceeded. ERROR\0", None),
        (b"stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND\0", None),
        (b"stream: OK", Answer(Status.CLEAN)),
        (b"", None),
        (b"stream: OK FOUND OK\0", None),
        (b"\xff" * 5000, None),
        (b"UNKNOWN COMMAND\0", None),
    ],
)
def test_answers(daemon: Callable[[Serve], str], answer: bytes, told: Answer | None) -> None:
    got = asked(daemon(saying(answer)))
    assert got == told if told else got.status is Status.UNSEEN and got.says


def test_a_daemon_that_is_slow_or_gone_saw_nothing(daemon: Callable[[Serve], str]) -> None:
    assert asked("/nowhere/clamd.sock").status is Status.UNSEEN
    assert asked(daemon(lambda _: time.sleep(1))).says == "no answer in time"


def test_a_daemon_that_has_enough_is_heard(daemon: Callable[[Serve], str]) -> None:
    def serve(link: socket.socket) -> None:
        link.recv(100)
        link.sendall(b"INSTREAM size limit exceeded. ERROR\0")

    got = Clamd(daemon(serve), 2.0).scan(iter([bytes(1 << 20)] * 50), 50 << 20)
    assert got.status is Status.UNSEEN


def test_a_file_that_the_daemon_would_pass_unseen_is_not_sent() -> None:
    assert "larger" in Clamd("/nowhere").scan(iter([]), clamd.MOST_SENT + 1).says


@pytest.mark.parametrize(
    ("version", "says"),
    [(b"ClamAV 1.4.3\0", "no signatures"), (b"SSH-2.0\r\n", "no clamd"), (b"", "no clamd")],
)
def test_a_daemon_must_say_what_it_is(
    daemon: Callable[[Serve], str], version: bytes, says: str
) -> None:
    with pytest.raises(MachineError, match=says):
        Clamd(daemon(saying(b"", version))).version()


@pytest.mark.parametrize("address", ["localhost:0", "localhost:x", ":99999"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="neither"):
        Clamd(address).version()


@settings(max_examples=examples(200))
@given(st.binary(max_size=400))
def test_no_answer_is_taken_for_clean_but_the_one(body: bytes) -> None:
    told = clamd.read_answer(body.partition(b"\0")[0].decode("utf-8", "replace").strip())
    assert told.status is not Status.CLEAN or body.strip().startswith(b"stream: OK")


def of(folder: Path, address: str) -> Scan:
    return scan(open_source(str(folder), None), Asked(clamd=address))


def test_a_scan_tells_what_the_daemon_found_and_did_not_see(
    daemon: Callable[[Serve], str], tmp_path: Path
) -> None:
    model = tmp_path / "model"
    model.mkdir()
    (model / "a.txt").write_text("words")
    told = of(model, daemon(saying(b"stream: Unix.Trojan.Canary-1 FOUND\0")))
    (finding,) = [f for _, f in told.findings() if f.rule == "MAL191"]
    assert finding.at.chain == ("a.txt",)
    (receipt,) = [r for _, r in told.receipts() if r.rule == "MAL191"]
    assert (receipt.coverage, receipt.readers) == (Coverage.FULL, ("clamav@1.4.3/27456",))


def test_what_the_daemon_did_not_see_leaves_a_receipt_that_is_not_full(
    daemon: Callable[[Serve], str], tmp_path: Path
) -> None:
    model = tmp_path / "model"
    model.mkdir()
    (model / "a.txt").write_text("words")
    told = of(model, daemon(saying(b"INSTREAM size limit exceeded. ERROR\0")))
    (receipt,) = [r for _, r in told.receipts() if r.rule == "MAL191"]
    assert receipt.coverage is Coverage.NONE
    assert "a.txt" in receipt.why


def test_without_an_antivirus_nothing_is_said_of_one(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("words")
    assert not any(r.rule == "MAL191" for _, r in of(tmp_path, "").receipts())


@pytest.mark.skipif(
    shutil.which("clamd") is None, reason="no clamd here: apt install clamav-daemon"
)
def test_the_real_daemon(tmp_path: Path) -> None:
    signatures, model = tmp_path / "db", tmp_path / "model"
    signatures.mkdir()
    model.mkdir()
    (signatures / "own.ndb").write_text(f"Own.Canary:0:*:{b'pratique-canary'.hex()}\n")
    (model / "a.bin").write_bytes(b"a pratique-canary inside" + bytes(100))
    (model / "b.bin").write_bytes(bytes(100))
    place, conf = tmp_path / "real.sock", tmp_path / "clamd.conf"
    conf.write_text(
        f"LocalSocket {place}\nDatabaseDirectory {signatures}\nForeground yes\nUser root\n"
    )
    with subprocess.Popen(
        ["clamd", "-c", str(conf)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            for _ in range(300):
                if place.exists() or process.poll() is not None:
                    break
                time.sleep(0.1)
            daemon = Clamd(str(place))
            bodies = [(model / name).read_bytes() for name in ("a.bin", "b.bin")]
            told = [daemon.scan(iter([body]), len(body)) for body in bodies]
            assert [one.status for one in told] == [Status.FOUND, Status.CLEAN]
            assert told[0].says.startswith("Own.Canary")
            with pytest.raises(MachineError, match="no signatures"):
                daemon.version()  # a database of one's own alone has no version
        finally:
            process.terminate()
