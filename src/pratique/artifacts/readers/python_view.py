"""What a Python source does, as rules see it."""

from dataclasses import dataclass

from pratique.artifacts.reader import View


@dataclass(frozen=True, slots=True)
class PythonCall:
    """One call. `callee` is resolved through imports, `getattr` and the like.

    `args` and `keywords` hold constants as text (empty where unknown); `inner` the callees of calls
    inside the arguments, also through local variables. `when` is `import`, `function` (only
    when somebody calls it) or `main`. `hidden` tells that the name was assembled from pieces.
    """

    callee: str
    line: int
    when: str
    args: tuple[str, ...] = ()
    keywords: tuple[tuple[str, str], ...] = ()
    inner: tuple[str, ...] = ()
    hidden: bool = False
    function: str = ""
    """The outermost function that the call stands in, empty at the top."""


@dataclass(frozen=True, slots=True)
class PythonText:
    """One constant text or bytes that matters by its size or place: `what` is cut."""

    what: str
    length: int
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonModule(View):
    """A Python module's imports, calls and long constants, in source order."""

    imports: tuple[tuple[str, int, str], ...]
    """(dotted name, line, when)."""
    calls: tuple[PythonCall, ...]
    texts: tuple[PythonText, ...]
    strings: tuple[tuple[str, int], ...]
    """Short constants that are paths, addresses or commands, with their line."""
    lines: tuple[str, ...] = ()
    """Lines with control characters that display in another order than they run."""
    handed: tuple[tuple[str, int, str], ...] = ()
    """(dotted name, line, when) of functions of telling modules, named but not called."""
    classes: tuple[str, ...] = ()
    """The names of classes and of what they derive from."""
    functions: tuple[str, ...] = ()
    """The names of functions and methods that hold a call."""
    exports: tuple[tuple[str, str], ...] = ()
    """(name, what it stands for) of names that the module gives to functions of telling modules."""
    replaced: tuple[tuple[str, int, str], ...] = ()
    """(dotted name, line, when) of functions of other modules that the module replaces."""
    acting: tuple[tuple[str, int], ...] = ()
    """(text, line) of constants that are themselves Python which imports or runs something."""
    disguised: tuple[tuple[str, str, int, str], ...] = ()
    """(as written, what it looks like, line, how) of names in letters that look like others."""
    encoding: str = ""
    """What the source declares itself to be written in; empty where it declares nothing."""
