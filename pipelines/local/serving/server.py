"""The process of an endpoint: `python -m pipelines.local.serving.server <folder of the endpoint>`.

It goes over to what `wanted.json` says when it starts and at every SIGHUP, and says in `state.json`
how that went. SIGTERM ends it, once the requests in flight are answered. It also ends by itself if
its first version does not work: the state stays and says why.
"""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from dataclasses import replace
from pathlib import Path
from typing import IO

from aiohttp import web

from pipelines.execution import utc_now
from pipelines.local.errors import StepFailed
from pipelines.local.locks import locked
from pipelines.local.processes import JobServer
from pipelines.local.serving.app import build_runner
from pipelines.local.serving.capture import CaptureWriter
from pipelines.local.serving.endpoint import Endpoint
from pipelines.local.serving.records import LOCK_FILE, EndpointStatus, State, Wanted
from pipelines.local.store import LocalStore

_FINISH_SECONDS = 20.0
"""How long requests in flight may take after SIGTERM; the service kills a container after 30 s."""

_WATCH_SECONDS = 2.0
_RETRY_SECONDS = 1.0

logger = logging.getLogger(__name__)


class _Server:
    """The process of one endpoint, and what it was told by signals."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._is_wanted = asyncio.Event()
        self._is_stopping = asyncio.Event()
        self._handled = ""
        """Id of the last deployment that was handled."""

    async def run(self) -> None:
        """Serve until told to stop, or until nothing works and nothing else is wanted."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, self._is_wanted.set)
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._is_stopping.set)
        while not self._is_stopping.is_set():
            with locked(self._directory / LOCK_FILE) as lock:
                if lock is None:
                    return
                watching = asyncio.create_task(self._watch(lock))
                await self._serve()
                watching.cancel()
            # Whoever saw the lock until now counts on this process.
            if not self._has_news():
                return

    async def _watch(self, lock: IO[str]) -> None:
        """Stop when somebody deletes the folder, for example with the whole root."""
        number = os.fstat(lock.fileno()).st_ino
        with contextlib.suppress(FileNotFoundError):
            while (self._directory / LOCK_FILE).stat().st_ino == number:
                await asyncio.sleep(_WATCH_SECONDS)
        logger.warning("The folder '%s' is gone.", self._directory)
        self._is_stopping.set()

    def _has_news(self) -> bool:
        try:
            return Wanted.read(self._directory).id != self._handled
        except FileNotFoundError:  # The endpoint was deleted.
            return False

    async def _serve(self) -> None:
        with JobServer() as jobs, CaptureWriter(LocalStore(self._directory.parents[1])) as writer:
            endpoint = Endpoint(self._directory.name, self._directory, jobs)
            runner = build_runner(endpoint, writer, now=utc_now, finish_seconds=_FINISH_SECONDS)
            await runner.setup()
            try:
                before = State.read(self._directory)
                listening = _listen(before.port if before is not None else 0)
                await web.SockSite(runner, listening).start()
                now = utc_now().isoformat()
                state = State(
                    wanted_id="",
                    status=EndpointStatus.CREATING,
                    config_name="",
                    variants=(),
                    failure_reason="",
                    port=listening.getsockname()[1],
                    pid=os.getpid(),
                    created=before.created if before is not None else now,
                    modified=now,
                )
                await self._follow(endpoint, state)
            finally:
                await runner.cleanup()
                await endpoint.close(limit_seconds=0)

    async def _follow(self, endpoint: Endpoint, state: State) -> None:
        """Go over to whatever is wanted, and say how it went."""
        while not self._is_stopping.is_set():
            wanted = Wanted.read(self._directory)
            is_first = endpoint.version is None
            status = EndpointStatus.CREATING if is_first else EndpointStatus.UPDATING
            state = replace(state, wanted_id=wanted.id, status=status, failure_reason="")
            await self._write(state, endpoint)
            reason = await self._go_over(endpoint, wanted)
            if reason is None:
                return
            version = endpoint.version
            works = version is not None
            state = replace(
                state,
                status=EndpointStatus.IN_SERVICE if works else EndpointStatus.FAILED,
                config_name=version.wanted.config_name if version is not None else "",
                variants=version.wanted.variants if version is not None else (),
                failure_reason=reason,
                modified=utc_now().isoformat(),
            )
            self._handled = wanted.id
            await self._write(state, endpoint)
            if not works:
                return
            # A deployment that was read before its signal came is not made twice.
            while not (self._has_news() or self._is_stopping.is_set()):
                await self._until(self._is_wanted)
                self._is_wanted.clear()

    async def _write(self, state: State, endpoint: Endpoint) -> None:
        """Write the state; while the disk is full, a version that answers goes on."""
        while not self._is_stopping.is_set():
            try:
                state.write(self._directory)
            except OSError as error:
                if endpoint.version is None:
                    raise
                logger.warning("The state cannot be written: %s", error)
            else:
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._is_stopping.wait(), _RETRY_SECONDS)

    async def _go_over(self, endpoint: Endpoint, wanted: Wanted) -> str | None:
        """Why the endpoint could not go over to what is wanted; None where it was told to stop."""
        task = asyncio.create_task(endpoint.go_over(wanted))
        done = asyncio.Event()
        task.add_done_callback(lambda _: done.set())
        await self._until(done)
        if not task.done():
            task.cancel()
            await asyncio.wait([task])
            return None
        try:
            task.result()
        except StepFailed as error:
            logger.warning("Configuration '%s': %s", wanted.config_name, error)
            return str(error)
        except Exception as error:  # whatever it was, the state must say so
            logger.exception("Configuration '%s'", wanted.config_name)
            return f"{type(error).__name__}: {error}"
        logger.info("Configuration '%s' is in service.", wanted.config_name)
        return ""

    async def _until(self, event: asyncio.Event) -> None:
        """Wait for an event, or until told to stop."""
        waiting = [asyncio.create_task(each.wait()) for each in (event, self._is_stopping)]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()


def main() -> None:
    """Be the process of the endpoint whose folder is the argument."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    asyncio.run(_Server(Path(sys.argv[1]).resolve()).run())


def _listen(port: int) -> socket.socket:
    """A socket that listens on 127.0.0.1: on this port where it is free."""
    with contextlib.suppress(OSError):
        return socket.create_server(("127.0.0.1", port))
    return socket.create_server(("127.0.0.1", 0))


if __name__ == "__main__":
    main()
