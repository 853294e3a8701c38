"""Tier 3: a virtual machine without a network, its monitor in the jail of tier 1."""
