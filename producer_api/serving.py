"""How the API is served: uvicorn's options, in one place for people, the stack, the drills and the benchmark."""

from __future__ import annotations

from typing import Final

APP: Final = "producer_api.app:app"
# An access log costs more than an event, and a shutdown waits for longer than a delivery may take. More connections
# than --limit-concurrency are answered 503.
SERVER_OPTIONS: Final = (
    "--no-access-log",
    "--loop=uvloop",
    "--http=producer_api.short_way:EventHttp",
    "--backlog=2048",
    "--limit-concurrency=8192",
    "--timeout-graceful-shutdown=15",
)
