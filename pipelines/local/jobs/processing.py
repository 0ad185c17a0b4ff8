"""Runs a processing job: inputs as links, one process per instance, outputs into the store."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.definition import Json
from pipelines.local.errors import StepFailed
from pipelines.local.files import write_json
from pipelines.local.jobs.machine import (
    MAX_REASON_CHARACTERS,
    JobCall,
    JobDir,
    arn,
    base_environment,
    kill_all,
    runtime_limit,
    start,
    wait_for,
)
from pipelines.local.processes import Command, JobProcess


def run_processing(call: JobCall) -> dict[str, Any]:
    """Run the request of CreateProcessingJob.

    Returns:
        The response of DescribeProcessingJob.

    Raises:
        StepFailed: The job failed.
        Stopped: The runner is stopping.

    Source:
        Amazon SageMaker AI Developer Guide, "Build Your Own Processing Container",
        https://docs.aws.amazon.com/sagemaker/latest/dg/build-your-own-processing-container.html
    """
    request, name, machine = call.request, call.name, call.machine
    started = machine.now()
    num_hosts = int(request["ProcessingResources"]["ClusterConfig"]["InstanceCount"])
    hosts = [f"algo-{index + 1}" for index in range(num_hosts)]
    job_dirs = [
        JobDir(path=call.directory / host if num_hosts > 1 else call.directory) for host in hosts
    ]
    processes: list[JobProcess] = []
    try:
        for index, job_dir in enumerate(job_dirs):
            _prepare(call, job_dir, hosts=hosts, index=index)
            processes.append(start(machine, job_dir, _command(call, job_dir)))
        codes = wait_for(
            processes,
            machine=machine,
            job_dir=job_dirs[0].path,
            limit_seconds=runtime_limit(request),
        )
    finally:  # A host that cannot be prepared ends those that have started.
        kill_all(processes)
    for code, job_dir in zip(codes, job_dirs, strict=True):
        if code:
            reason = f"AlgorithmError: {job_dir.read_reason('message')}, exit code: {code}"
            raise StepFailed(reason[:MAX_REASON_CHARACTERS], job_dir=job_dir.path)
    for output in _outputs(request):
        for job_dir in job_dirs:
            local = Path(job_dir.reroot(output["S3Output"]["LocalPath"]))
            machine.store.move_tree(local, output["S3Output"]["S3Uri"])
    ended = machine.now().isoformat()
    response = {
        **request,
        "ProcessingJobName": name,
        "ProcessingJobArn": arn(f"processing-job/{name}"),
        "ProcessingJobStatus": "Completed",
        "CreationTime": started.isoformat(),
        "ProcessingStartTime": started.isoformat(),
        "ProcessingEndTime": ended,
        "LastModifiedTime": ended,
    }
    message = job_dirs[0].read_reason("message")
    return {**response, "ExitMessage": message} if message else response


def _prepare(call: JobCall, job_dir: JobDir, *, hosts: list[str], index: int) -> None:
    request, name = call.request, call.name
    for item in request.get("ProcessingInputs", []):
        s3 = item["S3Input"]
        is_sharded = s3.get("S3DataDistributionType") == "ShardedByS3Key"
        store = call.machine.store
        link = store.link_manifest if s3["S3DataType"] == "ManifestFile" else store.link_inputs
        link(
            s3["S3Uri"],
            Path(job_dir.reroot(s3["LocalPath"])),
            shard=(index, len(hosts)) if is_sharded else (0, 1),
        )
    for output in _outputs(request):
        Path(job_dir.reroot(output["S3Output"]["LocalPath"])).mkdir(parents=True, exist_ok=True)
    (job_dir.ml / "output").mkdir(parents=True, exist_ok=True)
    write_json(
        job_dir.ml / "config" / "processingjobconfig.json",
        {**request, "ProcessingJobName": name, "ProcessingJobArn": arn(f"processing-job/{name}")},
    )
    write_json(
        job_dir.ml / "config" / "resourceconfig.json",
        {"current_host": hosts[index], "hosts": hosts},
    )


def _command(call: JobCall, job_dir: JobDir) -> Command:
    specification = call.request["AppSpecification"]
    environment = call.request.get("Environment", {})
    argv = [*specification["ContainerEntrypoint"], *specification.get("ContainerArguments", [])]
    return Command(
        argv=[job_dir.reroot(argument) for argument in argv],
        environment={
            **base_environment(call.machine.home_dir, num_threads=call.num_threads),
            **{key: job_dir.reroot(text) for key, text in environment.items()},
        },
        cwd=job_dir.ml,
        log_path=job_dir.log_path,
    )


def _outputs(request: Mapping[str, Json]) -> list[Json]:
    outputs: list[Json] = request.get("ProcessingOutputConfig", {}).get("Outputs", [])
    return outputs
