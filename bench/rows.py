"""One line of a benchmark's result."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the result. `most` or `least` is the bound; neither for what is only reported."""

    what: str
    value: float
    unit: str
    most: float | None = None
    least: float | None = None

    @property
    def kept(self) -> bool:
        """Tell whether the bound holds."""
        return (self.most is None or self.value <= self.most) and (
            self.least is None or self.value >= self.least
        )

    def shown(self) -> str:
        """Return the row in Markdown."""
        bound = (
            f"<= {self.most:g}" if self.most else f">= {self.least:g}" if self.least else "reported"
        )
        said = "" if bound == "reported" else "kept" if self.kept else "**BROKEN**"
        return f"| {self.what} | {self.value:.3g} {self.unit} | {bound} | {said} |"
