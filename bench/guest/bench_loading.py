"""The guest of the recorder's benchmark: loads one checkpoint and tells how long that took."""

import time
from collections.abc import Callable, Mapping
from typing import Any


def serve(request: Mapping[str, Any], send: Callable[[Mapping[str, Any]], None]) -> None:
    """Import torch, then load the file once to have it in memory, then once more and tell."""
    import torch  # noqa: PLC0415 - this runs in the sandbox

    best = float("inf")
    for _ in range(2):
        began = time.perf_counter()
        torch.load(request["path"], weights_only=False)
        best = min(best, time.perf_counter() - began)
    send({"seconds": best})
