"""Every lane and its two queues: the template's one table, which whoever feeds, counts or replays them reads."""

from typing import NamedTuple

from pydantic import Json


class Lane(NamedTuple):
    """URLs of a lane's queue and of its dead-letter queue."""

    queue: str
    dead_letters: str


LaneQueues = Json[dict[str, Lane]]
"""By lane: `event`, `export`, `audience` and the catalog key of each integration."""
