r"""The pipeline `monitoring`: what an endpoint answered, against what its model was approved with.

    SelectWindow -> HasRecords -> CheckDrift --------+-> PublishMetrics -> JudgeWindow
                             \-> CheckModelQuality -/                          | when it fails
                                                                          DriftDetected

A window without records ends the execution, which has then succeeded. Violations fail it in
DriftDetected, whose event starts a retraining.

Each check has a window of its own, over the records of the deployment in force. A record is judged
once: a window begins where the latest one ended that was judged, and one with too few records is
joined with the next. An execution that starts while an earlier one is under way ends quietly. The
parameters:

* `WindowEnd`: when the windows end; `now`, or a time with its zone such as `2026-11-21T09:00:00Z`.
* `CaptureDelayMinutes`: they end so much earlier. Captured records are delivered some minutes
  after the requests; what comes after its window was judged is never looked at. Schedules set it.
* `LabelDelayHours`: the window of CheckModelQuality ends so much earlier again: the time that
  labels take to come, for an answer that has none when its window is judged is left out.
* `WindowHours`: the longest that a window is. What was not judged by then is left.
* `WindowStart`: `unjudged`; or a time with its zone, to look again at what was judged, or at more
  than `WindowHours`.
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
    """Check what an endpoint captured and nobody judged yet, and fail where it has drifted."""
    parameters = _parameters(context)
    endpoint_name = parameters["EndpointName"]
    instance_type = parameters["MonitoringInstanceType"]
    select = select_window_step(
        context,
        endpoint_name=endpoint_name,
        window_start=parameters["WindowStart"],
        window_end=parameters["WindowEnd"],
        window_hours=parameters["WindowHours"],
        capture_delay_minutes=parameters["CaptureDelayMinutes"],
        label_delay_hours=parameters["LabelDelayHours"],
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
    site = context.site
    declared = [
        ParameterString("EndpointName", default_value=site.project),
        ParameterString("WindowStart", default_value="unjudged"),
        ParameterString("WindowEnd", default_value="now"),
        ParameterInteger("WindowHours", default_value=24),
        ParameterInteger("CaptureDelayMinutes", default_value=0),
        ParameterInteger("LabelDelayHours", default_value=site.label_delay_hours),
        ParameterString("MonitoringInstanceType", default_value=site.monitoring_instance_type),
    ]
    return {parameter.name: parameter for parameter in declared}
