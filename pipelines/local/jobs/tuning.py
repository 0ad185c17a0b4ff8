"""Runs a hyperparameter tuning job: training jobs side by side, and the best of them."""

import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, wait
from dataclasses import dataclass, replace
from typing import Any

from pipelines.local.errors import StepFailed
from pipelines.local.jobs.machine import (
    JobCall,
    Stopped,
    arn,
    kill_all,
    runtime_limit,
    too_long,
)
from pipelines.local.jobs.metrics import MetricScraper
from pipelines.local.jobs.training import TrainingJob
from pipelines.local.processes import JobProcess
from pipelines.local.search import Search, Settings, TrialSearch, read_ranges

_POLL_SECONDS = 0.1


@dataclass(kw_only=True, slots=True)
class _Trial:
    """A training job that runs."""

    job: TrainingJob
    search: TrialSearch
    scraper: MetricScraper
    process: JobProcess
    started: str
    started_seconds: float
    num_read: int = 0
    reason: str | None = None
    """Why the job was killed, where its own words do not say it."""


class _TuningJob:
    def __init__(self, call: JobCall) -> None:
        self._call = call
        self._config = call.request["HyperParameterTuningJobConfig"]
        self._definition = call.request["TrainingJobDefinition"]
        self._objective = self._config["HyperParameterTuningJobObjective"]
        self.is_maximizing = self._objective["Type"] == "Maximize"
        limits = self._config["ResourceLimits"]
        self._num_parallel = int(limits["MaxParallelTrainingJobs"])
        hyperband = self._config.get("StrategyConfig", {}).get("HyperbandStrategyConfig")
        ranges = self._definition.get("HyperParameterRanges") or self._config["ParameterRanges"]
        self.search = Search(
            Settings(
                ranges=read_ranges(ranges),
                strategy=self._config["Strategy"],
                is_maximizing=self.is_maximizing,
                seed=int(self._config.get("RandomSeed", 0)),
                num_trials=int(limits["MaxNumberOfTrainingJobs"]),
                num_parallel=self._num_parallel,
                stops_early=self._config.get("TrainingJobEarlyStoppingType") == "Auto",
                resources=hyperband
                and (int(hyperband["MinResource"]), int(hyperband["MaxResource"])),
            )
        )
        self._running: dict[int, _Trial] = {}
        self.summaries: dict[int, dict[str, Any]] = {}

    def run(self, on_progress: Callable[[str], None]) -> None:
        """Run all trials; whatever raises, none outlives this call."""
        try:
            self._run(on_progress)
        finally:
            kill_all([trial.process for trial in self._running.values()])

    def _run(self, on_progress: Callable[[str], None]) -> None:
        number = 0
        while number < self.search.num_trials or self._running:
            while (
                number < self.search.num_trials
                and len(self._running) < self._num_parallel
                and self.search.is_ready(number)
            ):
                self._running[number] = self._start(self.search.suggest(number))
                number += 1
            futures = [trial.process.exit_code for trial in self._running.values()]
            wait(futures, timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED)
            if self._call.machine.is_stopping.is_set():
                raise Stopped
            for trial in list(self._running.values()):
                self._look_at(trial)
            on_progress(f"{len(self.summaries)} of {self.search.num_trials} trials")

    def _start(self, search: TrialSearch) -> _Trial:
        metric = self._objective["MetricName"]
        kept = {
            key: value
            for key, value in self._definition.items()
            if key not in {"StaticHyperParameters", "HyperParameterRanges", "TuningObjective"}
        }
        request = {
            **kept,
            "HyperParameters": {
                **self._definition.get("StaticHyperParameters", {}),
                **search.values,
                "_tuning_objective_metric": metric,
            },
        }
        suffix = f"{search.number + 1:03d}"
        job = TrainingJob(
            replace(
                self._call,
                request=request,
                name=f"{self._call.name}-{suffix}",
                directory=self._call.directory / suffix,
            )
        )
        started = self._call.machine.now().isoformat()
        return _Trial(
            job=job,
            search=search,
            scraper=job.scraper(),
            process=job.start(),
            started=started,
            started_seconds=time.monotonic(),
        )

    def _look_at(self, trial: _Trial) -> None:
        has_ended = trial.process.exit_code.done()
        trial.scraper.read(is_complete=has_ended)
        values = trial.scraper.values.get(self._objective["MetricName"], [])
        for value in values[trial.num_read :]:
            if trial.search.report(value):
                break
        trial.num_read = len(values)
        if has_ended:
            self._end(trial, trial.process.exit_code.result())
            return
        limit = runtime_limit(self._definition)
        seconds = time.monotonic() - trial.started_seconds
        if limit is not None and seconds > limit:
            trial.reason = too_long(limit)
        if trial.search.stopped_at is not None or trial.reason is not None:
            trial.process.kill()

    def _end(self, trial: _Trial, code: int) -> None:
        job, search = trial.job, trial.search
        is_stopped = search.stopped_at is not None
        has_failed = not is_stopped and (code != 0 or search.objective is None)
        search.conclude(has_failed=has_failed)
        del self._running[search.number]
        status = "Stopped" if is_stopped else "Failed" if code else "Completed"
        artifact = job.upload() if status == "Completed" else None
        response = job.response(
            status=status,
            started=trial.started,
            metrics=trial.scraper.values,
            artifact=artifact,
        )
        summary = {
            "TrainingJobName": job.name,
            "TrainingJobArn": response["TrainingJobArn"],
            "TrainingJobStatus": status,
            "CreationTime": response["CreationTime"],
            "TrainingStartTime": response["TrainingStartTime"],
            "TrainingEndTime": response["TrainingEndTime"],
            "TunedHyperParameters": dict(search.values),
            "ObjectiveStatus": "Failed" if has_failed else "Succeeded",
        }
        if status == "Failed":
            summary["FailureReason"] = trial.reason or job.failure(code)
        if not has_failed:
            summary["FinalHyperParameterTuningJobObjectiveMetric"] = {
                "Type": self._objective["Type"],
                "MetricName": self._objective["MetricName"],
                "Value": search.objective,
            }
        self.summaries[search.number] = summary


