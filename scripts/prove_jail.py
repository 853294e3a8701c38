"""Run self-test and scan in settings that take mechanisms away, and write what still holds.

    python scripts/prove_jail.py [-o docs/proofs/jail.md]

As root, so that it can set up what a host, a hardened host and a container give. A small model is
scanned in each setting too, with and without the jail, and a badge is asked for. Nothing outside
the settings changes: each lives in processes and, where it needs them, namespaces of its own.
"""

import argparse
import errno
import json
import os
import platform
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from harness import bad_input  # noqa: E402 - the path is set above
from harness.denying import deny  # noqa: E402
from pratique.sandbox import kernel  # noqa: E402
from pratique.sandbox.lockdown import NOBODY  # noqa: E402

TIMEOUT_S = 600
INCOMPLETE = 3
SELF_TEST = """
import json
from dataclasses import asdict
from pratique.sandbox.selftest import self_test
print(json.dumps([asdict(p) for p in self_test()]))
"""
OWN_NAMESPACES = (
    *("unshare", "--mount", "--net", "--ipc", "--uts", "--pid", "--fork", "--mount-proc"),
)

# What the default profile of container engines refuses without CAP_SYS_ADMIN.
CONTAINER_REFUSES = dict.fromkeys(
    (
        *("unshare", "setns", "mount", "fsopen", "open_tree", "swapon", "bpf", "perf_event_open"),
        *("keyctl", "add_key", "request_key", "init_module", "kexec_load", "reboot", "syslog"),
        *("userfaultfd", "open_by_handle_at", "fanotify_init", "acct", "io_uring_setup"),
    ),
    errno.EPERM,
)
# chown, dac_override, fowner, fsetid, kill, setgid, setuid, setpcap, net_bind_service, ...
CONTAINER_CAPABILITIES = {0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31}


@dataclass(frozen=True, slots=True)
class Setting:
    """A machine as the scan may meet it: what makes it, and what it stands for."""

    name: str
    about: str
    prepare: Callable[[], None]
    wrap: tuple[str, ...] = ()


def main() -> int:
    """Prove every setting, or be the inside of one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "docs/proofs/jail.md")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    parser.add_argument("command", nargs="*", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.inside:
        INSIDES[asked.inside]()
        os.execv(asked.command[0], asked.command)  # noqa: S606 - into the setting
    if os.geteuid() != 0:
        print(
            "prove_jail: run as root: the settings need more rights than they leave",
            file=sys.stderr,
        )
        return 2
    python = reachable_python()
    with tempfile.TemporaryDirectory() as where:
        Path(where).chmod(0o755)
        model = Path(where, "model")
        model.mkdir()
        (model / bad_input.GOOD_NAME).write_bytes(bad_input.good())
        (model / "README.md").write_text("# A small model\n")
        told = [(s, prove(s, python, model)) for s in SETTINGS]
    asked.output.parent.mkdir(parents=True, exist_ok=True)
    asked.output.write_text(page(told, python))
    print(asked.output.read_text())
    return 0 if all(holds(t) and as_promised(t) for _, t in told) else 1


# --- the settings ---------------------------------------------------------------------------------


def nothing() -> None:
    """Leave everything as it is."""


def ordinary_user() -> None:
    """Be nobody, without a capability in reach, and never gain one."""
    drop(set())
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)


def no_user_namespaces() -> None:
    """Be nobody where user namespaces are switched off by sysctl."""
    Path("/proc/sys/user/max_user_namespaces").write_text("0")
    ordinary_user()


def container() -> None:
    """Be an unprivileged container: nobody, no capability, the engines' filter."""
    ordinary_user()
    deny(CONTAINER_REFUSES)


def container_root() -> None:
    """Be root in a container with the engines' usual capabilities and filter."""
    drop(CONTAINER_CAPABILITIES)
    deny(CONTAINER_REFUSES)


def container_root_bare() -> None:
    """Be root in a container that dropped all capabilities."""
    drop(set())
    deny(CONTAINER_REFUSES)


def no_landlock() -> None:
    """Be nobody on a kernel without Landlock."""
    ordinary_user()
    deny({"landlock_create_ruleset": errno.ENOSYS})


def no_seccomp() -> None:
    """Be nobody on a kernel without seccomp filters."""
    ordinary_user()
    deny({"seccomp": errno.ENOSYS})


def drop(keep: set[int]) -> None:
    """Take capabilities out of the bounding set: the next exec has only what is left there."""
    for cap in set(kernel.bounding_set()) - keep:
        kernel.prctl(kernel.PR_CAPBSET_DROP, cap)


