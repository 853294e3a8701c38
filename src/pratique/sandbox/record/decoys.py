"""What decoy servers answer: DNS, cloud metadata and plain HTTP; and the name in a TLS hello.

The bytes come from an inmate. Every function reads them under bounds and returns, never raises.
"""

import ipaddress
import json
import struct

RESOLVER = "192.0.2.53"
"""Where the inmate's /etc/resolv.conf points."""
METADATA = ("169.254.169.254", "fd00:ec2::254")
MAX_NAMES = 500
MAX_NAME = 255
_NET = 250
"""Names for each of two ranges of 254 addresses."""
_METADATA_NAMES = ("metadata.google.internal", "metadata", "instance-data.ec2.internal")
_A, _AAAA = 1, 28
_TYPES = {
    _A: "A",
    _AAAA: "AAAA",
    2: "NS",
    5: "CNAME",
    6: "SOA",
    12: "PTR",
    15: "MX",
    16: "TXT",
    33: "SRV",
    65: "HTTPS",
    10: "NULL",
    255: "ANY",
}
_HEADER = struct.Struct(">6H")
_RESPONSE = 0x8580  # answer, authoritative, recursion available
_POINTER, _TTL = 0xC00C, 60
_LABEL_MAX = 63


class Names:
    """Gives each resolved name an address of its own, from the ranges kept for documentation."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}

    def address(self, name: str, *, six: bool) -> str:
        """Return a name's address; names past the bound share the last one."""
        name = name.lower().rstrip(".")
        if name in _METADATA_NAMES:
            return METADATA[six]
        index = self._known.get(name)
        if index is None:
            index = min(len(self._known), MAX_NAMES)
            if index < MAX_NAMES:
                self._known[name] = index
        if six:
            return str(ipaddress.IPv6Address("2001:db8::1:0") + index)
        first, second = ipaddress.IPv4Address("198.51.100.1"), ipaddress.IPv4Address("203.0.113.1")
        return str(first + index if index < _NET else second + index - _NET)


def dns(query: bytes, names: Names) -> tuple[bytes, dict[str, str]] | None:
    """Return the answer to a query and what was asked; None when it is no query."""
    if len(query) < _HEADER.size:
        return None
    number, _, questions, *_ = _HEADER.unpack_from(query)
    found = _question(query) if questions else None
    if found is None:
        return None
    name, kind, end = found
    words = {"name": name, "type": _TYPES.get(kind, str(kind))}
    answer = b""
    if kind in (_A, _AAAA):
        words["address"] = names.address(name, six=kind == _AAAA)
        packed = ipaddress.ip_address(words["address"]).packed
        answer = struct.pack(">HHHIH", _POINTER, kind, 1, _TTL, len(packed)) + packed
    head = _HEADER.pack(number, _RESPONSE, 1, bool(answer), 0, 0)
    return head + query[_HEADER.size : end] + answer, words


def _question(query: bytes) -> tuple[str, int, int] | None:
    """Return the first question's name, type and end."""
    at, labels = _HEADER.size, []
    while at < len(query) and at < _HEADER.size + MAX_NAME:
        size = query[at]
        if size == 0:
            break
        if size > _LABEL_MAX:
            return None
        labels.append(query[at + 1 : at + 1 + size].decode("ascii", "backslashreplace"))
        at += 1 + size
    if at + 5 > len(query) or query[at] != 0:
        return None
    (kind,) = struct.unpack_from(">H", query, at + 1)
    return ".".join(labels), kind, at + 5


# --- HTTP --------------------------------------------------------------------------------------


def http_size(request: bytes) -> int | None:
    """Return how long a request is with its body; None while its head is not there or no HTTP."""
    head, end, _ = request.partition(b"\r\n\r\n")
    if not end:
        return None
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            length = min(int(value.strip()[:12]), 1 << 40)
    return len(head) + 4 + length


def is_http(request: bytes) -> bool:
    """Tell whether bytes begin like a request of HTTP/1."""
    line = request.split(b"\r\n", 1)[0].split(b"\n", 1)[0]
    words = line.split(b" ")
    return len(words) == 3 and words[0].isalpha() and words[2].startswith(b"HTTP/1.")  # noqa: PLR2004


def http(request: bytes, address: str, canary: str) -> bytes:
    """Return the answer to a request that came to an address."""
    path = request.split(b" ", 2)[1].decode("latin-1") if request.count(b" ") > 1 else "/"
    body = _metadata(path, canary) if address in METADATA else "ok\n"
    kind = "application/json" if body.startswith("{") else "text/plain"
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nMetadata-Flavor: Google\r\n"
    return f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode("latin-1")


def _metadata(path: str, canary: str) -> str:
    """Answer as Amazon's, Google's and Microsoft's metadata services do, with a canary inside."""
    if "security-credentials/" in path and not path.endswith("/"):
        keys = {"Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": f"ASIA{canary}"}
        return json.dumps({**keys, "SecretAccessKey": canary, "Token": canary})
    if path.endswith("/token") and "computeMetadata" in path:
        return json.dumps({"access_token": canary, "expires_in": 3599, "token_type": "Bearer"})
    if "/oauth2/token" in path:
        return json.dumps({"access_token": canary, "expires_in": "3599", "token_type": "Bearer"})
    if path.endswith("/api/token"):
        return canary
    if path.endswith("security-credentials/"):
        return "model-runner"
    return "ami-id\nhostname\niam/\ninstance-id\n"


# --- TLS ---------------------------------------------------------------------------------------


def is_tls(hello: bytes) -> bool:
    """Tell whether bytes begin like a handshake of TLS."""
    return hello[:2] == b"\x16\x03"


def tls_size(hello: bytes) -> int:
    """Return how long the first record is."""
    return 5 + int.from_bytes(hello[3:5], "big")


def tls_name(hello: bytes) -> str:
    """Return the server's name that a TLS ClientHello asks for; empty where there is none."""
    try:
        at = 5 + 4 + 2 + 32
        at += 1 + hello[at]  # the session's id
        at += 2 + int.from_bytes(hello[at : at + 2], "big")  # cipher suites
        at += 1 + hello[at]  # compression methods
        end = min(len(hello), at + 2 + int.from_bytes(hello[at : at + 2], "big"))
    except IndexError:
        return ""
    at += 2
    while at + 4 <= end:
        kind, size = struct.unpack_from(">HH", hello, at)
        if kind == 0:  # server_name: a list's length, a kind, the name's length
            return hello[at + 9 : at + 4 + size][:MAX_NAME].decode("ascii", "backslashreplace")
        at += 4 + size
    return ""
