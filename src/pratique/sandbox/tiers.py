"""Choose a tier: the one that was asked for, or none. A weaker one is never taken in its place."""

from pratique.sandbox.port import Offer, Sandbox, Tier, TierError


def sandbox(tier: Tier) -> Sandbox:
    """Return the sandbox of a tier, offered on this machine or not."""
    # each brings its own launchers along: who wants one does without the others'
    if tier is Tier.JAIL:
        from pratique.sandbox.jail.sandbox import JailSandbox  # noqa: PLC0415

        return JailSandbox()
    if tier is Tier.GVISOR:
        from pratique.sandbox.gvisor.sandbox import GVisorSandbox  # noqa: PLC0415

        return GVisorSandbox()
    from pratique.sandbox.microvm.sandbox import MicroVmSandbox  # noqa: PLC0415

    return MicroVmSandbox()


def choose(tier: Tier) -> Sandbox:
    """Return the sandbox of exactly this tier, which was tried on this machine just now.

    Raises:
        TierError: this machine does not offer it; the hint says how to get it.

    """
    found = sandbox(tier)
    offered = found.offer()
    if not offered.usable:
        raise TierError(f"{words(tier)} is not offered here: {offered.says}", offered.mend)
    return found


def demand(tier: Tier, least: Tier) -> None:
    """Refuse a tier that is weaker than what is demanded.

    Raises:
        TierError: it is.

    """
    if tier < least:
        mend = f"ask for --tier {least.name.lower()}, or have the policy demand less"
        raise TierError(f"{words(tier)} was asked for and {words(least)} is demanded", mend)


def offers() -> tuple[Offer, ...]:
    """Try every tier on this machine and tell what came of it."""
    return tuple(sandbox(tier).offer() for tier in Tier)


def words(tier: Tier) -> str:
    """Return a tier as people call it."""
    names = {Tier.JAIL: "jail", Tier.GVISOR: "gVisor", Tier.MICROVM: "microVM"}
    return f"tier {int(tier)} ({names[tier]})"
