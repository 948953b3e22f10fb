"""Every drill, whether it belongs to the short set, and how the soak runs it where that takes longer."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from tests.faults import api_drills, broker_drills, consumer_drills, overload_drill, registry_drills, retry_drills
from tests.faults.site import Site

Run = Callable[[Site], None]


class Drill(NamedTuple):
    """`run` raises AssertionError if a promise is broken; the soak takes `longer` instead, where there is one."""

    name: str
    run: Run
    short: bool = True
    longer: Run | None = None


# Brokers last: whatever they leave behind meets no drill of the consumers in the short set.
DRILLS = (
    Drill(
        "kill consumers mid batch",
        consumer_drills.kill_consumers_mid_batch,
        longer=partial(consumer_drills.kill_consumers_mid_batch, rounds=2),
    ),
    Drill("poison in the topic", consumer_drills.poison_in_the_topic),
    Drill("registry away at start", registry_drills.registry_away_at_start),
    Drill("registry away while running", registry_drills.registry_away_while_running),
    Drill("registry away while an unknown id arrives", registry_drills.registry_away_while_an_unknown_id_arrives),
    Drill("registry answers nonsense", registry_drills.registry_answers_nonsense, short=False),
    Drill("kill the api", api_drills.kill_the_api, short=False),  # the next one kills it as well
    Drill("retries are handled once", retry_drills.retries_are_handled_once),
    Drill("stop the api", api_drills.stop_the_api),
    Drill("kill one of two workers", api_drills.kill_one_of_two_workers),
    Drill("slow brokers", broker_drills.slow_brokers),
    Drill("kill the leader", broker_drills.kill_the_leader),
    Drill("kill two of three", broker_drills.kill_two_of_three),
    Drill("freeze one", broker_drills.freeze_one, short=False),
    Drill("roll all three", broker_drills.roll_all_three, short=False),
    Drill("overload", overload_drill.overload, short=False, longer=partial(overload_drill.overload, for_s=60.0)),
)
