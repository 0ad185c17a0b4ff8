"""What the jobs of the pipeline `monitoring` are told of the window that they look at."""

from dataclasses import dataclass
from typing import Self

from sagemaker.core.workflow.execution_variables import ExecutionVariables
from sagemaker.core.workflow.functions import Join
from sagemaker.mlops.workflow.lambda_step import LambdaStep

from steps.job import Context
from steps.select_window import history_uri


@dataclass(frozen=True, kw_only=True, slots=True)
class MonitoredWindow:
    """The outputs of SelectWindow by what they are."""

    endpoint_name: object
    start: object
    end: object
    model_package_arn: object
    baseline_uri: object
    """S3 prefix of the baselines of the model in force."""
    captured_uri: object
    """S3 URI of the manifest of the captured files; so are the ones below of theirs."""
    ground_truth_uri: object
    drift_history_uri: object
    quality_history_uri: object

    @classmethod
    def of(cls, select: LambdaStep, *, endpoint_name: object) -> Self:
        """What a step SelectWindow found."""
        found = select.properties.Outputs
        return cls(
            endpoint_name=endpoint_name,
            start=found["WindowStart"],
            end=found["WindowEnd"],
            model_package_arn=found["ModelPackageArn"],
            baseline_uri=found["BaselineUri"],
            captured_uri=found["CaptureManifestUri"],
            ground_truth_uri=found["GroundTruthManifestUri"],
            drift_history_uri=found["DriftHistoryManifestUri"],
            quality_history_uri=found["QualityHistoryManifestUri"],
        )

    def history_uri(self, context: Context, step: str) -> Join:
        """S3 prefix of the records that a job leaves of each window."""
        return history_uri(context, self.endpoint_name, step)

    def arguments(self, context: Context) -> list[object]:
        """Options that say which window it is, as `steps.window` reads them."""
        options = {
            "--endpoint-name": self.endpoint_name,
            "--execution-id": ExecutionVariables.PIPELINE_EXECUTION_ID,
            "--model-package-arn": self.model_package_arn,
            "--schedule-name": context.pipeline_name,
            "--window-start": self.start,
            "--window-end": self.end,
        }
        return [part for option in options.items() for part in option]
