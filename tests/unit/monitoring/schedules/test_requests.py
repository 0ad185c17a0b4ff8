"""Tests of monitoring.schedules.requests and schedule, against the service's own model."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape
from botocore.stub import Stubber
from botocore.validate import ParamValidator

from monitoring.schedules.errors import ScheduleError
from monitoring.schedules.requests import (
    Request,
    definition_request,
    is_definition_of,
    schedule_config,
    schedule_request,
)
from monitoring.schedules.schedule import DataQuality, ModelQuality, Schedule
from monitoring.schedules.timing import Window, daily, every, hourly, once

URI = "s3://bucket/baseline"


def package() -> dict[str, Any]:
    """A model package as DescribeModelPackage answers it."""

    def pair(folder: str) -> dict[str, Any]:
        return {
            name.capitalize(): {
                "ContentType": "application/json",
                "S3Uri": f"{URI}/{folder}/{name}.json",
            }
            for name in ("statistics", "constraints")
        }

    return {
        "ModelPackageArn": "arn:aws:sagemaker:us-east-1:111122223333:model-package/dogs/7",
        "DriftCheckBaselines": {
            "ModelDataQuality": pair("data_quality"),
            "ModelQuality": pair("model_quality"),
        },
    }


def misfits(value: Any, shape: Shape, place: str = "") -> Iterator[str]:
    """What the model's patterns, lengths and enums do not allow; boto3 looks at few of them."""
    if isinstance(shape, StructureShape):
        for key, member in value.items():
            yield from misfits(member, shape.members[key], f"{place}.{key}")
    elif isinstance(shape, ListShape):
        for item in value:
            yield from misfits(item, shape.member, place)
    elif isinstance(shape, MapShape):
        for key, member in value.items():
            yield from misfits(key, shape.key, place)
            yield from misfits(member, shape.value, f"{place}.{key}")
    size = len(value) if isinstance(value, str | list | dict) else value
    if not shape.metadata.get("min", size) <= size <= shape.metadata.get("max", size):
        yield f"{place}: {size}"
    if isinstance(shape, StringShape):
        form = shape.metadata.get("pattern", ".*").replace(r"\p{L}\p{Z}\p{N}_", r"\w\s")
        if not re.fullmatch(form, value) or (shape.enum and value not in shape.enum):
            yield f"{place}: {value}"


def assert_fits(sagemaker: Stubber, operation: str, request: Request) -> None:
    """Require that the service's model allows a request."""
    shape = sagemaker.client.meta.service_model.operation_model(operation).input_shape
    assert not ParamValidator().validate(request, shape).generate_report()
    assert list(misfits(request, shape)) == []


def test_data_quality(sagemaker: Stubber, data_quality: Schedule) -> None:
    """The definition of data quality is exactly this, and the service's model allows it."""
    request = definition_request(data_quality)
    assert request == {
        "JobDefinitionName": request["JobDefinitionName"],
        "DataQualityAppSpecification": {
            "ImageUri": "156813124566.dkr.ecr.us-east-1.amazonaws.com/"
            "sagemaker-model-monitor-analyzer",
            "RecordPreprocessorSourceUri": "s3://bucket/dogs/preprocessor.py",
            "Environment": {"publish_cloudwatch_metrics": "Enabled"},
        },
        "DataQualityBaselineConfig": {
            "ConstraintsResource": {"S3Uri": f"{URI}/data_quality/constraints.json"},
            "StatisticsResource": {"S3Uri": f"{URI}/data_quality/statistics.json"},
        },
        "DataQualityJobInput": {
            "EndpointInput": {
                "EndpointName": "dogs",
                "LocalPath": "/opt/ml/processing/input/endpoint",
            }
        },
        "DataQualityJobOutputConfig": {
            "MonitoringOutputs": [
                {
                    "S3Output": {
                        "S3Uri": "s3://bucket/dogs/reports",
                        "LocalPath": "/opt/ml/processing/output",
                        "S3UploadMode": "EndOfJob",
                    }
                }
            ]
        },
        "JobResources": {
            "ClusterConfig": {
                "InstanceCount": 1,
                "InstanceType": "ml.m5.xlarge",
                "VolumeSizeInGB": 30,
            }
        },
        "NetworkConfig": {
            "EnableInterContainerTrafficEncryption": True,
            "EnableNetworkIsolation": True,
        },
        "RoleArn": "arn:aws:iam::111122223333:role/dogs-execution",
        "StoppingCondition": {"MaxRuntimeInSeconds": 1800},
    }
    assert re.fullmatch("dogs-data-[0-9a-f]{12}", request["JobDefinitionName"])
    assert_fits(sagemaker, "CreateDataQualityJobDefinition", request)


def test_model_quality(sagemaker: Stubber, model_quality: Schedule) -> None:
    """Model quality has labels, the field they are compared with, and no baseline statistics."""
    request = definition_request(model_quality)
    assert request["ModelQualityBaselineConfig"] == {
        "ConstraintsResource": {"S3Uri": f"{URI}/model_quality/constraints.json"}
    }
    assert request["ModelQualityJobInput"] == {
        "EndpointInput": {
            "EndpointName": "dogs",
            "LocalPath": "/opt/ml/processing/input/endpoint",
            "StartTimeOffset": "-P8D",
            "EndTimeOffset": "-P1D",
            "InferenceAttribute": "predicted_label",
        },
        "GroundTruthS3Input": {"S3Uri": "s3://bucket/dogs/ground-truth"},
    }
    assert request["ModelQualityAppSpecification"]["ProblemType"] == "MulticlassClassification"
    assert_fits(sagemaker, "CreateModelQualityJobDefinition", request)


