"""Which files list components, by their names: one table for who reads them and who misses them."""

import re

_LISTS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (sort, re.compile(pattern))
    for sort, pattern in (
        (
            "requirements",
            r"(?:.*[-_.])?(?:requirements?|reqs|constraints)(?:[-_.].*)?\.(?:txt|in|pip)",
        ),
        ("python_env", r"python_env\.ya?ml"),
        ("mlmodel", r"mlmodel"),
        ("conda", r"(?:conda|environment)[\w.-]*\.ya?ml|env\.ya?ml"),
        ("dockerfile", r"(?:dockerfile|containerfile)(?:[.-].*)?|.*\.(?:docker|container)file"),
        ("card", r"readme\.md"),
        ("setup_cfg", r"setup\.cfg"),
        ("pyproject", r"pyproject\.toml"),
        ("python_lock", r"(?:poetry|uv|pdm)\.lock|pylock(?:\.[^.]+)?\.toml"),
        ("cargo_lock", r"cargo\.lock"),
        ("pipfile", r"pipfile"),
        ("package_json", r"package\.json"),
        ("package_lock", r"(?:package-lock|npm-shrinkwrap)\.json"),
        ("pipfile_lock", r"pipfile\.lock"),
    )
)
_METADATA = re.compile(r"(?:.*/)?[^/]+\.(?:dist-info/metadata|egg-info/pkg-info)|(?:.*/)?pkg-info")
_FOLDER = re.compile(r"(?:.*/)?requirements/.*\.(?:txt|in|pip)")

KINDS = {
    **dict.fromkeys(
        [
            "requirements",
            "metadata",
            "python_env",
            "mlmodel",
            "conda",
            "dockerfile",
            "card",
            "setup_cfg",
        ],
        "text",
    ),
    **dict.fromkeys(["pyproject", "python_lock", "cargo_lock", "pipfile"], "toml"),
    **dict.fromkeys(["package_json", "package_lock", "pipfile_lock"], "json"),
}
"""The kind of fact that tells what a list of each sort says."""

OPTIONAL = frozenset(["card", "package_json", "setup_cfg"])
"""Sorts of files that may as well be about something else: nothing is missed without them."""


LISTED = "listed"
"""The kind of fact that says that a member of an archive lists components by its name."""


def sort_of(path: str) -> str:
    """Return the sort of list that a file is by its name, empty for none.

    `path` may have members of archives after `!`.
    """
    inner = path.rpartition("!")[2].lower()
    if _METADATA.fullmatch(inner):
        return "metadata"
    if _FOLDER.fullmatch(inner):
        return "requirements"
    name = inner.rpartition("/")[2]
    return next((sort for sort, pattern in _LISTS if pattern.fullmatch(name)), "")