SETTINGS = (
    Setting("root", "root on a host", nothing),
    Setting("user", "an ordinary user: uid nobody, no capabilities, no_new_privs", ordinary_user),
    Setting(
        "no-userns",
        "the same where user.max_user_namespaces is 0",
        no_user_namespaces,
        (sys.executable, __file__, "--inside", "in-user-namespace", "--"),
    ),
    Setting(
        "container",
        "an unprivileged container: uid nobody, no capabilities, no_new_privs, own namespaces, no "
        "mount, the engines' seccomp profile (simulated)",
        container,
        OWN_NAMESPACES,
    ),
    Setting(
        "container-root",
        "root in a container with the engines' default capabilities and profile (simulated)",
        container_root,
        OWN_NAMESPACES,
    ),
    Setting(
        "container-bare",
        "root in a container with all capabilities dropped, same profile",
        container_root_bare,
        OWN_NAMESPACES,
    ),
    Setting("no-landlock", "a user on a kernel without Landlock (simulated)", no_landlock),
    Setting("no-seccomp", "a user on a kernel without seccomp (simulated)", no_seccomp),
)


def enter_user_namespace() -> None:
    """Enter a user namespace that knows the first 65,536 ids, as root there."""
    ready, go = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.read(ready[0], 1)
        target = os.getppid()
        for name in ("uid_map", "gid_map"):
            Path(f"/proc/{target}/{name}").write_text("0 0 65536\n")
        os.write(go[1], b"x")
        os._exit(0)
    kernel.unshare(kernel.CLONE_NEWUSER)
    os.write(ready[1], b"x")
    os.read(go[0], 1)
    os.waitpid(child, 0)
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)


INSIDES = {s.name: s.prepare for s in SETTINGS} | {"in-user-namespace": enter_user_namespace}


# --- running --------------------------------------------------------------------------------------


