"""Paths as events tell them: which event changes which, and where that is usual."""

import posixpath
import re
from typing import Final

from pratique.core.trace import Event

VERBS: Final = {
    "open": "writes",
    "remove": "removes",
    "rename": "moves something to",
    "link": "links",
    "symlink": "links",
    "mkdir": "makes the folder",
    "chmod": "changes the rights of",
    "chown": "changes the owner of",
    "truncate": "cuts",
    "utime": "changes the times of",
}
_DETOUR: Final = re.compile(r"/+proc/+(?:self|thread-self|\d+)/+root(?=/|$)")
_MOVES: Final = frozenset({"rename", "link"})
"""Here `to` is the new path; of a symbolic link it is what the link names."""

_TEMPORARY: Final = ("/tmp/", "/var/tmp/", "/dev/shm/")  # noqa: S108 - names, nothing is made there
_DEVICES: Final = frozenset(
    {"/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/dev/stdout", "/dev/stderr", "/tmp",  # noqa: S108
     "/var/tmp", "/dev/shm", "/dev/ptmx"}  # noqa: S108
)  # fmt: skip
_FOREIGN: Final = (*_TEMPORARY, "/model/", "/models/", "/proc/", "/memfd:")
_HOMES: Final = ("/home/", "/root/")
_INSTALLED: Final = re.compile(r"/(?:site|dist)-packages/|/lib(?:64)?/python3")

_PERSISTENT: Final = re.compile(
    r"(?i)/\.(?:bashrc|bash_profile|bash_login|bash_logout|profile|zshrc|zshenv|zprofile|zlogin"
    r"|xinitrc|xprofile|inputrc|vimrc|tmux\.conf|gitconfig|pythonrc(?:\.py)?|pam_environment)$"
    r"|^/etc/(?:cron|profile|bash\.bashrc|zsh|environment|rc\.local|init\.d|ld\.so\.|sudoers"
    r"|systemd/|pam\.d/|xdg/autostart|passwd|shadow|ssh/)"
    r"|^/var/spool/(?:cron|at)|/systemd/(?:user|system)/|/\.config/(?:autostart|fish|environment\.d)"
    r"|/\.ssh/|/\.git/hooks/"
    r"|/(?:sitecustomize|usercustomize)(?:\.py|/)|/(?:site|dist)-packages/|\.pth$"
    r"|/\.(?:ipython|jupyter)/|/startup/\d\d-.*\.py$|/\.local/(?:bin|lib)/"
    r"|^/(?:usr/)?(?:local/)?s?bin/|^/(?:usr/)?(?:local/)?lib(?:32|64)?/"
)


def changed(word: str, event: Event) -> str:
    """Return the path that an event makes, changes or removes; empty where it changes none."""
    if word == "open":
        mode = event.word("mode")
        return plain(event.word("path")) if mode in {"write", "create"} else ""
    if word not in VERBS:
        return ""
    return plain(event.word("to") if word in _MOVES and event.word("to") else event.word("path"))


def plain(path: str) -> str:
    """Return a path without detours: `..`, empty parts, or the way through a process's root."""
    while found := _DETOUR.match(path):
        path = path[found.end() :] or "/"
    return posixpath.normpath(path) if path else ""


def is_temporary(path: str) -> bool:
    """Tell whether a path is where anything may be written, and nothing stays."""
    return path.startswith((*_TEMPORARY, "/proc/self/fd/")) or path in _DEVICES


def is_persistent(path: str) -> bool:
    """Tell whether what lies at a path is run, or lets somebody in, later."""
    return _PERSISTENT.search(path) is not None


def is_foreign(path: str) -> bool:
    """Tell whether no package manager has put a library there."""
    whole = plain(path)
    installed = _INSTALLED.search(whole) is not None
    return whole.startswith(_FOREIGN) or (whole.startswith(_HOMES) and not installed)
