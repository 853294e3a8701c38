"""Network addresses as events tell them: which is where, and which belongs to a cloud."""

import ipaddress
import re
from functools import lru_cache
from typing import Final

from pratique.core.trace import Event

METADATA_ADDRESSES: Final = frozenset(
    {
        "169.254.169.254",  # AWS, Azure, Google Cloud, OpenStack, DigitalOcean, Oracle
        "169.254.170.2",  # AWS ECS tasks
        "169.254.170.23",  # AWS EKS pods
        "fd00:ec2::254",
        "fd00:ec2::23",
        "fd20:ce::254",  # Google Cloud
        "100.100.100.200",  # Alibaba Cloud
        "168.63.129.16",  # Azure's wire server
        "192.0.0.192",  # Oracle Cloud, older
    }
)
RESOLVER: Final = ("192.0.2.53", "53")
"""Where every name is asked for inside the sandbox."""
METADATA_NAMES: Final = frozenset(
    {
        "metadata",
        "metadata.google.internal",
        "metadata.goog",
        "instance-data",
        "instance-data.ec2.internal",
        "metadata.azure.internal",
        "metadata.tencentyun.com",
    }
)

_HEARD: Final = re.compile(r"\[([^\[\],]{1,255}), (\d{1,5})[\],]")
"""How the guest shows the address that Python was given: `[203.0.113.9, 80]`."""


@lru_cache(4_096)
def spelled(text: str) -> str:
    """Return an address in its one spelling: IPv4 within IPv6 as IPv4; what is none as it is."""
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return text
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(found)


def is_local(address: str) -> bool:
    """Tell whether an address leads back to the machine itself."""
    try:
        found = ipaddress.ip_address(spelled(address))
    except ValueError:
        return False
    return found.is_loopback or found.is_unspecified


def is_metadata(address: str) -> bool:
    """Tell whether a cloud answers at this address, or to this name, with credentials."""
    name = address.rstrip(".").lower()
    return spelled(address) in METADATA_ADDRESSES or name in METADATA_NAMES


def is_unix(event: Event) -> bool:
    """Tell whether an event is about a socket in the file system, not about the network."""
    return event.word("family").lower().removeprefix("af_") in {"unix", "local"} or (
        not event.word("address") and bool(event.word("path"))
    )


def address_of(event: Event) -> str:
    """Return the address of an event in its one spelling; of an audit event what Python told.

    Empty for a message on a connected socket, which does not say whom it is for.
    """
    heard = _HEARD.search(event.word("args"))
    return spelled(event.word("address") or (heard[1] if heard else ""))


def peer(event: Event) -> str:
    """Return whom an event is about, and the port: by name where the address was given for one.

    The sandbox gives addresses to names in the order in which they are asked for.
    """
    return _with_port(event, event.word("name") or address_of(event))


def numeric(event: Event) -> str:
    """Return address and port in words."""
    return _with_port(event, address_of(event))


def is_resolving(event: Event) -> bool:
    """Tell whether it is what the C library does for a name, which `dns` events tell better.

    It asks the sandbox's own resolver, and sorts addresses by connecting datagrams to port 0.
    """
    return event.word("port") == "0" or (event.word("address"), event.word("port")) == RESOLVER


def _with_port(event: Event, name: str) -> str:
    heard = _HEARD.search(event.word("args"))
    port = event.word("port") or (heard[2] if heard else "")
    return f"{name} port {port}" if port else name
