"""Where the changelog of the Faust app's table ends, so that recovery reads all of it.

Faust asks its broker. The embedded one tells where its last batch begins, so that after a crash up to a batch of counts
would be lacking, and be written over. Here the end is found by reading that batch; on Kafka this finds what was told.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Final

from consumers.clients import make_consumer
from consumers.faults import Unavailable
from consumers.topic_reading import READING, extents_of, real_ends

log = logging.getLogger(__name__)

_ASK_AGAIN_S: Final = 1.0


def recover_to_real_ends(app: Any, group: str) -> None:
    """Let `app` find the end of its changelog by reading. To be called before the app is started."""

    class Consumer(app.transport.Consumer):  # type: ignore[misc]  # which one, the app's broker decides
        async def highwaters(self, *partitions: Any) -> Mapping[Any, int]:
            """The offset behind the last record of each of `partitions`."""
            ends = {topic: await _ends(group, topic) for topic in {each.topic for each in partitions}}
            return {each: ends[each.topic][each.partition] for each in partitions}

    app.transport.Consumer = Consumer


async def _ends(group: str, topic: str) -> dict[int, int]:
    while True:
        try:
            return await asyncio.to_thread(_find_ends, group, topic)
        except Unavailable as reason:
            log.warning("the table waits: %s", reason)
            await asyncio.sleep(_ASK_AGAIN_S)


def _find_ends(group: str, topic: str) -> dict[int, int]:
    consumer = make_consumer(group, overrides=READING)  # it joins nothing
    try:
        return real_ends(consumer, topic, extents_of(consumer, topic))
    finally:
        consumer.close()
