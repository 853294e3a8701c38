"""The program of the escape suite: makes attempts one by one, and tells before and after each."""

from collections.abc import Mapping
from typing import Any

from pratique.sandbox.guest.escape import catalogue
from pratique.sandbox.guest.escape.attempt import ATTEMPTS, Case, Send, tried


def serve(request: Mapping[str, Any], send: Send) -> None:
    """Answer `escape` with what became of each of `names`, or `nonce` with the nonce."""
    if request["do"] == "nonce":
        send({"nonce": request["nonce"]})
        return
    for name in request["names"]:
        send({"begin": name})
        send(tried(ATTEMPTS[name], Case(name, request["targets"], send)))


assert catalogue.MODULES  # noqa: S101 - importing it fills ATTEMPTS
