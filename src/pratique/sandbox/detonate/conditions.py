"""Under what a model is run: when, as whom, where, and with which inputs.

Dormant logic waits for a date, a place or a word, so each of them is changed in turn. What a model
waits for beyond these is not found by running it; the receipt lists what was tried.
"""

from pratique.core.trace import Condition

DAY_S = 86_400

CONDITIONS: tuple[Condition, ...] = (
    Condition("now"),
    Condition("in-1-day", clock_s=DAY_S, inputs=1),
    Condition("in-90-days", clock_s=90 * DAY_S, inputs=2),
    Condition("in-2-years", clock_s=730 * DAY_S, inputs=3),
    Condition("as-root", user="root", host="ip-10-0-3-17", locale="en_US.UTF-8", inputs=4),
    Condition(
        "in-production", user="svc-inference", host="prod-gpu-01", locale="de_DE.UTF-8", inputs=5
    ),
    Condition("other-locale", user="li", host="dev", locale="zh_CN.UTF-8", inputs=6),
)
"""The whole matrix. Clock, identity and inputs change together where one run can try several."""

ONCE: tuple[Condition, ...] = CONDITIONS[:1]
"""For formats that hold numbers alone, where nothing can wait for anything."""


def named(names: tuple[str, ...]) -> tuple[Condition, ...]:
    """Return the conditions with these names, in the order of the matrix.

    Raises:
        KeyError: one is not in the matrix.

    """
    known = {condition.name: condition for condition in CONDITIONS}
    wanted = {known[name].name for name in names}
    return tuple(condition for condition in CONDITIONS if condition.name in wanted)
