"""What a file name inside an archive means to the programs that will write it to disk."""

import re
import unicodedata

LOOKALIKES = str.maketrans(dict.fromkeys("\u2044\u2215\u29f8\u2571\u1735", "/"))
"""Characters that look like a slash and that Unicode's NFKC does not turn into one."""
_DRIVE = re.compile(r"^[A-Za-z]:")


def plain(name: str) -> str:
    """Return the name with forward slashes, without `.` steps, doubled or trailing slashes."""
    parts = name.replace("\\", "/").split("/")
    kept = "/".join(p for p in parts if p not in {"", "."})
    return "/" + kept if name[:1] in {"/", "\\"} else kept


def way_out(name: str) -> str:
    """Say how a name leads out of the folder it is unpacked into; empty when it does not."""
    if "\0" in name:
        return "holds a NUL, where some programs cut it off"
    flat = name.replace("\\", "/")
    if flat.startswith("/"):
        return "is absolute"
    if _DRIVE.match(flat):
        return "begins with a drive letter"
    return "climbs out of its folder" if climbs(flat) else ""


def disguised_way_out(name: str) -> str:
    """Say how a name leads out once its lookalike characters are read as what they look like."""
    shown = unicodedata.normalize("NFKC", name).translate(LOOKALIKES)
    return way_out(shown) if shown != name else ""


def climbs(path: str) -> bool:
    """Tell whether a relative path goes above the folder where it starts."""
    depth = 0
    for part in path.split("/"):
        # Windows drops spaces at the end of a part, so `.. ` is `..` there.
        step = part.rstrip(" ")
        if step == "..":
            depth -= 1
        elif step not in {"", "."}:
            depth += 1
        if depth < 0:
            return True
    return False


def steps_up(name: str) -> bool:
    """Tell whether a name has a `..` step anywhere."""
    return ".." in name.replace("\\", "/").split("/")
