"""The fake client beside other work: in a thread with an event loop of its own."""

from __future__ import annotations

import asyncio
import threading

from tools.fake_client import SendOptions, SendReport, send


class Load:
    """Sends until it is done or told to stop. `progress` is the latest report, `result()` the last one."""

    def __init__(self, options: SendOptions) -> None:
        self.options = options
        self.progress: SendReport | None = None
        self._report: SendReport | None = None
        self._error: BaseException | None = None
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="fake client", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        """Send nothing more; what is in flight gets its answer."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop.set)

    def result(self) -> SendReport:
        """Wait for the end. Raises what ended the client."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        if self._report is None:
            raise RuntimeError("the fake client ended without a report")
        return self._report

    def _run(self) -> None:
        try:
            self._report = self._loop.run_until_complete(send(self.options, self._note, self._stop))
        except BaseException as error:  # noqa: BLE001 - handed to whoever asks for the result
            self._error = error
        finally:
            self._loop.close()

    def _note(self, report: SendReport) -> None:
        self.progress = report
