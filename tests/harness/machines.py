"""Virtual machines for tests: one image and one snapshot for each state of the guest's code."""

import shutil
import sys
from functools import cache
from pathlib import Path

import pytest

from harness.caging import TESTS, job
from pratique.core.errors import PratiqueError
from pratique.sandbox.microvm import image
from pratique.sandbox.microvm.sandbox import MicroVmSandbox
from pratique.sandbox.port import Job

OWN = Path("/usr/bin/python3.11")


def folder() -> Path:
    """Return where tests keep an image: in the checkout, as they leave the user's cache alone."""
    return TESTS.parent / ".microvm"


def microvm() -> MicroVmSandbox:
    """Return the microVM, its image built if need be, or skip the test with the reason."""
    trouble = _trouble()
    if trouble:
        pytest.skip(f"SKIPPED: no microVM on this machine: {trouble}")
    return MicroVmSandbox(folder())


@cache
def _trouble() -> str:
    for tool in ("qemu-system-x86_64", "bwrap"):
        if shutil.which(tool) is None:
            return f"{tool} is not installed"
    try:
        image.find(folder())
    except PratiqueError:
        try:
            image.build(folder(), lambda _: None)
        except PratiqueError as e:
            return str(e)
    offered = MicroVmSandbox(folder()).offer()
    return "" if offered.usable else offered.says


def vm_job(**changes: object) -> Job:
    """Return a job for the image's own Python where this machine has it, which packs nothing."""
    python = OWN if OWN.exists() else Path(sys.executable)
    return job(**{"python": python, **changes})
