"""The site: what follows from its settings, and which are refused."""

import re

import botocore.session
import pytest

from steps.errors import SettingError
from steps.site import MAX_TAGS, Site


def test_every_setting_has_a_default() -> None:
    """Without settings, derived names agree with the account, the region and the project."""
    site = Site()
    assert site.bucket == "sagemaker-us-east-1-111122223333"
    assert site.role_arn == "arn:aws:iam::111122223333:role/image-classification-execution"
    assert site.function_role_arn == "arn:aws:iam::111122223333:role/image-classification-functions"
    assert site.model_package_group == "image-classification"
    assert site.schedule_group == "image-classification"
    assert site.trigger_role_arn == "arn:aws:iam::111122223333:role/image-classification-triggers"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        pytest.param(
            {"account": "123"},
            "account is '123'; expected a value like '111122223333'.",
            id="malformed",
        ),
        pytest.param(
            {"endpoint_instance_type": "m5.large"},
            "endpoint_instance_type is 'm5.large'; expected a value like 'ml.m5.xlarge'.",
            id="instance type of EC2",
        ),
        pytest.param(
            {"canary_percent": 51}, "canary_percent is 51; expected 0 to 50.", id="large canary"
        ),
        pytest.param(
            {"endpoint_instance_count": 0},
            "endpoint_instance_count is 0; expected at least 1.",
            id="no instance",
        ),
        pytest.param(
            {"rollback_alarms": tuple("abcdefghijk")},
            "rollback_alarms names 11 alarms; expected at most 10.",
            id="many alarms",
        ),
        pytest.param(
            {"subnets": ("subnet-1",)},
            "subnets is set without security_group_ids; set both, or neither for no VPC.",
            id="half a VPC",
        ),
        pytest.param(
            {"security_group_ids": ("sg-1",)},
            "security_group_ids is set without subnets; set both, or neither for no VPC.",
            id="the other half",
        ),
        pytest.param(
            {"tags": {"aws:team": "vision"}},
            "tags has 'aws:team=vision'; expected a key of 1 to 128 and a value of at most 256 "
            "letters, digits, spaces and _.:/=+@-, the key not beginning with aws:.",
            id="reserved tag",
        ),
        pytest.param(
            {"tags": {str(number): "" for number in range(51)}},
            "tags has 51 tags; expected at most 50.",
            id="many tags",
        ),
        pytest.param(
            {"region": "nowhere", "bucket": "Upper"},
            "bucket is 'Upper'; expected a value like 'my-bucket'.\n"
            "region is 'nowhere'; expected a value like 'eu-west-1'.",
            id="all problems at once",
        ),
    ],
)
def test_malformed_settings_are_refused(values: dict[str, object], message: str) -> None:
    """A malformed value is named with the setting and the expected form."""
    with pytest.raises(SettingError) as caught:
        Site(**values)  # type: ignore[arg-type]
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("key", "value", "is_allowed"),
    [
        pytest.param("k" * 128, "v" * 256, True, id="longest"),
        pytest.param("Kosten Stelle:1/2", "a_b.c=d+e-f@g", True, id="all characters"),
        pytest.param("équipe", "", True, id="letters of any language, no value"),
        pytest.param("k" * 129, "", False, id="long key"),
        pytest.param("", "v", False, id="no key"),
        pytest.param("k", "v" * 257, False, id="long value"),
        pytest.param("k", "a,b", False, id="comma"),
    ],
)
def test_tags_are_those_that_the_service_takes(key: str, value: str, *, is_allowed: bool) -> None:
    """Lengths and characters are those of the service's own model."""
    model = botocore.session.Session().get_service_model("sagemaker")
    tags = model.operation_model("CreatePipeline").input_shape.members["Tags"]
    members = tags.member.members
    assert tags.metadata["max"] == MAX_TAGS
    assert is_allowed is all(
        rules["min"] <= len(text) <= rules["max"] and re.fullmatch(_python(rules["pattern"]), text)
        for rules, text in ((members["Key"].metadata, key), (members["Value"].metadata, value))
    )
    if is_allowed:
        assert Site(tags={key: value}).tags == {key: value}
    else:
        with pytest.raises(SettingError):
            Site(tags={key: value})


def _python(pattern: str) -> str:
    """A pattern of the model, which is Java's."""
    classes = {r"\p{L}": r"\w", r"\p{N}": r"\d", r"\p{Z}": " "}
    for java, python in classes.items():
        pattern = pattern.replace(java, python)
    return pattern


@pytest.mark.parametrize(
    ("region", "partition"),
    [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")],
)
def test_arns_name_the_region_s_partition(region: str, partition: str) -> None:
    """Roles and functions of China and GovCloud are in partitions of their own."""
    site = Site(region=region)
    assert site.role_arn.startswith(f"arn:{partition}:iam::")
    assert site.function_role_arn.startswith(f"arn:{partition}:iam::")
    assert site.function_arn("f").startswith(f"arn:{partition}:lambda:{region}:")
    assert site.rule_arn("r").startswith(f"arn:{partition}:events:{region}:")


def test_a_pipeline_is_named_after_the_project() -> None:
    """Projects of one account share no pipeline."""
    site = Site(project="dogs", region="eu-west-1")
    assert site.pipeline_name("training") == "dogs-training"
    assert site.pipeline_arn("training") == (
        "arn:aws:sagemaker:eu-west-1:111122223333:pipeline/dogs-training"
    )
