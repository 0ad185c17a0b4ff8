"""Tests of pipelines.account.durations."""

from datetime import timedelta
from typing import Any

import pytest

from pipelines.account.durations import job_seconds
from pipelines.account.errors import DeniedError
from tests.aws import SITE
from tests.unit.pipelines.account.executing import (
    START,
    Sagemaker,
    arn,
    complete,
    record,
    stubbed_account,
)

SEARCH = {"TuningJob": {"Arn": "arn:aws:sagemaker:us-east-1:1:hyper-parameter-tuning-job/new-Tune"}}
EARLIER = {
    "TuningJob": {"Arn": "arn:aws:sagemaker:us-east-1:1:hyper-parameter-tuning-job/old-Tune"}
}
LIST_JOBS = "list_training_jobs_for_hyper_parameter_tuning_job"


def request(name: str, **more: Any) -> dict[str, Any]:
    """The request for the training jobs of a tuning job."""
    return {"HyperParameterTuningJobName": name, "MaxResults": 100, **more}


def tell_jobs(sagemaker: Sagemaker, asked: dict[str, Any], *times: Any, **more: Any) -> None:
    """A page of training jobs: the seconds of each, or None for one that never had an instance."""
    jobs = [
        {}
        if seconds is None
        else {"TrainingStartTime": START, "TrainingEndTime": START + timedelta(seconds=seconds)}
        for seconds in times
    ]
    answer = complete(sagemaker.client, LIST_JOBS, {"TrainingJobSummaries": jobs, **more})
    sagemaker.stub.add_response(LIST_JOBS, answer, asked)


def test_the_last_job_of_each_step_counts() -> None:
    """What failed, was taken from elsewhere, or ran no job tells no time of one."""
    processing = {"ProcessingJob": {"Arn": "arn:job/p"}}
    training = {"TrainingJob": {"Arn": "arn:job/t"}}
    source = {"SourcePipelineExecutionArn": arn("older")}
    nowhere = {"SourcePipelineExecutionArn": ""}
    with stubbed_account() as (clients, sagemaker):
        sagemaker.executions(("new", "Failed"), ("old", "Succeeded"), num=5)
        sagemaker.steps(
            "new",
            record("Preprocess", Metadata=processing, CacheHitResult=source),
            record("Train", Metadata=training, CacheHitResult=nowhere),
            record("Evaluate", "Failed", Metadata=processing),
            record("Report", Metadata=processing, SelectiveExecutionResult=source),
        )
        sagemaker.steps(
            "old",
            record("Preprocess", Metadata=processing, EndTime=START + timedelta(seconds=90)),
            record("Train", Metadata=training, EndTime=START + timedelta(hours=1)),
            record("Evaluate", "Executing", Metadata=processing),
            record("Find", Metadata={"Lambda": {"Arn": "arn:function"}}),
        )
        assert job_seconds("training", SITE, clients) == {"Train": 60.0, "Preprocess": 90.0}


def test_a_search_counts_by_the_mean_of_its_jobs() -> None:
    """Of all its pages; a job that never had an instance is not billed. Only the last is asked."""
    with stubbed_account() as (clients, sagemaker):
        sagemaker.executions(("new", "Succeeded"), ("old", "Succeeded"), num=5)
        sagemaker.steps("new", record("Tune", Metadata=SEARCH))
        tell_jobs(sagemaker, request("new-Tune"), 100, None, NextToken="more")
        tell_jobs(sagemaker, request("new-Tune", NextToken="more"), 200, 600)
        sagemaker.steps("old", record("Tune", Metadata=EARLIER))
        assert job_seconds("training", SITE, clients) == {"Tune": 300.0}


def test_an_earlier_search_counts_where_the_last_is_deleted() -> None:
    """So it does where the last tells no time."""
    with stubbed_account() as (clients, sagemaker):
        sagemaker.executions(("a", "Failed"), ("b", "Failed"), ("c", "Failed"), num=5)
        sagemaker.steps("a", record("Tune", Metadata=SEARCH))
        sagemaker.absent(LIST_JOBS)
        sagemaker.steps("b", record("Tune", Metadata=SEARCH))
        tell_jobs(sagemaker, request("new-Tune"), None)
        sagemaker.steps("c", record("Tune", Metadata=EARLIER))
        tell_jobs(sagemaker, request("old-Tune"), 50)
        assert job_seconds("training", SITE, clients) == {"Tune": 50.0}


def test_a_search_that_may_not_be_read_is_no_guess() -> None:
    """Its limit would count as if nothing were wrong."""
    with stubbed_account() as (clients, sagemaker):
        sagemaker.executions(("new", "Succeeded"), num=5)
        sagemaker.steps("new", record("Tune", Metadata=SEARCH))
        sagemaker.stub.add_client_error(LIST_JOBS, "AccessDeniedException", "", 400)
        with pytest.raises(DeniedError):
            job_seconds("training", SITE, clients)
