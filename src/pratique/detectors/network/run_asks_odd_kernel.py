"""NET011 run-asks-odd-kernel."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.traces import DetonationTrace
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.core.trace import Event
from pratique.detectors.base import Detector
from pratique.detectors.network.acts import acts, deed, said, told
from pratique.detectors.network.dormant import is_plain

_GRAVE = frozenset(
    {
        *("ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "perf_event_open"),
        *("bpf", "io_uring_setup", "init_module", "finit_module", "kexec_load", "kexec_file_load"),
        *("mount", "umount", "umount2", "move_mount", "fsopen", "open_tree", "pivot_root"),
        *("chroot", "setns", "unshare", "open_by_handle_at", "iopl", "ioperm", "reboot", "swapon"),
    }
)
_LIGHT = {
    "a socket of family netlink, type raw": Severity.MEDIUM,  # the C library's, for names
    "memfd_create": Severity.LOW,
    "memfd_secret": Severity.LOW,
    "setpgid": Severity.LOW,
    "setsid": Severity.MEDIUM,
    "PR_SET_CHILD_SUBREAPER": Severity.MEDIUM,
    "PR_SET_PDEATHSIG": Severity.MEDIUM,
}


def _key(word: str, event: Event) -> str | None:
    return _asked(word, event) or None


def _asked(word: str, event: Event) -> str:
    if word == "kernel":
        return said(event, "name") or "an unnamed call"
    if word == "socket" and not is_plain(word, event):
        family, kind = event.word("family"), event.word("type")
        return f"a socket of family {family or 'unknown'}" + (f", type {kind}" if kind else "")
    return ""


def _weight(name: str) -> Severity | None:
    return Severity.CRITICAL if name in _GRAVE else _LIGHT.get(name)


class RunAsksOddKernel(Detector[DetonationTrace]):
    """A model asks the kernel for what no loader needs.

    ## What it looks for
    Tracing and reading other processes, rings of asynchronous calls, programs for the kernel,
    mounts and namespaces, key rings, page faults handled by the program, raw and virtual-machine
    sockets, programs in memory. A process that leaves its session is a medium finding, a file in
    memory alone, which some libraries use, a low one.

    ## Why it matters
    These are the doors by which programs leave a sandbox, hide what they do, or read what belongs
    to others. No loader of weights opens one.

    ## What to do
    Do not load the model outside of a microVM. Read the stack, if there is one, to see who asked.

    ## What it cannot see
    Faults of the kernel that are used through ordinary calls.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("NET011"),
        slug="run-asks-odd-kernel",
        stage=Stage.NETWORK,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-250",
            "CWE-693",
            "ATLAS:AML.T0018.002",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[DetonationTrace]] = DetonationTrace

    def inspect(self, view: DetonationTrace) -> Iterator[Finding]:
        """Report each once for a loader and a file."""
        for act in acts(view, _key):
            name = _asked(deed(act.event), act.event)
            yield told(type(self), act, f"asks for {name} {act.when()}", _weight(name), call=name)
