"""Make every address of an empty network namespace local: the loopback answers for the world."""

import os
import socket
import struct

_NEWLINK, _NEWROUTE, _ERROR = 16, 24, 2
_REQUEST_ACK_CREATE = 0x1 | 0x4 | 0x400
_UP = 1
_TABLE_LOCAL, _STATIC, _SCOPE_HOST, _LOCAL = 255, 4, 254, 2
_OUTPUT = 4  # RTA_OIF
_HEADER = struct.Struct("=IHHII")


def loop_everything() -> list[tuple[str, str]]:
    """Bring the loopback up and route all addresses to it; return what did not work, and why.

    Raises:
        OSError: not even the loopback comes up.

    """
    index = socket.if_nametoindex("lo")
    missing = []
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as netlink:
        _ask(netlink, _NEWLINK, struct.pack("=BxHiII", 0, 0, index, _UP, _UP))
        for family, name in ((socket.AF_INET, "ipv4"), (socket.AF_INET6, "ipv6")):
            head = (family, 0, 0, 0, _TABLE_LOCAL, _STATIC, _SCOPE_HOST, _LOCAL, 0)
            route = struct.pack("=8BI", *head) + struct.pack("=HHI", 8, _OUTPUT, index)
            try:
                _ask(netlink, _NEWROUTE, route)
            except OSError as e:
                missing.append((name, str(e)))
    return missing


def _ask(netlink: socket.socket, kind: int, body: bytes) -> None:
    size = _HEADER.size + len(body)
    netlink.send(_HEADER.pack(size, kind, _REQUEST_ACK_CREATE, 1, 0) + body)
    answer = netlink.recv(4096)
    _, told, *_ = _HEADER.unpack_from(answer)
    (code,) = struct.unpack_from("=i", answer, _HEADER.size)
    if told != _ERROR or code:
        raise OSError(-code, os.strerror(-code))
