"""Serves one model archive: keeps a process that answers, and shares it between requests.

A process that ends is started again. A request that takes too long, or that is given up, ends the
process, and with it the other requests that are in it: nothing else ends a handler.
"""

import asyncio
import contextlib
import json
import logging
import shutil
import tarfile
import time
import zlib
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path

from inference.contract import CODE_DIR
from pipelines.local.errors import StepFailed
from pipelines.local.jobs.archive import unpack
from pipelines.local.jobs.machine import JobDir, base_environment, usable_cores
from pipelines.local.processes import JobServer
from pipelines.local.serving.model_process import Answer, Connection, ModelProcess, in_thread

START_SECONDS = 240.0
"""Longest time in which a model must be loaded."""

RESPONSE_SECONDS = 60.0
"""Longest time in which a request must be answered.

Source: Amazon SageMaker AI Developer Guide, "Custom Inference Code with Hosting Services",
https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
"""

MAX_WAITING = 100
"""Requests that may wait for a free thread: the length of the container's own queue."""

_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 30.0

logger = logging.getLogger(__name__)


class ModelServer:
    """A model archive that is served; used from one event loop."""

    def __init__(
        self,
        *,
        archive: Path,
        environment: Mapping[str, str],
        work_dir: Path,
        log_path: Path,
        jobs: JobServer,
        num_threads: int | None = None,
        response_seconds: float = RESPONSE_SECONDS,
    ) -> None:
        """Describe a model server; nothing is started.

        Args:
            archive: The `model.tar.gz`.
            environment: Variables of the container.
            work_dir: A folder of its own, which `close` removes.
            log_path: File to which the process appends what it prints.
            jobs: Starts the process.
            num_threads: Requests that are answered at the same time; None for the number of cores.
            response_seconds: Longest time in which a request must be answered.
        """
        self.num_threads = num_threads or usable_cores()
        self._archive = archive
        self._environment = environment
        self._job_dir = JobDir(path=work_dir)
        self._model_dir = self._job_dir.ml / "model"
        self._log_path = log_path
        self._jobs = jobs
        self._response_seconds = response_seconds
        self._process: ModelProcess | None = None
        # The last one that was used first: its thread's memory is still in the caches.
        self._free: asyncio.LifoQueue[Connection] = asyncio.LifoQueue()
        self._keeper: asyncio.Task[None] | None = None
        self._num_unanswered = 0
        self._is_drained = asyncio.Event()
        self._is_drained.set()

    @property
    def is_ready(self) -> bool:
        """Whether a process lives that has loaded the model."""
        return self._process is not None and self._process.is_ready

    async def start(self, *, limit_seconds: float = START_SECONDS) -> None:
        """Unpack the archive and start a process; return when the model is loaded.

        Raises:
            StepFailed: The model cannot be served; nothing stays behind.
        """
        try:
            await in_thread(self._unpack)
            process = await self._start_process(limit_seconds)
        except BaseException:
            await self.close()
            raise
        self._keeper = asyncio.create_task(self._keep(process))

    async def invoke(
        self,
        body: bytes | bytearray,
        content_type: str | None,
        accept: str | None,
        custom_attributes: str | None = None,
    ) -> Answer:
        """Let the model answer a request.

        Whatever goes wrong with the model is an answer too, with status 500 or 503.
        """
        if self._num_unanswered >= self.num_threads + MAX_WAITING:
            return _error(HTTPStatus.SERVICE_UNAVAILABLE, "Too many requests wait for the model.")
        header = {
            "content_type": content_type,
            "accept": accept,
            "custom_attributes": custom_attributes,
        }
        self._num_unanswered += 1
        self._is_drained.clear()
        try:
            return await self._ask(header, body)
        finally:
            self._num_unanswered -= 1
            if not self._num_unanswered:
                self._is_drained.set()

    async def close(self, *, limit_seconds: float = RESPONSE_SECONDS) -> None:
        """Wait for the requests that were made, end the process and remove the folder.

        Args:
            limit_seconds: Requests that are not answered by then fail.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit_seconds):
                await self._is_drained.wait()
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
        if self._process is not None:
            await self._process.end()
        await asyncio.to_thread(shutil.rmtree, self._job_dir.path, ignore_errors=True)

    async def _ask(self, header: Mapping[str, object], body: bytes | bytearray) -> Answer:
        connection: Connection | None = None
        limit = f"within {self._response_seconds:g} s"
        try:
            async with asyncio.timeout(self._response_seconds):
                connection = await self._next_free()
                answer = await connection.ask(header, body)
        except TimeoutError:
            if connection is None:
                message = f"The model could not take the request {limit}."
                return _error(HTTPStatus.SERVICE_UNAVAILABLE, message)
            connection.process.kill()
            message = f"The model did not answer {limit}."
            return _error(HTTPStatus.INTERNAL_SERVER_ERROR, message)
        except (OSError, EOFError):
            assert connection is not None  # noqa: S101 - asking it raised this
            connection.process.kill()
            message = "The process that serves the model ended during the request."
            return _error(HTTPStatus.INTERNAL_SERVER_ERROR, message)
        except BaseException:
            if connection is not None:
                connection.process.kill()
            raise
        self._free.put_nowait(connection)
        return answer

    async def _next_free(self) -> Connection:
        while True:
            connection = await self._free.get()
            if connection.is_open:
                return connection

    async def _keep(self, process: ModelProcess) -> None:
        """Start a process again whenever one ends; ever later, as long as none lasts."""
        pause = _FIRST_PAUSE_SECONDS
        while True:
            started = time.monotonic()
            await process.has_ended.wait()
            await process.end()
            logger.error("The process that serves '%s' is gone. %s", self._archive, process.ending)
            if time.monotonic() - started > _LONGEST_PAUSE_SECONDS:
                pause = _FIRST_PAUSE_SECONDS
            while not process.is_ready:
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
                try:
                    process = await self._start_process(START_SECONDS)
                except (StepFailed, OSError) as error:
                    logger.warning("It cannot be started again: %s", error)

    async def _start_process(self, limit_seconds: float) -> ModelProcess:
        process = self._process = ModelProcess(self.num_threads)
        await process.start(
            self._jobs,
            self._model_dir,
            environment={
                **base_environment(self._job_dir.path / "home", num_threads=1),
                **{name: self._job_dir.reroot(text) for name, text in self._environment.items()},
                "PYTHONPATH": str(self._model_dir / CODE_DIR),
            },
            log_path=self._log_path,
            limit_seconds=limit_seconds,
        )
        for connection in process.connections:
            self._free.put_nowait(connection)
        return process

    def _unpack(self) -> None:
        try:
            unpack(self._archive, self._model_dir)
        except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
            raise StepFailed(f"Archive '{self._archive}' cannot be unpacked: {error}.") from error


def _error(status: HTTPStatus, message: str) -> Answer:
    body = json.dumps({"code": status.value, "message": message}).encode()
    return Answer(status=status, content_type="application/json", body=body)
