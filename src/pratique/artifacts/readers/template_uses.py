"""What may be told of a template, within bounds."""

from dataclasses import dataclass

MAX_NODES = 200_000
MAX_USES = 20_000
MAX_WORDS = 2_000


@dataclass(frozen=True, slots=True)
class Use:
    """One thing that a template does.

    `kind` is one of: `attribute` (`what` its folded name, empty when only known at run time),
    `name`, `call` (`what` the dotted callee), `import`, `loop` and `repeat` (`count` times),
    `words` (text it writes or compares), `gate` (`what` the phrase it waits for in a message or a
    date, `detail` what it then writes). `built` tells that a name was assembled from pieces.
    """

    kind: str
    what: str
    line: int
    detail: str = ""
    built: bool = False
    count: int = 0


@dataclass(frozen=True, slots=True)
class Template:
    """All uses of one template; `broke` says why it could not be parsed or not to its end."""

    uses: tuple[Use, ...] = ()
    broke: str = ""
    line: int = 0
    logic: bool = False
