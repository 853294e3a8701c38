"""Tier 2: gVisor, a kernel in user space, run by a `runsc` that the operator supplies."""
