"""Every drill, and whether it belongs to the short set."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tests.faults import api_drills, broker_drills, consumer_drills, registry_drills
from tests.faults.site import Site


class Drill(NamedTuple):
    """`run` raises AssertionError if a promise is broken."""

    run: Callable[[Site], None]
    short: bool = True

    @property
    def name(self) -> str:
        return self.run.__name__.replace("_", " ")


DRILLS = (
    Drill(broker_drills.kill_the_leader),
    Drill(broker_drills.kill_two_of_three),
    Drill(broker_drills.freeze_one, short=False),
    Drill(broker_drills.roll_all_three, short=False),
    Drill(broker_drills.slow_brokers),
    Drill(api_drills.kill_the_api),
    Drill(api_drills.stop_the_api),
    Drill(api_drills.kill_one_of_two_workers),
    Drill(api_drills.overload),
    Drill(consumer_drills.kill_consumers_mid_batch),
    Drill(consumer_drills.poison_in_the_topic),
    Drill(registry_drills.registry_away_at_start),
    Drill(registry_drills.registry_away_while_running),
    Drill(registry_drills.registry_away_while_an_unknown_id_arrives),
    Drill(registry_drills.registry_answers_nonsense),
)
