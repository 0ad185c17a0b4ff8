"""Runs a training job as the script mode of the `sagemaker-training` toolkit does."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pipelines.local.errors import StepFailed
from pipelines.local.files import write_json
from pipelines.local.jobs.archive import pack, unpack
from pipelines.local.jobs.machine import (
    MAX_REASON_CHARACTERS,
    JobCall,
    JobDir,
    arn,
    base_environment,
    runtime_limit,
    start,
    wait_for,
)
from pipelines.local.jobs.metrics import MetricScraper
from pipelines.local.jobs.toolkit import resource_config, script_arguments, toolkit_environment
from pipelines.local.processes import Command, JobProcess
from pipelines.local.store import join

_PROGRAM = "sagemaker_program"
_SOURCE = "sagemaker_submit_directory"


class TrainingJob:
    """A training job on this machine, from its request to its response."""

    def __init__(self, call: JobCall) -> None:
        """A job that has yet to start."""
        self.request = call.request
        self.name = call.name
        self.job_dir = JobDir(path=call.directory)
        self._machine = call.machine
        self._num_threads = call.num_threads

    def start(self) -> JobProcess:
        """Lay out the folder and start the script."""
        ml = self.job_dir.ml
        for folder in ("model", "output/data", "input/data"):
            (ml / folder).mkdir(parents=True, exist_ok=True)
        hyperparameters = {
            key: self.job_dir.reroot(text) for key, text in self.request["HyperParameters"].items()
        }
        channels = {item["ChannelName"]: item for item in self.request.get("InputDataConfig", [])}
        for channel, item in channels.items():
            uri = item["DataSource"]["S3DataSource"]["S3Uri"]
            self._machine.store.link_inputs(uri, ml / "input" / "data" / channel)
        resources = resource_config(instance_type=self.request["ResourceConfig"]["InstanceType"])
        inputs = {
            channel: {
                "TrainingInputMode": "File",
                "S3DistributionType": "FullyReplicated",
                "RecordWrapperType": "None",
            }
            for channel in channels
        }
        config_dir = ml / "input" / "config"
        write_json(config_dir / "hyperparameters.json", hyperparameters)
        write_json(config_dir / "inputdataconfig.json", inputs)
        write_json(config_dir / "resourceconfig.json", resources)
        code_dir = ml / "code"
        unpack(self._read_source(hyperparameters[_SOURCE]), code_dir)
        self._restore_checkpoints()
        environment = {
            **base_environment(self._machine.home_dir, num_threads=self._num_threads),
            "TRAINING_JOB_NAME": self.name,
            "CURRENT_HOST": resources["current_host"],
            "PYTHONPATH": str(code_dir),
            **{
                key: self.job_dir.reroot(text)
                for key, text in self.request.get("Environment", {}).items()
            },
            **toolkit_environment(
                ml_dir=ml,
                job_name=self.name,
                hyperparameters=hyperparameters,
                channels=inputs,
                resources=resources,
            ),
        }
        command = Command(
            argv=["python3", hyperparameters[_PROGRAM], *script_arguments(hyperparameters)],
            environment=environment,
            cwd=code_dir,
            log_path=self.job_dir.log_path,
        )
        return start(self._machine, self.job_dir, command)

    def _read_source(self, source: str) -> bytes:
        """The archive of the code: an object, or a file of one of the channels."""
        if source.startswith("s3://"):
            return self._machine.store.read_bytes(source)
        return Path(source).read_bytes()

    def scraper(self) -> MetricScraper:
        """A reader of this job's metrics."""
        definitions = self.request["AlgorithmSpecification"].get("MetricDefinitions", [])
        return MetricScraper(definitions, self.job_dir.log_path)

    def failure(self, code: int) -> str:
        """The FailureReason of a job that ended with this exit code."""
        reason = f"AlgorithmError: {self.job_dir.read_reason('failure')}, exit code: {code}"
        return reason[:MAX_REASON_CHARACTERS]

    def upload(self) -> str:
        """Put `model.tar.gz`, and `output.tar.gz` if there is output, into the store.

        Returns:
            The URI of the artifact.
        """
        prefix = join(self.request["OutputDataConfig"]["S3OutputPath"], f"{self.name}/output")
        for folder, archive in (("model", "model.tar.gz"), ("output/data", "output.tar.gz")):
            directory = self.job_dir.ml / folder
            if archive == "model.tar.gz" or any(directory.iterdir()):
                packed = self.job_dir.path / archive
                pack(directory, packed)
                self._machine.store.move_file(packed, join(prefix, archive))
        return join(prefix, "model.tar.gz")

    def response(
        self, *, status: str, started: str, metrics: Mapping[str, list[float]], artifact: str | None
    ) -> dict[str, Any]:
        """The response of DescribeTrainingJob."""
        ended = self._machine.now().isoformat()
        final = [
            {"MetricName": metric, "Value": values[-1], "Timestamp": ended}
            for metric, values in metrics.items()
            if values
        ]
        response = {
            **self.request,
            "TrainingJobName": self.name,
            "TrainingJobArn": arn(f"training-job/{self.name}"),
            "TrainingJobStatus": status,
            "SecondaryStatus": status,
            "CreationTime": started,
            "TrainingStartTime": started,
            "TrainingEndTime": ended,
            "LastModifiedTime": ended,
            "FinalMetricDataList": final,
        }
        return (
            {**response, "ModelArtifacts": {"S3ModelArtifacts": artifact}} if artifact else response
        )

    def _restore_checkpoints(self) -> None:
        """Let the checkpoint folder be the prefix in the store.

        SageMaker copies the prefix in and keeps copying changes out; here both are the same files,
        so that nothing is lost however the job ends.
        """
        config = self.request.get("CheckpointConfig")
        if config is None:
            return
        stored = self._machine.store.folder(config["S3Uri"])
        local = Path(self.job_dir.reroot(config.get("LocalPath", "/opt/ml/checkpoints")))
        local.parent.mkdir(parents=True, exist_ok=True)
        local.symlink_to(stored, target_is_directory=True)


def run_training(
    call: JobCall,
    *,
    on_metrics: Callable[[Mapping[str, list[float]]], None] = lambda _: None,
) -> dict[str, Any]:
    """Run the request of CreateTrainingJob.

    Args:
        call: The job.
        on_metrics: Told all metrics so far, now and then.

    Returns:
        The response of DescribeTrainingJob.

    Raises:
        StepFailed: The job failed.
        Stopped: The runner is stopping.
    """
    started = call.machine.now().isoformat()
    job = TrainingJob(call)
    scraper = job.scraper()

    def watch() -> None:
        scraper.read()
        on_metrics(scraper.values)

    process = job.start()
    (code,) = wait_for(
        [process],
        machine=call.machine,
        job_dir=call.directory,
        limit_seconds=runtime_limit(call.request),
        watch=watch,
    )
    if code:
        raise StepFailed(job.failure(code), job_dir=call.directory)
    scraper.read(is_complete=True)
    return job.response(
        status="Completed", started=started, metrics=scraper.values, artifact=job.upload()
    )
