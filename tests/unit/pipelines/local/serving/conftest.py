"""An endpoint that answers over HTTP, in the process of the tests."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from pipelines.execution import utc_now
from pipelines.local.processes import JobServer
from pipelines.local.serving.app import build_runner
from pipelines.local.serving.capture import CaptureWriter
from pipelines.local.serving.endpoint import Endpoint
from pipelines.local.serving.records import Variant, Wanted
from pipelines.local.store import LocalStore
from tests.unit.pipelines.local.models import ECHO, archive
from tests.waiting import SECONDS

NAME = "dogs"


@dataclass(slots=True)
class Running:
    """An endpoint, and the loop in which it lives."""

    endpoint: Endpoint
    root: Path
    port: int
    writer: CaptureWriter
    _loop: asyncio.AbstractEventLoop
    _num_models: int = field(default=0, init=False)

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine in the loop and wait for its result."""
        return self.submit(coroutine).result(SECONDS)

    def submit(self, coroutine: Coroutine[Any, Any, Any]) -> Future[Any]:
        """Run a coroutine in the loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def variant(self, code: str = ECHO, **changes: Any) -> Variant:
        """A variant that runs the code of a module."""
        self._num_models += 1
        path = self.root / f"{self._num_models}.tar.gz"
        path.write_bytes(archive(code))
        fields: dict[str, Any] = {
            "name": "AllTraffic",
            "weight": 1.0,
            "model_name": "model",
            "model_package_arn": "",
            "archive": str(path),
            "environment": {},
            "samples_dir": "",
        }
        return Variant(**{**fields, **changes})

    def go_over(self, *variants: Variant, **changes: Any) -> None:
        """Let the endpoint go over to a configuration."""
        self._num_models += 1
        fields: dict[str, Any] = {
            "id": f"wanted-{self._num_models}",
            "endpoint": NAME,
            "config_name": f"config-{self._num_models}",
            "variants": variants,
            "capture": None,
        }
        self.run(self.endpoint.go_over(Wanted(**{**fields, **changes})))


@pytest.fixture
def running(root: Path, server: JobServer) -> Iterator[Running]:
    """An endpoint named `dogs` that serves nothing yet, over HTTP."""
    directory = root / "endpoints" / NAME
    directory.mkdir(parents=True)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        with CaptureWriter(LocalStore(root)) as writer:
            endpoint = Endpoint(NAME, directory, server)

            async def build() -> web.ServerRunner:
                return build_runner(endpoint, writer, now=utc_now, finish_seconds=5)

            runner = asyncio.run_coroutine_threadsafe(build(), loop).result(SECONDS)

            async def start() -> int:
                await runner.setup()
                site = web.TCPSite(runner, "127.0.0.1", 0)
                await site.start()
                return int(runner.addresses[0][1])

            async def end() -> None:
                await runner.cleanup()
                await endpoint.close(limit_seconds=5)

            port = asyncio.run_coroutine_threadsafe(start(), loop).result(SECONDS)
            yield Running(endpoint, root, port, writer, loop)
            asyncio.run_coroutine_threadsafe(end(), loop).result(SECONDS)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
