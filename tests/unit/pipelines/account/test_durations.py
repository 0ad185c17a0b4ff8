"""Tests of pipelines.account.durations."""

from datetime import timedelta

from pipelines.account.durations import job_seconds
from tests.aws import SITE
from tests.unit.pipelines.account.executing import START, arn, record, stubbed_account


def test_the_last_job_of_each_step_counts() -> None:
    """What failed, was taken from elsewhere, or is no single job tells no time of a job."""
    processing = {"ProcessingJob": {"Arn": "arn:job/p"}}
    training = {"TrainingJob": {"Arn": "arn:job/t"}}
    source = {"SourcePipelineExecutionArn": arn("older")}
    with stubbed_account() as (clients, sagemaker):
        sagemaker.executions(("new", "Failed"), ("old", "Succeeded"), num=5)
        sagemaker.steps(
            "new",
            record("Preprocess", Metadata=processing, CacheHitResult=source),
            record("Tune", Metadata={"TuningJob": {"Arn": "arn:job/h"}}),
            record("Train", Metadata=training),
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
