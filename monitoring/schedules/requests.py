"""What Model Monitor is asked for: a job definition and the schedule that runs it, as plain values.

A job definition cannot be changed, so its name ends in a digest of its content: what is the same
has the same name, and what changes is a new definition.

Source: Amazon SageMaker AI API Reference, CreateDataQualityJobDefinition,
CreateModelQualityJobDefinition and CreateMonitoringSchedule,
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateDataQualityJobDefinition.html
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModelQualityJobDefinition.html
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateMonitoringSchedule.html
"""

import hashlib
import json
import re
from typing import Any, TypeAlias

from monitoring.schedules.schedule import Job, ModelQuality, Schedule

Request: TypeAlias = dict[str, Any]
"""Parameters of an operation."""

DIGEST_CHARACTERS = 12

INFERENCE_ATTRIBUTE = "predicted_label"
"""Field of an answer that is compared with the label; the container adds `endpointOutput_`."""

_ENDPOINT_DIR = "/opt/ml/processing/input/endpoint"
_OUTPUT_DIR = "/opt/ml/processing/output"


def definition_request(schedule: Schedule) -> Request:
    """Parameters of CreateDataQualityJobDefinition or CreateModelQualityJobDefinition."""
    job, kind = schedule.job, schedule.monitoring_type
    specification: Request = {
        "ImageUri": job.image_uri,
        "RecordPreprocessorSourceUri": job.preprocessor_uri,
        "Environment": job.variables(),
    }
    endpoint: Request = {"EndpointName": schedule.endpoint_name, "LocalPath": _ENDPOINT_DIR}
    if schedule.window is not None:
        endpoint["StartTimeOffset"] = schedule.window.start
        endpoint["EndTimeOffset"] = schedule.window.end
    inputs: Request = {"EndpointInput": endpoint}
    baseline: Request = {"ConstraintsResource": {"S3Uri": schedule.quality.constraints_uri}}
    if isinstance(schedule.quality, ModelQuality):
        specification["ProblemType"] = "MulticlassClassification"
        endpoint["InferenceAttribute"] = INFERENCE_ATTRIBUTE
        inputs["GroundTruthS3Input"] = {"S3Uri": schedule.quality.ground_truth_uri}
    else:
        baseline["StatisticsResource"] = {"S3Uri": schedule.quality.statistics_uri}
    content = {
        f"{kind}AppSpecification": specification,
        f"{kind}BaselineConfig": baseline,
        f"{kind}JobInput": inputs,
        f"{kind}JobOutputConfig": _output(job),
        "JobResources": {"ClusterConfig": _cluster(job)},
        "NetworkConfig": _network(job),
        "RoleArn": job.role_arn,
        "StoppingCondition": {"MaxRuntimeInSeconds": job.max_runtime_seconds},
    }
    name = f"{schedule.name}-{_digest(content)}"
    return {"JobDefinitionName": name, **content, **_tags(schedule)}


def schedule_config(schedule: Schedule) -> Request:
    """The parameter MonitoringScheduleConfig, of a schedule's creation and of its update."""
    timing = schedule.timing
    config: Request = {"ScheduleExpression": timing.expression}
    if timing.window is not None:
        config["DataAnalysisStartTime"] = timing.window.start
        config["DataAnalysisEndTime"] = timing.window.end
    return {
        "ScheduleConfig": config,
        "MonitoringJobDefinitionName": definition_request(schedule)["JobDefinitionName"],
        "MonitoringType": str(schedule.monitoring_type),
    }


def schedule_request(schedule: Schedule) -> Request:
    """Parameters of CreateMonitoringSchedule."""
    return {
        "MonitoringScheduleName": schedule.name,
        "MonitoringScheduleConfig": schedule_config(schedule),
        **_tags(schedule),
    }


def is_definition_of(schedule_name: str, definition_name: str) -> bool:
    """Whether a job definition is one of ours for a schedule, by its name."""
    digest = f"[0-9a-f]{{{DIGEST_CHARACTERS}}}"
    return re.fullmatch(f"{re.escape(schedule_name)}-{digest}", definition_name) is not None


def _output(job: Job) -> Request:
    target = {"S3Uri": job.output_uri, "LocalPath": _OUTPUT_DIR, "S3UploadMode": "EndOfJob"}
    output: Request = {"MonitoringOutputs": [{"S3Output": target}]}
    if job.output_kms_key:
        output["KmsKeyId"] = job.output_kms_key
    return output


def _cluster(job: Job) -> Request:
    cluster: Request = {
        "InstanceCount": job.instance_count,
        "InstanceType": job.instance_type,
        "VolumeSizeInGB": job.volume_gib,
    }
    if job.volume_kms_key:
        cluster["VolumeKmsKeyId"] = job.volume_kms_key
    return cluster


def _network(job: Job) -> Request:
    network: Request = {
        "EnableInterContainerTrafficEncryption": job.enable_traffic_encryption,
        "EnableNetworkIsolation": job.enable_network_isolation,
    }
    if job.subnets:
        network["VpcConfig"] = {
            "SecurityGroupIds": list(job.security_group_ids),
            "Subnets": list(job.subnets),
        }
    return network


def _tags(schedule: Schedule) -> Request:
    tags = [{"Key": key, "Value": value} for key, value in sorted(schedule.tags.items())]
    return {"Tags": tags} if tags else {}


def _digest(content: Request) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:DIGEST_CHARACTERS]
