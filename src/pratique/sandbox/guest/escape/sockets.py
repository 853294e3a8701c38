"""Open kinds of sockets that a network namespace does not confine, or that are rich in bugs."""

import socket
import struct
from collections.abc import Callable

from pratique.sandbox.guest.escape.attempt import (
    UNKNOWN_KIND,
    UNREACHABLE,
    Attempt,
    Case,
    add,
    attempt,
    call,
)

_LOCAL = "a socket of the inmate's own kernel, and no device leads out of it"
_HOST_CID, _ANY_PORT = 2, 1024
_ROUTE, _SOCK_DIAG, _AUDIT, _UEVENT, _NETFILTER, _XFRM, _GENERIC = 0, 4, 9, 15, 12, 6, 16

KINDS = {
    "raw-icmp-socket": (socket.AF_INET, socket.SOCK_RAW, 1, "No raw ICMP socket is given."),
    "raw-tcp-socket": (socket.AF_INET, socket.SOCK_RAW, 6, "No raw TCP socket is given."),
    "raw-ip-socket": (socket.AF_INET, socket.SOCK_RAW, 255, "No socket writes IP headers."),
    "raw-ip6-socket": (socket.AF_INET6, socket.SOCK_RAW, 58, "No raw IPv6 socket is given."),
    "ping-socket": (socket.AF_INET, socket.SOCK_DGRAM, 1, "No ping socket is given."),
    "packet-socket": (17, socket.SOCK_RAW, 0x300, "No socket reads or writes whole packets."),
    "netlink-route-socket": (16, 3, _ROUTE, "No socket to the kernel's routing is given."),
    "netlink-diag-socket": (16, 3, _SOCK_DIAG, "No socket lists other processes' sockets."),
    "netlink-audit-socket": (16, 3, _AUDIT, "No socket speaks to the kernel's audit."),
    "netlink-uevent-socket": (16, 3, _UEVENT, "No socket hears of the machine's devices."),
    "netlink-netfilter-socket": (16, 3, _NETFILTER, "No socket speaks to the packet filter."),
    "netlink-xfrm-socket": (16, 3, _XFRM, "No socket speaks to IPsec."),
    "netlink-generic-socket": (16, 3, _GENERIC, "No socket speaks to generic netlink."),
    "crypto-socket": (38, 5, 0, "The kernel's crypto API (AF_ALG) is not reachable."),
    "bluetooth-socket": (31, 3, 1, "No Bluetooth socket is given."),
    "can-socket": (29, 3, 1, "No CAN bus socket is given."),
    "rds-socket": (21, 5, 0, "No RDS socket is given."),
    "tipc-socket": (30, 5, 0, "No TIPC socket is given."),
    "xdp-socket": (44, 3, 0, "No XDP socket is given."),
    "kcm-socket": (41, 2, 0, "No KCM socket is given."),
    "smc-socket": (43, 1, 0, "No SMC socket is given."),
    "sctp-socket": (socket.AF_INET, socket.SOCK_STREAM, 132, "No SCTP socket is given."),
    "dccp-socket": (socket.AF_INET, 6, 33, "No DCCP socket is given."),
    "l2tp-socket": (socket.AF_INET, socket.SOCK_DGRAM, 115, "No L2TP socket is given."),
    "pppox-socket": (24, 2, 0, "No PPPoX socket is given."),
    "appletalk-socket": (5, 2, 0, "No AppleTalk socket is given."),
    "x25-socket": (9, 5, 0, "No X.25 socket is given."),
    "phonet-socket": (35, 2, 0, "No Phonet socket is given."),
    "nfc-socket": (39, 5, 0, "No NFC socket is given."),
}


def _open(family: int, kind: int, proto: int) -> Callable[[Case], object]:
    def act(_: Case) -> None:
        socket.socket(family, kind, proto).close()

    return act


for _name, (_family, _kind, _proto, _says) in KINDS.items():
    add(
        Attempt(
            *(_name, "sockets", _says, _open(_family, _kind, _proto)),
            also=UNKNOWN_KIND,
            local=_LOCAL,
        )
    )


@attempt(also=UNKNOWN_KIND, local=_LOCAL)
def vsock_socket(_: Case) -> None:
    """No vsock is given: no network namespace confines it before Linux 7.0."""
    socket.socket(40, socket.SOCK_STREAM).close()


@attempt(also=(*UNKNOWN_KIND, *UNREACHABLE, 19, 104))
def connect_vsock_to_the_host(_: Case) -> None:
    """The host, or a host's host, is not reached by vsock: refused, or there is no device."""
    with socket.socket(40, socket.SOCK_STREAM) as one:
        one.settimeout(0.5)
        one.connect((_HOST_CID, _ANY_PORT))


@attempt(local="a ring of the inmate's own kernel")
def io_uring(_: Case) -> None:
    """No io_uring is set up: it connects, opens and sends behind the back of seccomp."""
    call("io_uring_setup", 4, bytes(120))


@attempt(also=UNKNOWN_KIND, local="a namespace of the inmate's own kernel")
def configure_an_interface(_: Case) -> None:
    """The inmate cannot ask or set the state of an interface by ioctl."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        import fcntl

        request = struct.pack("=16sH14x", b"lo", 0x1 | 0x40)
        fcntl.ioctl(one, 0x8914, request)
