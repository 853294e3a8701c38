"""One spelling for one JSON value, so that its digest means something."""

import hashlib
import json

from pratique.core.fact import Json
from pratique.core.finding import Digest


def canonical(value: Json) -> bytes:
    """Return `value` as ASCII JSON with sorted keys and no spaces: the form that is digested."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def digest_of(value: Json) -> Digest:
    """Return the SHA-256 of the canonical form of `value`."""
    return sha256_of(canonical(value))


def sha256_of(body: bytes) -> Digest:
    """Return the SHA-256 of `body` as a digest word."""
    return Digest("sha256:" + hashlib.sha256(body).hexdigest())
