r"""The pipeline `monitoring`: what an endpoint answered, against what its model was approved with.

    SelectWindow -> HasRecords -> CheckDrift --------+-> PublishMetrics -> JudgeWindow
                             \-> CheckModelQuality -/                          | when it fails
                                                                          DriftDetected

A window without records ends the execution, which has then succeeded. Violations fail it in
DriftDetected, whose event starts a retraining. An execution with `WindowEnd=now` sees what has been
delivered: data capture may take minutes, so the default window is much longer than the time
between two runs.
"""

from sagemaker.core.workflow.parameters import Parameter, ParameterInteger, ParameterString
from sagemaker.mlops.workflow.pipeline import Pipeline
from sagemaker.mlops.workflow.step_dependency import StepDependency, TriggerCondition

from steps.check_drift.contract import METRICS_NAMESPACE as DATA_METRICS
from steps.check_drift.step import check_drift_step
from steps.check_model_quality.contract import METRICS_NAMESPACE as MODEL_METRICS
from steps.check_model_quality.step import check_model_quality_step
from steps.drift_detected import drift_detected_steps
from steps.job import Context
from steps.publish_metrics import publish_metrics_step
from steps.select_window import has_records_step, select_window_step


def monitoring(context: Context) -> Pipeline:
    """Check a window of an endpoint's captured records, and fail where it has drifted."""
    parameters = _parameters(context)
    endpoint_name = parameters["EndpointName"]
    instance_type = parameters["MonitoringInstanceType"]
    select = select_window_step(
        context,
        endpoint_name=endpoint_name,
        window_hours=parameters["WindowHours"],
        window_end=parameters["WindowEnd"],
    )
    drift, quality = (
        declare(context, select=select, endpoint_name=endpoint_name, instance_type=instance_type)
        for declare in (check_drift_step, check_model_quality_step)
    )
    publish = publish_metrics_step(
        context,
        files={DATA_METRICS: drift.metrics_uri, MODEL_METRICS: quality.metrics_uri},
    )
    judge, failed = drift_detected_steps(
        context,
        endpoint_name=endpoint_name,
        checks={"data": drift, "model quality": quality},
        # Drift is told also where the metrics could not be published.
        after=StepDependency(publish, TriggerCondition.ANY),
    )
    return Pipeline(
        name=context.pipeline_name,
        parameters=list(parameters.values()),
        steps=[
            select,
            has_records_step(select, if_any=[drift.step, quality.step, publish, judge, failed]),
        ],
        pipeline_experiment_config=None,
        sagemaker_session=context.session,
    )


def _parameters(context: Context) -> dict[str, Parameter]:
    declared = [
        ParameterString("EndpointName", default_value=context.site.project),
        ParameterInteger("WindowHours", default_value=24),
        ParameterString("WindowEnd", default_value="now"),
        ParameterString("MonitoringInstanceType", default_value="ml.m5.large"),
    ]
    return {parameter.name: parameter for parameter in declared}
