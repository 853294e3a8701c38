"""Every attempt, module by module; as a program it prints what each promises, as JSON."""

import dataclasses
import json

from pratique.sandbox.guest.escape import (
    channel,
    devices,
    environment,
    files,
    host,
    identity,
    interfaces,
    machine_code,
    namespaces,
    network,
    outputs,
    persistence,
    processes,
    resources,
    secrets,
    sharing,
    signals,
    sockets,
)
from pratique.sandbox.guest.escape.attempt import ATTEMPTS, Attempt

MODULES = (
    *(network, sockets, secrets, files, environment, processes, signals, identity, resources),
    *(interfaces, machine_code, namespaces, devices, host, channel, outputs, sharing, persistence),
)


def promises() -> list[dict[str, object]]:
    """Return what can be told of each attempt without making it."""
    names = [f.name for f in dataclasses.fields(Attempt) if f.name != "act"]
    return [{name: getattr(one, name) for name in names} for one in ATTEMPTS.values()]


if __name__ == "__main__":
    print(json.dumps(promises()))  # noqa: T201 - this is what the program is for
