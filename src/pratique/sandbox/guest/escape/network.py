"""Reach a listener outside: by TCP, UDP, their relatives, unix sockets and the names of hosts."""

import os
import socket
import struct
from pathlib import Path
from typing import Any

from pratique.sandbox.guest.escape.attempt import (
    ABSENT,
    OUTSIDE,
    UNREACHABLE,
    Case,
    ContainedError,
    attempt,
)

Address = tuple[Any, ...] | str | bytes

TIMEOUT_S = 0.5
_TCP, _MPTCP, _SCTP, _UDPLITE = 6, 262, 132, 136
_FASTOPEN = 0x20000000
_LOOPBACK, _LOOPBACK6 = "127.0.0.1", "::1"
_FIRST_PORT, _PORTS = 3, 61

SERVICES = (
    *("/run/docker.sock", "/var/run/docker.sock", "/run/containerd/containerd.sock"),
    *("/run/podman/podman.sock", "/run/crio/crio.sock", "/run/libvirt/libvirt-sock"),
)
BUSES = (
    *("/run/dbus/system_bus_socket", "/run/systemd/private", "/run/systemd/notify"),
    *("/run/systemd/journal/socket", "/run/systemd/userdb/io.systemd.DynamicUser"),
    *("/run/snapd.socket", "/run/uuidd/request", "/dev/log"),
)
RESOLVERS = (
    *("/run/systemd/resolve/io.systemd.Resolve", "/var/run/nscd/socket", "/run/nscd/socket"),
    *("/run/avahi-daemon/socket",),
)
AGENTS = (
    "SSH_AUTH_SOCK",
    "DBUS_SESSION_BUS_ADDRESS",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "GPG_AGENT_INFO",
)


def _stream(case: Case, family: int, proto: int, to: Address) -> None:
    with socket.socket(family, socket.SOCK_STREAM, proto) as one:
        one.settimeout(TIMEOUT_S)
        one.connect(to)
        one.sendall(case.token)


def _datagram(case: Case, family: int, proto: int, to: Address) -> None:
    with socket.socket(family, socket.SOCK_DGRAM, proto) as one:
        one.sendto(case.token, to)


@attempt(OUTSIDE)
def connect_tcp_loopback(case: Case) -> None:
    """The listener on the loopback outside sees no connection."""
    _stream(case, socket.AF_INET, _TCP, (_LOOPBACK, case.targets["tcp"]))


@attempt(OUTSIDE)
def connect_tcp_any_address(case: Case) -> None:
    """The listener outside is not reached by the address 0.0.0.0, which means this machine."""
    _stream(case, socket.AF_INET, _TCP, ("0.0.0.0", case.targets["tcp"]))  # noqa: S104 - the attempt itself


@attempt(OUTSIDE)
def connect_tcp6_loopback(case: Case) -> None:
    """The IPv6 listener on the loopback outside sees no connection."""
    _stream(case, socket.AF_INET6, _TCP, (_LOOPBACK6, case.targets["tcp6"]))


@attempt(OUTSIDE)
def connect_mapped_address(case: Case) -> None:
    """The listener outside is not reached by an IPv4 address written as IPv6."""
    _stream(case, socket.AF_INET6, _TCP, ("::ffff:127.0.0.1", case.targets["tcp"]))


@attempt(OUTSIDE)
def connect_multipath_tcp(case: Case) -> None:
    """The listener outside is not reached by multipath TCP, which filters of TCP overlook."""
    _stream(case, socket.AF_INET, _MPTCP, (_LOOPBACK, case.targets["tcp"]))


@attempt(OUTSIDE)
def send_tcp_fast_open(case: Case) -> None:
    """The listener outside is not reached by data in the first packet, without a connect."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as one:
        one.settimeout(TIMEOUT_S)
        one.sendto(case.token, _FASTOPEN, (_LOOPBACK, case.targets["tcp"]))


@attempt(OUTSIDE)
def send_udp_loopback(case: Case) -> None:
    """The UDP listener on the loopback outside receives nothing."""
    _datagram(case, socket.AF_INET, 0, (_LOOPBACK, case.targets["udp"]))


@attempt(OUTSIDE)
def send_udp6_loopback(case: Case) -> None:
    """The UDP listener on the IPv6 loopback outside receives nothing."""
    _datagram(case, socket.AF_INET6, 0, (_LOOPBACK6, case.targets["udp6"]))


@attempt(OUTSIDE)
def send_udp_by_message(case: Case) -> None:
    """The UDP listener outside receives nothing by sendmsg, which hides the address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.sendmsg([case.token], [], 0, (_LOOPBACK, case.targets["udp"]))


