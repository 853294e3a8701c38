"""What readers of computation graphs show: which operators there are, fed by what, run when."""

from dataclasses import dataclass

from pratique.artifacts.reader import View

AT_LOAD, WHEN_CALLED = "load", "call"


@dataclass(frozen=True, slots=True)
class OperatorUse:
    """One sort of use of one operator in a graph.

    `node` is the first that does it, `scope` the function it stands in (empty: the graph itself),
    `at` its byte offset. `runs` is `load` where loading alone runs it, `call` otherwise. `texts`
    are (where, value) of the constant texts that it is given: `input:0`, `attr:NAME`; `fed` counts
    its inputs whose value no constant decides.
    """

    op: str
    node: str = ""
    scope: str = ""
    at: int = 0
    count: int = 1
    runs: str = WHEN_CALLED
    texts: tuple[tuple[str, str], ...] = ()
    fed: int = 0

    def text(self, where: str) -> str:
        """Return the constant text that stands at an input or attribute, empty for none."""
        return next((value for key, value in self.texts if key == where), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphOperators(View):
    """Every operator of one model.

    `format` is `savedmodel`, `metagraph`, `graphdef`, `tflite` or `tfjs`. `files` are (what, path)
    of files beside it that the model names. Operators that only compute are one use for each name.
    """

    format: str
    uses: tuple[OperatorUse, ...]
    files: tuple[tuple[str, str], ...] = ()
    functions: frozenset[str] = frozenset()
