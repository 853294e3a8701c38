"""Every error Pratique raises on purpose.

* PratiqueError            everything below; the CLI turns it into one line and an exit code
  * ArtifactError          the *input* is at fault: broken, hostile or over a limit
    - MalformedError       the bytes break the rules of the format they claim to be
    - LimitExceededError   a byte, count, depth or time budget ran out
    - ChangedError         the file changed while it was read
    - NotRegularError      a FIFO, a device, a socket, a dangling or looping link
  * MachineError           this *machine* cannot do what was asked
    - JailError            an isolation mechanism is missing or failed
    - WorkerError          a worker crashed, hung, or ran out of its budget
  * UsageError             the *caller* asked for something that makes no sense
  * EvidenceError          a signature, digest, statement or badge does not hold
  * BugError               *we* are at fault: a reader or a rule broke its own contract
"""

INSTEAD = "take the part out, scan it by itself, or ask the publisher for a simpler file"
_RAISED_BY = (
    ("deadline", "--deadline 600"),
    ("no full answer within", "--deadline 600"),
    ("unpacks to more than", "--max-expanded 64GiB"),
)


def raised_by(why: str) -> str:
    """Return the option that raises the limit that `why` tells of, empty where there is none."""
    if why.endswith("times its size"):
        return ""
    return next((option for words, option in _RAISED_BY if words in why), "")


class PratiqueError(Exception):
    """Base of every error raised on purpose."""

    def hint(self) -> str:
        """Say what the operator can do about it."""
        return "run again with --verbose for details"


class ArtifactError(PratiqueError):
    """The artifact is broken or hostile."""

    def hint(self) -> str:
        """Say what the operator can do about it."""
        return "ask the publisher for an intact copy; do not load this one"


class MalformedError(ArtifactError):
    """The bytes break the rules of the format; `at` is the byte offset where it shows."""

    def __init__(self, says: str, at: int = 0) -> None:
        super().__init__(says)
        self.at = at


class LimitExceededError(ArtifactError):
    """A byte, count, depth or time budget ran out while reading hostile input."""

    def hint(self) -> str:
        """Say what the operator can do about it."""
        option = raised_by(str(self))
        if option:
            return f"the rest was not verified; for a source you know, scan with {option}"
        return "the rest was not verified, and this version does not raise that limit: " + INSTEAD


class ChangedError(ArtifactError):
    """The file changed while it was read, so nothing said of it holds."""

    def hint(self) -> str:
        """Say what the operator can do about it."""
        return "scan a copy that nobody writes to"


class NotRegularError(ArtifactError):
    """The path is no regular file, so it was not opened."""

    def hint(self) -> str:
        """Say what the operator can do about it."""
        return "a model is made of regular files; remove it or replace it by its content"


class MachineError(PratiqueError):
    """This machine cannot do what was asked."""

    def hint(self) -> str:
        """Say what the operator can do about it."""
        return "see `pratique self-test` for what this machine offers"


class JailError(MachineError):
    """An isolation mechanism is missing or failed."""


class WorkerError(MachineError):
    """A worker crashed, hung or ran out of its budget; `why` is one of the words below."""

    def __init__(self, says: str, why: str = "crashed") -> None:
        super().__init__(says)
        self.why = why


class UsageError(PratiqueError):
    """The caller asked for something that makes no sense."""

    def hint(self) -> str:
        """Say what the operator can do about it."""
        return "see `pratique --help`"


class EvidenceError(PratiqueError):
    """A signature, a digest, a statement or a badge does not hold."""

    def hint(self) -> str:
        """Say what the operator can do about it."""
        return "treat the model as unverified: scan it again from a source you trust"


class BugError(PratiqueError):
    """A reader or a rule broke its own contract."""

    def hint(self) -> str:
        """Say what the operator can do about it."""
        return "please report this with the command and, if you may, the file's digest"
