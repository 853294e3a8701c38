"""DSSE envelopes: what is signed is the type and the bytes, never a parsed form of them.

Source: https://github.com/secure-systems-lab/dsse/blob/v1.0.2/protocol.md and envelope.md
"""

import base64
from dataclasses import dataclass
from typing import Any, Final

from pratique.attest.strict_json import conform, text, unbase64
from pratique.core.errors import EvidenceError
from pratique.core.limits import MiB
from pratique.core.ports import Signer

IN_TOTO: Final = "application/vnd.in-toto+json"
MAX_ENVELOPE: Final = 96 * MiB

_SIGNATURE = {"keyid": text(64), "sig": text(1_024, least=1)}
_SHAPE = {"payload": text(MAX_ENVELOPE), "payloadType": IN_TOTO, "signatures": [_SIGNATURE]}


@dataclass(frozen=True, slots=True)
class Envelope:
    """One payload and its one signature, not verified."""

    payload: bytes
    keyid: str
    signature: bytes

    def signed(self) -> bytes:
        """Return the bytes that the signature is over."""
        return pae(IN_TOTO, self.payload)


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return the pre-authentication encoding: type and payload with their lengths."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def seal(payload: bytes, signer: Signer, *, keyid: str | None = None) -> dict[str, Any]:
    """Return the envelope of `payload` as a JSON object, signed by `signer`."""
    signature = base64.b64encode(signer.sign(pae(IN_TOTO, payload))).decode()
    return {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": IN_TOTO,
        "signatures": [{"keyid": signer.keyid if keyid is None else keyid, "sig": signature}],
    }


def read(value: Any, what: str) -> Envelope:  # noqa: ANN401 - any JSON
    """Return the envelope in a JSON value; nothing in it is verified yet.

    Raises:
        EvidenceError: keys are missing or too many, the type is another, or there is not exactly
            one signature.

    """
    conform(value, _SHAPE, what)
    if len(value["signatures"]) != 1:
        raise EvidenceError(f"{what}: {len(value['signatures'])} signatures; one is expected")
    told = value["signatures"][0]
    return Envelope(
        unbase64(value["payload"], f"{what}.payload"),
        told["keyid"],
        unbase64(told["sig"], f"{what}.signatures[0].sig"),
    )