@attempt(OUTSIDE)
def ask_dns_loopback(case: Case) -> None:
    """A resolver on the loopback outside gets no question that carries data in its name."""
    name = b"".join(bytes([len(p)]) + p for p in (case.token, b"example")) + b"\0"
    question = struct.pack(">6H", 7, 0x100, 1, 0, 0, 0) + name + struct.pack(">2H", 1, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.sendto(question, (_LOOPBACK, case.targets["udp"]))


@attempt(OUTSIDE)
def connect_unix_socket(case: Case) -> None:
    """The unix socket of a host's service, by its path, sees no connection."""
    _stream(case, socket.AF_UNIX, 0, case.targets["unix"])


@attempt(OUTSIDE)
def connect_unix_socket_in_run(case: Case) -> None:
    """The unix socket in /run or /tmp, where services have theirs, sees no connection."""
    _stream(case, socket.AF_UNIX, 0, case.targets["unix_run"])


@attempt(OUTSIDE)
def connect_unix_through_root_of_init(case: Case) -> None:
    """The unix socket of a host's service is not reached through /proc/1/root."""
    there = f"/proc/{case.targets['supervisor']}/root{case.targets['unix_run']}"
    _stream(case, socket.AF_UNIX, 0, there)


@attempt(OUTSIDE)
def connect_abstract_socket(case: Case) -> None:
    """The abstract unix socket outside, which no file system hides, sees no connection."""
    _stream(case, socket.AF_UNIX, 0, b"\0" + case.targets["abstract"].encode())


@attempt(OUTSIDE)
def send_abstract_datagram(case: Case) -> None:
    """The abstract datagram socket outside receives nothing."""
    _datagram(case, socket.AF_UNIX, 0, b"\0" + case.targets["abstract_datagram"].encode())


@attempt(OUTSIDE)
def send_udp_after_connect(case: Case) -> None:
    """The UDP listener outside receives nothing on a connected socket, by a plain write."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.connect((_LOOPBACK, case.targets["udp"]))
        os.write(one.fileno(), case.token)


@attempt(OUTSIDE)
def listen_for_outside(case: Case) -> None:
    """Nobody outside can connect to a port that the inmate listens on."""
    with socket.socket() as one:
        one.bind(("0.0.0.0", case.targets["port_inside"]))  # noqa: S104 - the attempt itself
        one.listen(1)
        case.hold()


@attempt(OUTSIDE)
def listen_on_abstract_socket(case: Case) -> None:
    """Nobody outside can connect to an abstract socket that the inmate listens on."""
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(b"\0" + case.targets["abstract_inside"].encode())
        one.listen(1)
        case.hold()


@attempt(OUTSIDE)
def listen_in_shared_folder(case: Case) -> None:
    """Nobody outside finds a socket that the inmate bound to a path that both may have."""
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(case.targets["unix_inside"])
        one.listen(1)
        case.hold()


def _connect_any(paths: tuple[str, ...]) -> object:
    error: OSError | None = None
    for path in paths:
        with socket.socket(socket.AF_UNIX) as one:
            one.settimeout(TIMEOUT_S)
            try:
                one.connect(path)
            except OSError as e:
                error = e
                continue
            return f"connected to {path}"
    if error:
        raise error
    raise ContainedError("no such socket")


@attempt(also=(*ABSENT, *UNREACHABLE))
def connect_container_engine(_: Case) -> object:
    """No socket of Docker, containerd, Podman, CRI-O or libvirt can be connected to."""
    return _connect_any(SERVICES)


@attempt(also=(*ABSENT, *UNREACHABLE))
def connect_system_services(_: Case) -> object:
    """No socket of D-Bus, systemd, the journal or syslog can be connected to."""
    return _connect_any(BUSES)


@attempt(also=(*ABSENT, *UNREACHABLE))
def connect_resolver_socket(_: Case) -> object:
    """No socket of a resolver (systemd-resolved, nscd, Avahi) carries names out."""
    return _connect_any(RESOLVERS)


@attempt(also=(*ABSENT, *UNREACHABLE))
def connect_agents_of_the_user(_: Case) -> object:
    """No variable leads to an agent, a bus or a display of the user who started it all."""
    named = [os.environ[name] for name in AGENTS if name in os.environ]
    if not named:
        raise ContainedError("no variable names one")
    return _connect_any(tuple(n.removeprefix("unix:path=") for n in named))


@attempt()
def use_inherited_descriptors(case: Case) -> object:
    """The inmate holds no descriptor besides its standard ones, its channel and what it opened."""
    found = []
    for fd in range(_FIRST_PORT, _FIRST_PORT + _PORTS):
        try:
            aim = os.readlink(f"/proc/self/fd/{fd}")
        except OSError:
            continue
        if aim.startswith("/") and not _own(aim):
            found.append(aim)
        if aim.startswith("socket:") and _leads_out(fd):
            found.append(aim)
    if not found:
        raise ContainedError("none leads out")
    return f"holds {found[:3]} of {case.name}"


def _own(aim: str) -> bool:
    """Tell whether it is what the inmate may open itself: its own /dev, /proc and port."""
    return aim.startswith(("/dev/", "/proc/")) or aim.endswith(" (deleted)")


def _leads_out(fd: int) -> bool:
    with socket.socket(fileno=os.dup(fd)) as one:
        return one.family != socket.AF_UNIX or bool(one.getpeername())


@attempt(also=(*ABSENT, *UNREACHABLE))
def have_a_network_interface(_: Case) -> object:
    """The inmate has no network interface but a loopback of its own."""
    names = [line.split(":")[0].strip() for line in _lines("/proc/self/net/dev")[2:]]
    routes = _lines("/proc/self/net/route")[1:]
    if set(names) <= {"lo"} and not routes:
        raise ContainedError("only a loopback, and no route")
    return f"interfaces {names}"


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines()