def run_tuning(
    call: JobCall,
    *,
    on_progress: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Run the request of CreateHyperParameterTuningJob.

    Args:
        call: The job; its folder holds one for each trial.
        on_progress: Told how far the job is.

    Returns:
        The response of DescribeHyperParameterTuningJob, and in it TrainingJobSummaries, the trials
        with the best first.

    Raises:
        StepFailed: No trial has an objective.
        Stopped: The runner is stopping.
    """
    started = call.machine.now().isoformat()
    tuning = _TuningJob(call)
    tuning.run(on_progress)
    trials = [tuning.summaries[number] for number in sorted(tuning.summaries)]
    sign = -1 if tuning.is_maximizing else 1
    ranked = sorted(
        (trial for trial in trials if trial["ObjectiveStatus"] == "Succeeded"),
        key=lambda trial: sign * trial["FinalHyperParameterTuningJobObjectiveMetric"]["Value"],
    )
    if not ranked:
        reason = trials[0].get("FailureReason", "the objective is not in its log.")
        raise StepFailed(
            f"No training job of '{call.name}' has an objective. The first one: {reason}",
            job_dir=call.directory / "001",
        )
    failed = [trial for trial in trials if trial["ObjectiveStatus"] == "Failed"]
    counts = {
        status: sum(trial["TrainingJobStatus"] == status for trial in trials)
        for status in ("Completed", "Stopped", "Failed")
    }
    ended = call.machine.now().isoformat()
    return {
        **call.request,
        "HyperParameterTuningJobName": call.name,
        "HyperParameterTuningJobArn": arn(f"hyper-parameter-tuning-job/{call.name.lower()}"),
        "HyperParameterTuningJobStatus": "Completed",
        "CreationTime": started,
        "HyperParameterTuningEndTime": ended,
        "LastModifiedTime": ended,
        "TrainingJobStatusCounters": {
            "Completed": counts["Completed"],
            "InProgress": 0,
            "RetryableError": 0,
            "NonRetryableError": counts["Failed"],
            "Stopped": counts["Stopped"],
        },
        "ObjectiveStatusCounters": {"Succeeded": len(ranked), "Pending": 0, "Failed": len(failed)},
        "BestTrainingJob": ranked[0],
        "TrainingJobSummaries": ranked + failed,
    }
