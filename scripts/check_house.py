"""Check the rules of the house that no linter knows: sizes, dependencies, links and the like."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
LINES_MOST = 500
CORE_LINES_MOST = 1500
FLOW_LINES_MOST = 80
DEPENDENCIES_MOST = 11
REASON = re.compile(r"^# longer than 500 lines: \S", re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")
LATER: set[str] = set()
"""Pages that `make bench` and `make eval` write."""
FIXED = re.compile(r"max_examples=\d|derandomize=True")
FRAGMENT = re.compile(r"^(\d+|\+[a-z0-9-]+)\.(feature|bugfix|doc|removal|misc)\.md$")


def tracked(pattern: str) -> Iterator[Path]:
    """Yield the files that git tracks, or would, whose path matches."""
    args = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", pattern]
    told = subprocess.run(args, cwd=ROOT, capture_output=True, text=True, check=True)
    yield from (ROOT / line for line in told.stdout.splitlines() if (ROOT / line).is_file())


def long_files() -> Iterator[str]:
    """Say which Python files are too long and do not tell why."""
    for path in tracked("*.py"):
        text = path.read_text()
        lines = text.count("\n")
        if lines > LINES_MOST and not REASON.search(text):
            yield (
                f"{path.relative_to(ROOT)}: {lines} lines; split it, or say why in a line"
                f" '# longer than {LINES_MOST} lines: ...'"
            )
        if path.parent == ROOT / "src/pratique/flows" and lines > FLOW_LINES_MOST:
            yield f"{path.relative_to(ROOT)}: {lines} lines; a story has at most {FLOW_LINES_MOST}"
    core = sum(path.read_text().count("\n") for path in tracked("src/pratique/core/*.py"))
    if core > CORE_LINES_MOST:
        yield f"src/pratique/core: {core} lines; the core is capped at {CORE_LINES_MOST}"


def dependencies() -> Iterator[str]:
    """Say which dependencies are too many, or not accounted for in docs/dependencies.md."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    core: list[str] = project["project"]["dependencies"]
    if len(core) > DEPENDENCIES_MOST:
        yield f"pyproject.toml: {len(core)} core dependencies; at most {DEPENDENCIES_MOST}"
    extras: dict[str, list[str]] = project["project"].get("optional-dependencies", {})
    groups: dict[str, list[str]] = project.get("dependency-groups", {})
    page = (ROOT / "docs" / "dependencies.md").read_text()
    for asked in [*core, *(one for many in [*extras.values(), *groups.values()] for one in many)]:
        name = re.split(r"[\[<>=!~;, ]", asked, maxsplit=1)[0]
        if f"`{name}`" not in page:
            yield f"docs/dependencies.md: does not say why `{name}` is needed"


def fragments() -> Iterator[str]:
    """Say which changelog fragments towncrier would not take."""
    for path in tracked("changelog.d/*"):
        if path.name == ".gitkeep":
            continue
        if not FRAGMENT.match(path.name):
            yield f"changelog.d/{path.name}: must be ISSUE.KIND.md with a KIND that towncrier knows"
        elif not path.read_text().strip():
            yield f"changelog.d/{path.name}: empty"


def links() -> Iterator[str]:
    """Say which links of a page lead to a file that is not there."""
    for path in tracked("*.md"):
        for aim in LINK.findall(path.read_text()):
            to = (path.parent / aim).resolve()
            if not to.exists() and str(to.relative_to(ROOT.resolve())) not in LATER:
                yield f"{path.relative_to(ROOT)}: links to {aim!r}, which is not there"


def fuzzing() -> Iterator[str]:
    """Say which fuzz tests `make fuzz` could not run for longer."""
    for path in tracked("tests/fuzz/*.py"):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if found := FIXED.search(line):
                yield (
                    f"{path.relative_to(ROOT)}:{number}: {found[0]!r}; write"
                    " max_examples=examples(N) and derandomize=REPEATABLE (harness/fuzzing.py)"
                )


def main() -> int:
    """Print every broken rule; return 1 when there is one."""
    broken = [*long_files(), *dependencies(), *fragments(), *links(), *fuzzing()]
    for line in broken:
        print(line)
    print(f"house rules: {len(broken)} broken" if broken else "house rules: kept")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
