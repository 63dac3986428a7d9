"""What goes wrong when: made from the seed before anything starts, so that a seed replays the same faults."""

import random
from dataclasses import dataclass

#: Each kind of fault, how often it is drawn compared with the others, and the set-ups it makes sense for.
KINDS = {
    "kill server": (5, ("sqlite", "postgres")),
    "stop server": (3, ("sqlite", "postgres")),
    "kill agent": (4, ("sqlite", "postgres")),
    "stop agent": (3, ("sqlite", "postgres")),
    "restart agent": (2, ("sqlite", "postgres")),
    "kill flow": (5, ("sqlite", "postgres")),
    "stop flow": (3, ("sqlite", "postgres")),
    "jump clock": (2, ("sqlite", "postgres")),
    "restart database": (3, ("postgres",)),
    "kill database": (2, ("postgres",)),
    "restart redis": (3, ("postgres",)),
    "stop redis": (2, ("postgres",)),
}
#: Mean pause between two faults, seconds.
PAUSE = 2.4


@dataclass(frozen=True)
class Fault:
    """At `at` seconds into the campaign do `kind` to the `which`-th (modulo how many there are) of its victims."""

    at: float
    kind: str
    which: int
    seconds: float
    """How long a stopped one stays stopped, a killed one away, or how far the clock is off from then on: less, between two
    servers, than the silence after which a run counts as lost."""


def faults(seed, seconds, set_up):
    """The faults of a campaign, in order of time."""
    dice = random.Random(f"{seed}/{set_up}")
    kinds = [kind for kind, (_, set_ups) in KINDS.items() if set_up in set_ups]
    weights = [KINDS[kind][0] for kind in kinds]
    planned, at = [], 4.0
    while at < seconds:
        kind = dice.choices(kinds, weights)[0]
        length = dice.uniform(-2.5, 2.5) if kind == "jump clock" else dice.choice((0.0, 0.5, 1.5, 4.0))
        planned.append(Fault(round(at, 3), kind, dice.randrange(1000), round(length, 3)))
        at += dice.expovariate(1 / PAUSE)
    return planned
