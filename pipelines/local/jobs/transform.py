"""Runs a batch transform job: each object below a prefix is one request to the model's handler."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

from pipelines.local.errors import StepFailed
from pipelines.local.hosting import Container
from pipelines.local.jobs.machine import JobCall, JobDir, Stopped, arn
from pipelines.local.serving.model_process import Answer
from pipelines.local.serving.model_server import ModelServer
from pipelines.local.store import join

MEBIBYTE = 1024 * 1024
_DEFAULT_PAYLOAD_MB = 6
_DEFAULT_TIMEOUT_SECONDS = 600.0
_DEFAULT_RETRIES = 3
"""What the service assumes where a request says nothing.

Source: Amazon SageMaker AI API Reference, CreateTransformJob and ModelClientConfig,
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTransformJob.html
"""
_CLOSE_SECONDS = 10.0
_POLL_SECONDS = 0.1
_MAX_SHOWN_CHARACTERS = 300


@dataclass(slots=True)
class _Batch:
    """How a job goes."""

    num_objects: int
    num_ended: int = 0
    failures: dict[str, str] = field(default_factory=dict)
    """Reason of each object that has no answer, by name."""


def run_transform(
    call: JobCall, container: Container, *, on_progress: Callable[[str], None]
) -> tuple[dict[str, Any], int]:
    """Run the request of CreateTransformJob.

    An object that the model refuses has no output and fails the job in the end; the others go on.
    The log says of each such object why.

    Args:
        call: The job.
        container: The model.
        on_progress: Told how far it is.

    Returns:
        The response of DescribeTransformJob, and the number of objects.

    Raises:
        StepFailed: The model does not start, there is no input, or an object has no answer.
        Stopped: The runner is stopping.

    Source:
        Amazon SageMaker AI Developer Guide, "Batch transform for inference",
        https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform.html
    """
    machine, request = call.machine, call.request
    started = machine.now().isoformat()
    prefix = request["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
    objects = machine.store.objects(prefix)
    if not objects:
        raise StepFailed(
            f"No object has the prefix '{prefix}' in the local store "
            f"({machine.store.path(prefix)})."
        )
    batch = _Batch(num_objects=len(objects))
    asyncio.run(_transform(call, container, objects, batch, on_progress))
    if batch.failures:
        with _log_path(call).open("a", encoding="utf-8", errors="backslashreplace") as log:
            log.writelines(f"{name}: {why}\n" for name, why in sorted(batch.failures.items()))
        name, reason = min(batch.failures.items())
        noun = "object has" if len(batch.failures) == 1 else "objects have"
        raise StepFailed(
            f"{len(batch.failures)} of {batch.num_objects} {noun} no answer, for example "
            f"'{name}': {reason}"
        )
    ended = machine.now().isoformat()
    response = {
        **request,
        "TransformJobName": call.name,
        "TransformJobArn": arn(f"transform-job/{call.name}"),
        "TransformJobStatus": "Completed",
        "CreationTime": started,
        "TransformStartTime": started,
        "TransformEndTime": ended,
    }
    return response, batch.num_objects


async def _transform(
    call: JobCall,
    container: Container,
    objects: list[tuple[str, Path]],
    batch: _Batch,
    on_progress: Callable[[str], None],
) -> None:
    request, machine = call.request, call.machine
    payload_mb = request.get("MaxPayloadInMB", _DEFAULT_PAYLOAD_MB)
    strategy = "MULTI_RECORD" if request.get("BatchStrategy") == "MultiRecord" else "SINGLE_RECORD"
    config = request.get("ModelClientConfig", {})
    server = ModelServer(
        archive=container.archive,
        environment={
            **container.environment,
            **request.get("Environment", {}),
            "SAGEMAKER_BATCH": "true",
            "SAGEMAKER_BATCH_STRATEGY": strategy,
            "SAGEMAKER_MAX_PAYLOAD_IN_MB": str(payload_mb),
        },
        work_dir=call.directory / "container",
        log_path=_log_path(call),
        jobs=machine.server,
        num_threads=call.num_threads,
        response_seconds=config.get("InvocationsTimeoutInSeconds", _DEFAULT_TIMEOUT_SECONDS),
    )

    async def serve() -> None:
        await server.start()
        waiting = iter(objects)

        async def work() -> None:
            for name, path in waiting:
                reason = await _send(call, server, name, path, payload_mb * MEBIBYTE)
                if reason is not None:
                    batch.failures[name] = reason
                batch.num_ended += 1

        num_workers = int(request.get("MaxConcurrentTransforms") or call.num_threads)
        await asyncio.gather(*(work() for _ in range(num_workers)))

    serving = asyncio.create_task(serve())
    try:
        while not serving.done():
            await asyncio.wait([serving], timeout=_POLL_SECONDS)
            on_progress(f"{batch.num_ended} of {batch.num_objects} objects")
            if machine.is_stopping.is_set():
                serving.cancel()
                await asyncio.wait([serving])
                raise Stopped
        serving.result()
    finally:
        await server.close(limit_seconds=0 if machine.is_stopping.is_set() else _CLOSE_SECONDS)


def _log_path(call: JobCall) -> Path:
    return JobDir(path=call.directory).log_path


async def _send(
    call: JobCall, server: ModelServer, name: str, path: Path, max_bytes: int
) -> str | None:
    """Send one object and store the answer; the reason where there is none."""
    source, target = call.request["TransformInput"], call.request["TransformOutput"]
    if 0 < max_bytes < path.stat().st_size:  # 0 sets no limit.
        return f"it has {path.stat().st_size} bytes, and MaxPayloadInMB allows {max_bytes}."
    num_retries = call.request.get("ModelClientConfig", {}).get("InvocationsMaxRetries")
    answer = await _ask(
        server,
        await asyncio.to_thread(path.read_bytes),
        source.get("ContentType"),
        target.get("Accept"),
        num_retries=_DEFAULT_RETRIES if num_retries is None else int(num_retries),
    )
    if not answer.is_success:
        text = answer.body[:_MAX_SHOWN_CHARACTERS].decode(errors="replace")
        return f"status {answer.status}, {text}"
    uri = join(target["S3OutputPath"], f"{name}.out")
    await asyncio.to_thread(call.machine.store.put_bytes, uri, answer.body)
    return None


async def _ask(
    server: ModelServer,
    body: bytes,
    content_type: str | None,
    accept: str | None,
    *,
    num_retries: int,
) -> Answer:
    """The model's answer; its faults are tried again, a request that it refuses is not."""
    answer = await server.invoke(body, content_type, accept)
    while num_retries and answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        num_retries -= 1
        answer = await server.invoke(body, content_type, accept)
    return answer
