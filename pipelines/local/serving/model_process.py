"""One process that serves a model: starts it, takes its connections, asks it, ends it.

The process is a job of a job server, so it ends with its owner. It connects back over 127.0.0.1,
once for each request that it can answer at the same time, and names a secret that only it has. As
soon as all connections are there, nobody else can make one.
"""

import asyncio
import contextlib
import json
import logging
import secrets
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from pipelines.local.errors import StepFailed
from pipelines.local.jobs.machine import MAX_REASON_CHARACTERS
from pipelines.local.processes import Command, JobProcess, JobServer
from pipelines.local.serving.worker import LENGTHS, TOKEN_VARIABLE

_PROGRAM = Path(__file__).with_name("worker.py")
_HELLO_SECONDS = 5.0
_KILL_SECONDS = 5.0
_MAX_HEADER_BYTES = 64 * 1024
_READ_AHEAD_BYTES = 1024 * 1024

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What the container answers to a request."""

    status: int
    content_type: str | None
    body: bytes
    custom_attributes: str | None = None

    @property
    def is_success(self) -> bool:
        """Whether the status is one of success."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES


class ModelProcess:
    """A process that serves a model, from its start to its end."""

    def __init__(self, num_threads: int) -> None:
        """Describe a process that answers `num_threads` requests at the same time."""
        self.connections: list[Connection] = []
        """One for each of its threads."""
        self.has_ended = asyncio.Event()
        self._num_threads = num_threads
        self._token = secrets.token_hex(16)
        self._is_settled = asyncio.Event()  # The model is loaded, or never will be.
        self._failure = ""  # Why it never will be.
        self._is_killed = False
        self._job: JobProcess | None = None

    @property
    def is_ready(self) -> bool:
        """Whether the process lives and has loaded the model."""
        is_loaded = len(self.connections) == self._num_threads
        return is_loaded and not self._is_killed and not self.has_ended.is_set()

    @property
    def ending(self) -> str:
        """How the process ended, in words."""
        assert self._job is not None  # noqa: S101 - it was started
        error = self._job.exit_code.exception()
        return str(error) if error else f"It ended with exit code {self._job.exit_code.result()}."

    async def start(
        self,
        jobs: JobServer,
        model_dir: Path,
        *,
        environment: Mapping[str, str],
        log_path: Path,
        limit_seconds: float,
    ) -> None:
        """Start the process and wait until it has loaded the model.

        Args:
            jobs: Starts it.
            model_dir: The unpacked artifact.
            environment: All variables of the process.
            log_path: File to which it appends what it prints.
            limit_seconds: Longest time until the model is loaded.

        Raises:
            StepFailed: The model cannot be loaded; the process is gone.
        """
        # Cancelled while it begins to serve, start_server would leave its socket open.
        listener = await asyncio.start_server(
            self._greet, "127.0.0.1", 0, limit=_READ_AHEAD_BYTES, start_serving=False
        )
        port = listener.sockets[0].getsockname()[1]
        command = Command(
            argv=["python3", str(_PROGRAM), str(port), str(self._num_threads), str(model_dir)],
            environment={**environment, TOKEN_VARIABLE: self._token},
            cwd=model_dir,
            log_path=log_path,
        )
        try:
            await listener.start_serving()
            await in_thread(self._start_job, jobs, command, asyncio.get_running_loop())
            async with asyncio.timeout(limit_seconds):
                await self._is_settled.wait()
        except TimeoutError:
            self._failure = f"The model was not loaded within {limit_seconds:g} s."
        finally:
            listener.close()
            if not self.is_ready:
                await self.end()
        if not self.is_ready:
            reason = (
                self._failure or f"The process that was to load the model is gone. {self.ending}"
            )
            raise StepFailed(reason[:MAX_REASON_CHARACTERS])

    def kill(self) -> None:
        """End the process, whatever it does."""
        self._is_killed = True
        if self._job is not None:
            self._job.kill()

    async def end(self) -> None:
        """Kill the process, wait for its end and close the connections."""
        self.kill()
        if self._job is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_KILL_SECONDS):
                    await self.has_ended.wait()
        for connection in self.connections:
            connection.close()

    def _start_job(
        self, jobs: JobServer, command: Command, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._job = jobs.start(command)

        def tell(_: object) -> None:
            with contextlib.suppress(RuntimeError):  # The loop is closed: nobody wants to know.
                loop.call_soon_threadsafe(self._note_end)

        self._job.exit_code.add_done_callback(tell)

    def _note_end(self) -> None:
        self.has_ended.set()
        self._is_settled.set()

    async def _greet(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Take a connection of the process; one that does not name the secret is closed."""
        with contextlib.ExitStack() as unless_taken:
            unless_taken.callback(writer.close)
            try:
                async with asyncio.timeout(_HELLO_SECONDS):
                    hello, _ = await _read(reader, max_bytes=_MAX_HEADER_BYTES)
            except (TimeoutError, OSError, EOFError, ValueError):
                hello = {}
            if not secrets.compare_digest(str(hello.get("token")).encode(), self._token.encode()):
                logger.error("A connection that is not from the process of the model was refused.")
            elif "failure" in hello:
                self._failure = f"The model cannot be loaded: {hello['failure']}"
                self._is_settled.set()
            elif not self._is_killed:
                unless_taken.pop_all()
                self.connections.append(Connection(reader, writer, self))
                if self.is_ready:
                    self._is_settled.set()


class Connection:
    """A thread of a process; it answers one request at a time."""

    def __init__(self, reader: StreamReader, writer: StreamWriter, process: ModelProcess) -> None:
        """Use an open connection to a process."""
        self.process = process
        self._reader = reader
        self._writer = writer

    @property
    def is_open(self) -> bool:
        """Whether a request may still be answered."""
        return self.process.is_ready and not self._reader.at_eof()

    async def ask(self, header: Mapping[str, object], body: bytes | bytearray) -> Answer:
        """Send a request and wait for the answer.

        Raises:
            OSError: The connection broke.
            EOFError: The process ended.
        """
        text = json.dumps(header).encode()
        self._writer.write(b"".join((LENGTHS.pack(len(text), len(body)), text, body)))
        await self._writer.drain()
        answer, content = await _read(self._reader)
        return Answer(**answer, body=content)

    def close(self) -> None:
        """Close the connection."""
        self._writer.close()


async def in_thread(function: Callable[..., None], *arguments: object) -> None:
    """Run a function in a thread; who is cancelled meanwhile waits, for nothing ends a thread."""
    running = asyncio.ensure_future(asyncio.to_thread(function, *arguments))
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise


async def _read(
    reader: StreamReader, *, max_bytes: int | None = None
) -> tuple[dict[str, Any], bytes]:
    lengths = LENGTHS.unpack(await reader.readexactly(LENGTHS.size))
    if max_bytes is not None and sum(lengths) > max_bytes:
        raise ValueError(f"A frame has {sum(lengths)} bytes; at most {max_bytes} are read.")
    content = await reader.readexactly(sum(lengths))
    return dict(json.loads(content[: lengths[0]])), content[lengths[0] :]
