"""One run against a sandbox of paper: what is believed of a guest, and what is not."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import pytest

from pratique.core.errors import WorkerError
from pratique.core.jail import JailReport
from pratique.core.trace import Condition, Ending, Event
from pratique.sandbox.detonate import CONDITIONS
from pratique.sandbox.detonate.baseline import Baseline
from pratique.sandbox.detonate.conditions import named
from pratique.sandbox.detonate.episode import Episode, Errand, Stage, judged, play
from pratique.sandbox.port import Job, Offer, Tier

Frames = list[dict[str, Any]]
PLACES = {"python": ["/opt/py"], "home": "/home/ml", "tmp": "/tmp"}
PREPARED: Frames = [
    {"phase": "import"},
    {"version": "torch 9", "places": PLACES},
    {"phase": "load"},
]
RUN: Frames = [
    {"loaded": True},
    {"phase": "infer"},
    {"inferred": True},
    {"phase": "idle"},
    {"phase": "exit"},
    {"exit": True},
]


class Paper:
    """A sandbox and its inmate in one: says what a test wants it to say."""

    tier = Tier.JAIL
    report = JailReport(tier="jail")

    def __init__(self, answer: Callable[[str], Frames], left: str = "", why: str = "") -> None:
        self.answer, self.left, self.why = answer, left, why
        self.asked: list[Mapping[str, Any]] = []
        self.closed = False

    def offer(self) -> Offer:
        return Offer(self.tier, usable=True, says="")

    def start(self, job: Job) -> Self:
        assert job.record
        return self

    def ask(self, request: Mapping[str, Any], deadline_s: float) -> Iterator[dict[str, Any]]:
        assert deadline_s > 0
        self.asked.append(request)
        for frame in self.answer(request["do"]):
            yield {"token": request["token"], **frame}
        if self.why and request["do"] == "run":
            raise WorkerError("it ended", self.why)

    def finish(self, deadline_s: float) -> str:
        assert deadline_s > 0
        return self.left

    def close(self) -> None:
        self.closed = True

    def trace(self) -> tuple[tuple[Event, ...], bool]:
        assert self.closed
        return (Event(1, "connect", 1, "import"), Event(2, "connect", 1, "load")), False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *args: object) -> None:
        self.close()


def played(sandbox: Paper, idle_s: float = 0.0) -> Episode:
    stage = Stage(sandbox, Path("/usr/bin/python3"))
    return play(stage, Errand("torch", "a.pt", Condition(), idle_s=idle_s), 5)


def saying(run: Frames, prepared: Frames = PREPARED) -> Callable[[str], Frames]:
    return lambda do: prepared if do == "prepare" else run


def test_a_run_to_the_end_is_finished_and_what_it_said_is_kept() -> None:
    found = played(Paper(saying(RUN)))
    assert (found.run.ending, found.run.inferred, found.loaded) == (Ending.FINISHED, True, True)
    assert found.run.version == "torch 9"
    assert found.places.home == "/home/ml"


@pytest.mark.parametrize("part", [[], ["a"], ["a", "b", "c"], {"a": "b"}, "ab", None])
def test_a_part_of_another_shape_is_not_taken(part: object) -> None:
    found = played(Paper(saying([{"part": part}, {"part": ["b.bin", "no tensor"]}, *RUN])))
    assert found.run.ending is Ending.FINISHED
    assert found.parts == (("b.bin", "no tensor"),)


@pytest.mark.parametrize(
    ("run", "why"),
    [
        ([{"token": "mine", "exit": True}, *RUN], "a frame that the detonator did not write"),
        ([{"phase": "import"}, *RUN], "out of order"),
        ([{"phase": "load"}, *RUN], "out of order"),
        ([{"phase": "party"}, *RUN], "out of order"),
        (RUN[:2], "the answer ended before the run did"),
        ([], "the answer ended before the run did"),
        ([{"loaded": True}] * 30_000, "more than 20000 frames"),
    ],
)
def test_a_guest_that_forges_frames_is_told_as_such(run: Frames, why: str) -> None:
    found = played(Paper(saying(run)))
    assert found.run.ending is Ending.PROTOCOL
    assert why in found.run.says


def test_an_end_before_the_detonator_could_have_waited_is_forged() -> None:
    found = played(Paper(saying(RUN)), idle_s=1.0)
    assert found.run.ending is Ending.PROTOCOL
    assert "sooner" in found.run.says


def test_places_and_version_are_not_believed_once_the_model_was_opened() -> None:
    late = {"version": "evil", "places": {**PLACES, "python": ["/"]}}
    found = played(Paper(saying([late, *RUN])))
    assert found.run.version == "torch 9"
    assert found.places.python == ("/opt/py",)


def test_the_model_is_named_in_the_second_request_alone_to_the_loader() -> None:
    sandbox = Paper(saying(RUN))
    played(sandbox)
    assert [request["do"] for request in sandbox.asked] == ["prepare", "run"]


@pytest.mark.parametrize(
    ("left", "ending"),
    [
        ("still ran after 5 s", Ending.DEADLINE),
        ("was killed by SIGSEGV", Ending.CRASHED),
        ("ended with exit code 3", Ending.CRASHED),
    ],
)
def test_how_the_process_left_is_a_part_of_its_ending(left: str, ending: Ending) -> None:
    found = played(Paper(saying(RUN), left=left))
    assert found.run.ending is ending
    assert left in found.run.says


@pytest.mark.parametrize("why", ["crashed", "deadline", "memory", "protocol"])
def test_an_inmate_that_ends_early_is_told_with_its_events(why: str) -> None:
    found = played(Paper(saying(RUN[:1]), why=why))
    assert found.run.ending is Ending(why)
    assert len(found.run.events) == 2


def test_a_loader_that_raises_has_failed_and_one_that_cannot_guess_has_not() -> None:
    raised = played(Paper(saying([{"failed": "ValueError: no"}, *RUN[3:]]))).run
    assert (raised.ending, raised.says) == (Ending.FAILED, "ValueError: no")
    unfit = played(Paper(saying([*RUN[:2], {"raised": "TypeError: no"}, *RUN[3:]]))).run
    assert (unfit.ending, unfit.inferred) == (Ending.FINISHED, False)
    assert "TypeError" in unfit.says
    memory = played(Paper(saying([{"failed": "MemoryError: ", "memory": True}, *RUN[3:]]))).run
    assert memory.ending is Ending.MEMORY


def test_a_loader_that_does_not_import_is_refused() -> None:
    broken: Frames = [{"phase": "import"}, {"failed": "ImportError: libcuda"}]
    found = played(Paper(saying(RUN, broken)))
    assert (found.run.ending, found.loaded) == (Ending.REFUSED, False)


def test_only_what_a_baseline_does_not_explain_is_left_and_the_rest_is_counted() -> None:
    found = played(Paper(saying(RUN)))
    run = judged(found, Baseline("torch", "torch 9", frozenset(), "shipped"))
    assert ([e.phase for e in run.events], run.normal) == (["load"], 1)
    assert run.baseline == "torch@torch 9, shipped"
    assert judged(found, None).baseline.endswith("nothing known")


def test_words_of_the_guest_are_cut_and_made_printable() -> None:
    found = played(Paper(saying([{"failed": "\x1b[2J" + "x" * 9_000}, *RUN[3:]])))
    assert "\x1b" not in found.run.says
    assert len(found.run.says) <= 500


def test_the_matrix_changes_clock_user_host_locale_and_inputs() -> None:
    assert {c.clock_s // 86_400 for c in CONDITIONS} >= {0, 1, 90, 730}
    for word in ("user", "host", "locale"):
        assert len({getattr(c, word) for c in CONDITIONS}) >= 3
    assert len({c.inputs for c in CONDITIONS}) == len(CONDITIONS)
    assert [c.name for c in named(("in-2-years", "now"))] == ["now", "in-2-years"]
    with pytest.raises(KeyError):
        named(("in-a-parallel-world",))
