"""Where results, fetched files and learnt baselines are kept when nobody says otherwise."""

import os
from pathlib import Path


def default_cache() -> Path | None:
    """Return the caller's own cache folder, None where there is no home to keep one in."""
    try:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        folder = Path(base) / "pratique"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (OSError, RuntimeError):
        return None
    return folder if os.access(folder, os.W_OK) else None
