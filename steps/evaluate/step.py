"""Declares Evaluate."""

from dataclasses import dataclass

from sagemaker.core.workflow.functions import JsonGet
from sagemaker.core.workflow.properties import PropertyFile
from sagemaker.mlops.workflow.steps import ProcessingStep

from steps.evaluate.contract import REPORT_FILE, Input, Output
from steps.job import (
    CACHE,
    JOB_RETRIES,
    Context,
    path_arguments,
    processing_input,
    processing_output,
)

MAX_RUNTIME_SECONDS = 2 * 3600
REPORT = "EvaluationReport"


@dataclass(frozen=True, slots=True)
class Evaluate:
    """The declared step, and what later steps read from it."""

    step: ProcessingStep

    def report(self, json_path: str) -> JsonGet:
        """A value of the evaluation report, for example `metrics.accuracy.value`."""
        return JsonGet(step_name=self.step.name, property_file=REPORT, json_path=json_path)

    def output_uri(self, output: Output) -> object:
        """S3 URI of one of the outputs, which on a cache hit is the earlier execution's."""
        outputs = self.step.properties.ProcessingOutputConfig.Outputs
        return outputs[output].S3Output.S3Uri


def evaluate_step(
    context: Context,
    *,
    model_uri: object,
    test_uri: object,
    approved_model_uri: object,
    instance_type: object,
) -> Evaluate:
    """Measure a model on the test split, compare it with the one in force, write the baselines.

    Args:
        context: What the pipeline's jobs have in common.
        model_uri: S3 URI of the new `model.tar.gz`.
        test_uri: S3 prefix of the test split.
        approved_model_uri: S3 URI of the approved `model.tar.gz`, or of the placeholder.
        instance_type: Instance type of the job.
    """
    _, code_uri = context.ship_files("evaluate")
    sources = {
        Input.CODE: code_uri,
        Input.MODEL: model_uri,
        Input.TEST: test_uri,
        Input.APPROVED: approved_model_uri,
    }
    processor = context.processor(
        "evaluate",
        instance_type=instance_type,
        instance_count=1,
        max_runtime_seconds=MAX_RUNTIME_SECONDS,
    )
    arguments = processor.run(
        inputs=[processing_input(name, uri) for name, uri in sources.items()],
        outputs=[processing_output(name, context.output_uri("evaluate", name)) for name in Output],
        arguments=path_arguments([Input.MODEL, Input.TEST, Input.APPROVED], Output),
    )
    step = ProcessingStep(
        name="Evaluate",
        description="Measure the model on the test images and write the monitoring baselines.",
        step_args=arguments,
        property_files=[PropertyFile(name=REPORT, output_name=Output.EVALUATION, path=REPORT_FILE)],
        cache_config=CACHE,
        retry_policies=list(JOB_RETRIES),
    )
    return Evaluate(step)
