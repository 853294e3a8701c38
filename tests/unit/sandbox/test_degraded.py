"""On a machine that lacks a mechanism the report names it, and what is there still holds."""

import pytest

from pratique.core.errors import WorkerError
from pratique.core.limits import MiB
from pratique.sandbox.workers import Zygote


@pytest.mark.parametrize(
    ("program", "missing", "why", "sound"),
    [
        ("no_landlock", {"landlock"}, "ENOTSUP", False),
        ("half_landlock", {"landlock"}, "opening a folder was still possible", False),
        ("no_seccomp", {"seccomp"}, "ENOSYS", False),
        (
            "no_namespaces",
            {"net-namespace", "ipc-namespace", "uts-namespace", "user-namespace"},
            "",  # EPERM, or the user namespace that an ordinary user lacks
            True,
        ),
        ("no_pidfd", set(), "", True),
    ],
)
def test_what_is_missing_is_named(
    program: str, missing: set[str], why: str, *, sound: bool
) -> None:
    with Zygote.start(f"harness.programs.{program}", heap=256 * MiB) as zygote:
        report = zygote.report
        assert missing <= {name for name, _ in report.missing}
        assert all(why in reason for name, reason in report.missing if name in missing)
        assert not {name.split("-")[0] for name in report.held} & missing
        assert report.sound is sound
        assert report.tier == "jail"
        assert {"rlimits", "no-new-privs", "no-capabilities"} <= set(report.held)
        with zygote.worker() as worker:
            assert list(worker.ask({"do": "echo"}, [], 10))
            with pytest.raises(WorkerError) as raised:
                list(worker.ask({"do": "spin"}, [], 0.2))
            assert raised.value.why == "deadline"