def reachable_python() -> str:
    """Return an interpreter that nobody may start: one in root's home does not serve."""
    for python in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        test = [python, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
        try:
            done = subprocess.run(
                test, user=NOBODY, group=NOBODY, extra_groups=[], check=False, capture_output=True
            )
        except OSError:
            continue
        if done.returncode == 0:
            return python
    sys.exit("prove_jail: no Python >= 3.11 that uid 65534 may start")


def prove(setting: Setting, python: str, model: Path) -> dict[str, Any]:
    """Return the self-test's rows and how a scan and a badge of the model end in one setting."""
    done = run_in(setting, [python, "-c", SELF_TEST])
    if done.returncode:
        sys.exit(f"prove_jail: {setting.name}: {done.stderr}")
    told: dict[str, Any] = {"probes": json.loads(done.stdout)}
    pratique = [python, "-m", "pratique"]
    scan = [*pratique, "scan", str(model), "--no-cache", "-f", "json"]
    told["scan"] = ended(run_in(setting, scan))
    told["unjailed"] = ended(run_in(setting, [*scan, "--no-jail"]))
    told["badge"] = badge(setting, pratique, model)
    return told


def ended(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """Return how a scan ended, from its report."""
    try:
        target = json.loads(done.stdout)["targets"][0]
    except ValueError:
        return {"code": done.returncode, "verdict": done.stderr.strip(), "held": [], "missing": []}
    jail = target["jail"]
    missing = [f"{m['mechanism']} ({m['why']})" for m in jail["missing"]]
    verdict = target["verdict"]
    return {"code": done.returncode, "verdict": verdict, "held": jail["held"], "missing": missing}


def badge(setting: Setting, pratique: list[str], model: Path) -> dict[str, Any]:
    """Return how making a badge ended: its exit code, and whether there is one."""
    with tempfile.TemporaryDirectory() as where:
        place = Path(where)
        place.chmod(0o777)
        keys, out = place / "keys", place / "out.pratique"
        made = run_in(setting, [*pratique, "keys", "init", str(keys)])
        if made.returncode:
            sys.exit(f"prove_jail: {setting.name}: keys: {made.stderr}")
        asked = ("--cache", str(place / "cache"), "--keys", str(keys), "-o", str(out))
        done = run_in(setting, [*pratique, "badge", str(model), *asked])
        return {"code": done.returncode, "made": (out / "badge.json").is_file()}


def as_promised(told: dict[str, Any]) -> bool:
    """Tell whether scan and badge ended as the reference says for what held."""
    scan, made = told["scan"], told["badge"]["made"]
    good = (
        (scan["code"] == 0 and made) if sound(told) else (scan["code"] == INCOMPLETE and not made)
    )
    return good and told["unjailed"]["code"] == INCOMPLETE


def scans(told: list[tuple[Setting, dict[str, Any]]]) -> list[str]:
    """Return the table of whole scans."""
    lines = [
        "| setting | scan | verdict | held | missing | badge | scan with --no-jail |",
        "|---|---|---|---|---|---|---|",
    ]
    for setting, t in told:
        scan, made = t["scan"], "made" if t["badge"]["made"] else "refused"
        lines.append(
            f"| {setting.name} | exit {scan['code']} | {scan['verdict']} | "
            f"{', '.join(scan['held']) or '-'} | {'; '.join(scan['missing']) or '-'} | "
            f"{made}, exit {t['badge']['code']} | exit {t['unjailed']['code']}, "
            f"{t['unjailed']['verdict']} |"
        )
    return lines


def run_in(setting: Setting, argv: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a command in a setting."""
    inside = [sys.executable, __file__, "--inside", setting.name, "--"]
    packages = sysconfig.get_paths()["purelib"]
    path = f"{ROOT / 'src'}:{packages}"
    env = {"PATH": os.defpath, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [*setting.wrap, *inside, *argv],
        env=env,
        cwd="/",
        check=False,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )


# --- the page -------------------------------------------------------------------------------------


def holds(told: dict[str, Any]) -> bool:
    """Tell whether nothing got through but what the jail named as missing."""
    missing = {p["name"] for p in told["probes"] if not p["held"]}
    excused = {"a thousand threads"} if "jail: thread-limit" in missing else set()
    return not sound(told) or set(escaped(told)) <= excused


def escaped(told: dict[str, Any]) -> list[str]:
    """Return the attempts that were not stopped."""
    attempts = [p for p in told["probes"] if p["name"].startswith("attempt: ")]
    return [p["name"].removeprefix("attempt: ") for p in attempts if not p["held"]]


def page(told: list[tuple[Setting, dict[str, Any]]], python: str) -> str:
    """Return the proof as markdown."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    ).stdout.strip()
    version = subprocess.run(
        [python, "-c", "import platform; print(platform.python_version())"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    lines = [
        "# What holds a worker, setting by setting",
        "",
        f"Written by `scripts/prove_jail.py` on {datetime.now(UTC):%Y-%m-%d} at commit {commit},",
        f"Linux {platform.release()} {platform.machine()}, Python {version}. Do not edit.",
        "",
        "Each attempt is made inside a worker of the self-test; a unit test makes them without a",
        "jail too and sees them get through. A dash: there was nothing to do in that setting.",
        "",
        "| setting | stands for | attempts stopped | a badge is possible |",
        "|---|---|---|---|",
    ]
    for setting, t in told:
        attempts = [p for p in t["probes"] if p["name"].startswith("attempt: ")]
        lost = escaped(t)
        lines.append(
            f"| {setting.name} | {setting.about} | {len(attempts) - len(lost)} of {len(attempts)} "
            f"| {'yes' if sound(t) else 'no: the scan ends as incomplete'} |"
        )
    lines += ["", "## Mechanisms", "", *table(told, ("jail: ", "machine: "))]
    lines += ["", "## Attempts from inside a worker", "", *table(told, ("attempt: ", "allowed: "))]
    lines += [
        "",
        "## Whole scans",
        "",
        "`pratique scan` and `pratique badge` of a small safetensors folder, in each setting.",
        "",
        *scans(told),
    ]
    return "\n".join(lines) + "\n"


def sound(told: dict[str, Any]) -> bool:
    """Tell whether Landlock and seccomp both held."""
    held = {p["name"] for p in told["probes"] if p["held"]}
    return "jail: seccomp" in held and any(n.startswith("jail: landlock-") for n in held)


def table(told: list[tuple[Setting, dict[str, Any]]], parts: tuple[str, ...]) -> list[str]:
    """Return one row per probe and one column per setting."""
    rows: dict[str, dict[str, str]] = {}
    for setting, t in told:
        for p in t["probes"]:
            if p["name"].startswith(parts):
                good = p["says"] if p["held"] else f"**no**: {p['says']}"
                rows.setdefault(p["name"], {})[setting.name] = good
    head = [s.name for s, _ in told]
    lines = [f"| probe | {' | '.join(head)} |", "|---" * (len(head) + 1) + "|"]
    for name, cells in rows.items():
        lines.append(f"| {name} | {' | '.join(cells.get(h, '-') for h in head)} |")
    return lines


if __name__ == "__main__":
    sys.exit(main())