def test_every_option_travels(sagemaker: Stubber, data_quality: Schedule) -> None:
    """Keys, network, instances, variables and tags are in the request, where they belong."""
    schedule = replace(
        data_quality,
        tags={"team": "dogs", "cost": "1"},
        job=replace(
            data_quality.job,
            instance_type="ml.c5.2xlarge",
            instance_count=3,
            volume_gib=99,
            max_runtime_seconds=600,
            environment={"first": "1"},
            volume_kms_key="volume-key",
            output_kms_key="output-key",
            subnets=("subnet-1",),
            security_group_ids=("sg-1", "sg-2"),
            enable_network_isolation=False,
            enable_traffic_encryption=False,
        ),
    )
    request = definition_request(schedule)
    assert request["JobResources"]["ClusterConfig"] == {
        "InstanceCount": 3,
        "InstanceType": "ml.c5.2xlarge",
        "VolumeSizeInGB": 99,
        "VolumeKmsKeyId": "volume-key",
    }
    assert request["DataQualityJobOutputConfig"]["KmsKeyId"] == "output-key"
    assert request["NetworkConfig"] == {
        "EnableInterContainerTrafficEncryption": False,
        "EnableNetworkIsolation": False,
        "VpcConfig": {"SecurityGroupIds": ["sg-1", "sg-2"], "Subnets": ["subnet-1"]},
    }
    assert request["StoppingCondition"] == {"MaxRuntimeInSeconds": 600}
    assert request["DataQualityAppSpecification"]["Environment"] == {
        "first": "1",
        "publish_cloudwatch_metrics": "Enabled",
    }
    assert request["Tags"] == [{"Key": "cost", "Value": "1"}, {"Key": "team", "Value": "dogs"}]
    assert schedule_request(schedule)["Tags"] == request["Tags"]
    assert_fits(sagemaker, "CreateDataQualityJobDefinition", request)
    assert_fits(sagemaker, "CreateMonitoringSchedule", schedule_request(schedule))


@pytest.mark.parametrize(
    ("timing", "config"),
    [
        (hourly(), {"ScheduleExpression": "cron(0 * ? * * *)"}),
        (daily(23), {"ScheduleExpression": "cron(0 23 ? * * *)"}),
        (every(6), {"ScheduleExpression": "cron(0 0/6 ? * * *)"}),
        (
            once(Window(start="-PT5H", end="-PT1H")),
            {
                "ScheduleExpression": "NOW",
                "DataAnalysisStartTime": "-PT5H",
                "DataAnalysisEndTime": "-PT1H",
            },
        ),
    ],
    ids=["hourly", "daily", "every 6 hours", "now"],
)
def test_schedules(
    sagemaker: Stubber, model_quality: Schedule, timing: Any, config: Request
) -> None:
    """A schedule names its definition and its type, and when it runs."""
    schedule = replace(model_quality, timing=timing)
    request = schedule_request(schedule)
    assert request == {
        "MonitoringScheduleName": "dogs-model",
        "MonitoringScheduleConfig": {
            "ScheduleConfig": config,
            "MonitoringJobDefinitionName": definition_request(schedule)["JobDefinitionName"],
            "MonitoringType": "ModelQuality",
        },
    }
    assert request["MonitoringScheduleConfig"] == schedule_config(schedule)
    assert_fits(sagemaker, "CreateMonitoringSchedule", request)
    request.pop("Tags", None)
    assert_fits(sagemaker, "UpdateMonitoringSchedule", request)


def test_a_definition_is_named_by_its_content(data_quality: Schedule) -> None:
    """The same jobs have the same name, whenever they run; other jobs have another."""
    name = definition_request(data_quality)["JobDefinitionName"]
    assert definition_request(replace(data_quality, timing=daily()))["JobDefinitionName"] == name
    other = replace(data_quality, job=replace(data_quality.job, volume_gib=31))
    assert definition_request(other)["JobDefinitionName"] != name
    assert is_definition_of("dogs-data", name)
    assert not is_definition_of("dogs", name)
    assert not is_definition_of("dogs-data", "dogs-data-0123456789ab-0123456789ab")
    assert not is_definition_of("d.gs", "dogs-0123456789ab")


def test_baselines_come_from_the_model_package() -> None:
    """The files are those of the package's drift check baselines."""
    assert DataQuality.of_package(package()) == DataQuality(
        statistics_uri=f"{URI}/data_quality/statistics.json",
        constraints_uri=f"{URI}/data_quality/constraints.json",
    )
    assert ModelQuality.of_package(package(), ground_truth_uri="s3://b/gt") == ModelQuality(
        constraints_uri=f"{URI}/model_quality/constraints.json", ground_truth_uri="s3://b/gt"
    )


@pytest.mark.parametrize("missing", ["DriftCheckBaselines", "ModelDataQuality", "Constraints"])
def test_a_package_without_a_baseline_is_refused(missing: str) -> None:
    """The sentence names what is missing, and how a package comes to have it."""
    found = package()
    holder = {
        "DriftCheckBaselines": found,
        "ModelDataQuality": found["DriftCheckBaselines"],
        "Constraints": found["DriftCheckBaselines"]["ModelDataQuality"],
    }[missing]
    del holder[missing]
    file = "Constraints" if missing == "Constraints" else "Statistics"
    with pytest.raises(ScheduleError) as caught:
        DataQuality.of_package(found)
    assert str(caught.value) == (
        f"Model package 'dogs/7' has no DriftCheckBaselines.ModelDataQuality.{file}, so nothing "
        "could be compared; register the model again with the training pipeline."
    )
