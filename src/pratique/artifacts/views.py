"""Views that the engine itself makes, and those that several readers share."""

from bisect import bisect_right
from dataclasses import dataclass

from pratique.artifacts.reader import Claim, View


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderNote:
    """How one reader fared on a subject. `broke` is empty when it read to the end.

    `carries` tells that the format lets an archive stand behind its last byte.
    """

    reader: str
    kind: str
    claims: tuple[Claim, ...]
    broke: str = ""
    broke_at: int = 0
    over_limit: bool = False
    carries: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout(View):
    """Which reader claimed which bytes of one subject, and what nobody claimed.

    `gaps` are (start, end, kind) of unclaimed runs, kind being `zeros` or `bytes`; at most 100.
    `size` is the subject's.
    """

    size: int
    readers: tuple[ReaderNote, ...]
    gaps: tuple[tuple[int, int, str], ...]
    opaque: bool = False


@dataclass(frozen=True, slots=True)
class TensorSpan:
    """One tensor's bytes in a subject: `dtype` as numpy-like word (`bf16`, `f32`, `q4_1`, ...)."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorTable(View):
    """The tensors of one subject, in file order. `source` is the reader's name.

    `metadata` are the header's own (key, value) texts.
    """

    source: str
    tensors: tuple[TensorSpan, ...]
    metadata: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class HeaderProblem:
    """One way in which a header breaks its format: `kind` is a word that rules choose by.

    Kinds: `lie`, `duplicate`, `overlap`, `gap`, `hidden`. `at` is a byte offset, `tensor` a name.
    """

    kind: str
    says: str
    at: int = 0
    tensor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorHeader(View):
    """How a tensor file's header fares against its own format; `problems` are at most 100.

    `source` is the reader's name, `size` the length of the header in bytes.
    """

    source: str
    size: int
    problems: tuple[HeaderProblem, ...]


@dataclass(frozen=True, slots=True)
class TensorStats:
    """What one pass over one tensor saw, in elements.

    `minimum` and `maximum` are over finite values, and 0.0 where the type is not decoded
    (`decoded` False).
    """

    span: TensorSpan
    elements: int
    nan: int
    inf: int
    zeros: int
    constant: bool
    minimum: float
    maximum: float
    decoded: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightStatistics(View):
    """Statistics of every tensor of one subject, from the one pass over its bytes."""

    tensors: tuple[TensorStats, ...]


@dataclass(frozen=True, slots=True)
class TextRun:
    """Readable text at `start` to `end` inside one tensor; `begins` is its first words.

    `sample` are its first few kilobytes.
    """

    start: int
    end: int
    tensor: TensorSpan
    begins: str
    sample: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorText(View):
    """Readable text in the tensors of one subject, from the one pass over its bytes."""

    runs: tuple[TextRun, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NativeProgram(View):
    """The subject itself is a program or library for a processor or a virtual machine."""

    what: str
    detail: str


@dataclass(frozen=True, slots=True)
class SignatureHit:
    """A known file header at `at`, already checked for structure: `what` is `elf`, `pe`, ...

    `length` is what the embedded file says of its own size, 0 where it does not.
    """

    what: str
    at: int
    length: int
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureHits(View):
    """Executables and archives whose headers stand inside one subject's bytes.

    `regions` are the (start, end) byte runs that hold tensor elements.
    """

    hits: tuple[SignatureHit, ...]
    regions: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class UserMatch:
    """One rule of the user's that matches: where it stands, what it is called and says of itself.

    `at` is the first match of any of its patterns, 0 where it has none.
    """

    file: str
    rule: str
    severity: str
    says: str
    tags: tuple[str, ...]
    at: int
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UserMatches(View):
    """What the user's own rules find in a subject; there is no such view without such rules."""

    matches: tuple[UserMatch, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ByteText(View):
    """Runs of text out of bytes that are neither text nor tensors, where credentials may stand.

    `runs` are (byte offset, the bytes as Latin-1).
    """

    runs: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TextView(View):
    """A text, decoded. `origin` says where it came from: `file`, `gguf:KEY`, `json:PATH`, ...

    `base` is the byte offset of the text in its subject.
    """

    text: str
    origin: str = "file"
    base: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelText(TextView):
    """Texts out of a model's own data, a line each: names, settings, attributes; never its words.

    `marks` are (position in the text, byte offset) of where each text begins, in order.
    """

    marks: tuple[tuple[int, int], ...] = ()

    def place(self, position: int) -> int:
        """Return the byte offset at which the text that holds this position begins."""
        index = bisect_right(self.marks, (position, 1 << 63)) - 1
        return self.marks[index][1] if index >= 0 else self.base


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeProblems(View):
    """How a model of decision trees contradicts itself; `problems` are at most 100.

    `source` is the reader's name, `trees` how many trees were looked at.
    """

    source: str
    trees: int
    problems: tuple[HeaderProblem, ...]


@dataclass(frozen=True, slots=True)
class HostCall:
    """A place where a model asks its host for code: `sort` is the format's word for it."""

    sort: str
    name: str
    at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HostCode(View):
    """Classes and functions that a model names and does not bring: the application has them."""

    calls: tuple[HostCall, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateView(View):
    """A Jinja template's source. `origin` as in TextView; `base` its byte offset."""

    source: str
    origin: str
    base: int = 0


@dataclass(frozen=True, slots=True)
class RepositoryFile:
    """One file as a repository rule sees it: facts are (kind, chain, data)."""

    path: str
    digest: str
    size: int
    facts: tuple[tuple[str, tuple[str, ...], object], ...]

    def fact(self, kind: str) -> object | None:
        """Return the data of the file's own first fact of this kind, or None."""
        return next((d for k, chain, d in self.facts if k == kind and not chain), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository(View):
    """All files of an artifact by their facts: names, digests and what readers told of them.

    `said` are (kind, data) pairs about the whole: what was intended and how checks of it came out.
    """

    files: tuple[RepositoryFile, ...]
    said: tuple[tuple[str, object], ...] = ()

    def named(self, path: str) -> RepositoryFile | None:
        """Return the file at this path, or None."""
        return next((f for f in self.files if f.path == path), None)
