"""What programs pickle every day says nothing; the same makers in other hands do."""

import functools
import itertools
import operator
import pickle
import statistics
import time
from collections.abc import Iterable

import pytest

from harness.inspecting import subject_of
from harness.make_pickles import call, data, glob, stream, text
from pratique.artifacts.readers.pickle.reader import PickleReader
from pratique.artifacts.readers.pickle.view import PickleStream
from pratique.core.finding import Severity
from pratique.detectors.malware.pickle_dangerous_call import PickleDangerousCall
from pratique.detectors.malware.pickle_dangerous_import import PickleDangerousImport
from pratique.detectors.malware.pickle_unknown_import import PickleUnknownImport

DETECTORS = (PickleDangerousImport(), PickleDangerousCall(), PickleUnknownImport())
ORDINARY = {
    "iterators": [iter([1]), iter("ab"), enumerate([1]), reversed([1]), itertools.count(3)],
    "chained": [zip([1], [2], strict=False), itertools.chain([1], [2]), map(abs, [1])],
    "getters": [operator.itemgetter(1, "a"), operator.attrgetter("a.b"), operator.mul],
    "method": [operator.methodcaller("lower"), operator.methodcaller("split", ",", 1)],
    "bound": [", ".join, "a".upper, str.lower],
    "partial": [functools.partial(operator.mul, 2), functools.partial(max, 1)],
    "numbers": [statistics.NormalDist(0, 1), time.gmtime(0), FileNotFoundError(2, "x")],
}


def worst(body: bytes) -> Severity:
    """Return the worst that the rules on imports and calls say of a pickle."""
    views = [i for i in PickleReader().read(subject_of(body)) if isinstance(i, PickleStream)]
    found: Iterable[Severity] = (f.severity for v in views for d in DETECTORS for f in d.inspect(v))
    return max(found, default=Severity.INFO)


@pytest.mark.parametrize("name", ORDINARY)
@pytest.mark.parametrize("protocol", [4, 5])
def test_ordinary_values_say_nothing(name: str, protocol: int) -> None:
    assert worst(pickle.dumps(ORDINARY[name], protocol)) <= Severity.LOW


@pytest.mark.parametrize(
    "body",
    [
        call("builtins", "map", glob("os", "system"), data(b"id")),
        call("builtins", "map", glob("builtins", "getattr"), data(b"id")),
        call("itertools", "starmap", call("operator", "methodcaller", text("run")), data(b"id")),
        call("operator", "attrgetter", text("__class__.__base__")),
        call("operator", "attrgetter", text("a.__globals__")),
        call("operator", "itemgetter", text("__builtins__")),
        call("builtins", "getattr", text("{0.x}"), text("format")),
        glob("operator", "call"),
        glob("torch._C", "_VariableFunctionsClass.from_file"),
        glob("torch._C", "_jit_set_profiling_mode"),
    ],
)
def test_what_reaches_further_is_critical(body: bytes) -> None:
    assert worst(stream(body)) is Severity.CRITICAL


@pytest.mark.parametrize(
    "body",
    [
        glob("torch.distributed.checkpoint.metadata", "Metadata"),
        glob("torch.utils.data.sampler", "RandomSampler"),
        glob("torch._C", "_VariableFunctionsClass.relu"),
        glob("scipy.stats._continuous_distns", "norm_gen"),
    ],
)
def test_what_libraries_write_says_nothing(body: bytes) -> None:
    assert worst(stream(body)) is Severity.INFO
