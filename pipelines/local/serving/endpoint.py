"""What an endpoint serves: one version of it, until a newer one has proved that it works.

A version is an endpoint configuration, with a model server for each of its variants. A newer one is
started beside it and must load every model and answer the samples of every model package. Then it
takes all new requests at once, and the old one ends when it has answered those that it has.
"""

import asyncio
import contextlib
import json
import random
import shutil
from dataclasses import dataclass
from pathlib import Path

from inference.samples import SAMPLES_FILE, Sample, difference, parse_samples
from pipelines.local.errors import StepFailed
from pipelines.local.jobs.machine import usable_cores
from pipelines.local.processes import JobServer
from pipelines.local.serving.capture import CaptureRule
from pipelines.local.serving.model_process import Answer
from pipelines.local.serving.model_server import RESPONSE_SECONDS, ModelServer
from pipelines.local.serving.records import LOG_FILE, Variant, Wanted

_THREADS_PER_CORE = 2
"""While an answer is on its way and the next request comes, another thread has the core."""
_MODELS_DIR = "models"
_RESPONSE_TYPE = "application/json"
_MAX_SHOWN_BYTES = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class ServedVariant:
    """A production variant and its model server."""

    variant: Variant
    server: ModelServer


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """An endpoint configuration that is served."""

    wanted: Wanted
    variants: tuple[ServedVariant, ...]
    capture: CaptureRule | None

    @property
    def is_ready(self) -> bool:
        """Whether all its models can answer."""
        return all(served.server.is_ready for served in self.variants)

    def choose(self, target: str | None) -> ServedVariant | None:
        """The variant for a request: the one that it names, or any, by weight.

        Returns:
            The variant; None if there is none of that name, or none that has a weight.
        """
        if target is not None:
            named = [served for served in self.variants if served.variant.name == target]
            return named[0] if named else None
        weights = [served.variant.weight for served in self.variants]
        if not any(weights):
            return None
        return random.choices(self.variants, weights)[0]  # noqa: S311 - a share of the traffic


class Endpoint:
    """The versions of one endpoint: the one that answers, and those that come and go."""

    def __init__(self, name: str, directory: Path, jobs: JobServer) -> None:
        """Serve nothing yet.

        Args:
            name: Name of the endpoint.
            directory: Its folder.
            jobs: Starts the processes of the models.
        """
        self.name = name
        self.version: Version | None = None
        """The version that answers; None before the first."""
        self.num_threads = _THREADS_PER_CORE * usable_cores()
        """Requests that each variant answers at the same time."""
        self._models_dir = directory / _MODELS_DIR
        self._log_path = directory / LOG_FILE
        self._jobs = jobs
        self._closing: dict[asyncio.Task[None], Version] = {}
        """Versions that finish the requests that they have."""
        # Of a process that was killed.
        shutil.rmtree(self._models_dir, ignore_errors=True)

    async def go_over(self, wanted: Wanted) -> None:
        """Start a new version and let it answer in place of the current one.

        Raises:
            StepFailed: The new version does not work; the current one goes on.
        """
        version = self._describe(wanted)
        starting = [asyncio.create_task(_start(served)) for served in version.variants]
        try:
            await asyncio.gather(*starting)
        except BaseException:
            for task in starting:
                task.cancel()
            await asyncio.wait(starting)
            await _close(version, limit_seconds=0)
            raise
        old, self.version = self.version, version
        if old is not None:
            task = asyncio.create_task(_close(old))
            self._closing[task] = old
            task.add_done_callback(self._closing.pop)

    async def close(self, *, limit_seconds: float) -> None:
        """End all versions when they have answered the requests that they have.

        Args:
            limit_seconds: Requests that are not answered by then fail.
        """
        versions = [*self._closing.values()]
        if self.version is not None:
            versions.append(self.version)
        for task in self._closing:
            task.cancel()
        await asyncio.gather(*(_close(each, limit_seconds=limit_seconds) for each in versions))
        # Not what is in it: that would be another process's, in a folder in place of this one.
        with contextlib.suppress(OSError):
            self._models_dir.rmdir()

    def _describe(self, wanted: Wanted) -> Version:
        return Version(
            wanted=wanted,
            variants=tuple(
                ServedVariant(
                    variant=variant,
                    server=ModelServer(
                        archive=Path(variant.archive),
                        environment=variant.environment,
                        work_dir=self._models_dir / f"{wanted.id}-{variant.name}",
                        log_path=self._log_path,
                        jobs=self._jobs,
                        num_threads=self.num_threads,
                    ),
                )
                for variant in wanted.variants
            ),
            capture=CaptureRule(wanted.capture, endpoint=self.name) if wanted.capture else None,
        )


async def _start(served: ServedVariant) -> None:
    await served.server.start()
    if served.variant.samples_dir:
        await _answer_samples(served, Path(served.variant.samples_dir))


async def _answer_samples(served: ServedVariant, directory: Path) -> None:
    name = served.variant.name
    try:
        samples = parse_samples((directory / SAMPLES_FILE).read_bytes())
        bodies = [(directory / sample.file).read_bytes() for sample in samples]
    except (OSError, ValueError) as error:
        raise StepFailed(f"The samples of variant '{name}' cannot be read: {error}") from error
    for sample, body in zip(samples, bodies, strict=True):
        answer = await served.server.invoke(body, sample.content_type, _RESPONSE_TYPE)
        reason = _objection(sample, answer)
        if reason is not None:
            raise StepFailed(
                f"Variant '{name}' does not answer sample '{sample.file}' as its evaluation did: "
                f"{reason}."
            )


def _objection(sample: Sample, answer: Answer) -> str | None:
    """What is wrong with the answer to a sample; None if it is as expected."""
    text = answer.body[:_MAX_SHOWN_BYTES].decode(errors="replace")
    if not answer.is_success:
        return f"status {answer.status}, {text}"
    try:
        found = json.loads(answer.body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        return f"no JSON object, {text}"
    return difference(sample.response, found)


async def _close(version: Version, *, limit_seconds: float = RESPONSE_SECONDS) -> None:
    closing = [served.server.close(limit_seconds=limit_seconds) for served in version.variants]
    await asyncio.gather(*closing)
