"""The settings of the site."""

import pytest

from steps.errors import SiteError
from steps.site import Site


def test_every_setting_has_a_default() -> None:
    """An empty environment gives a site whose derived names agree with its account and region."""
    site = Site.from_environment({"PATH": "/bin"})
    assert site.bucket == "sagemaker-us-east-1-111122223333"
    assert site.role_arn == "arn:aws:iam::111122223333:role/image-classification-execution"
    assert site.model_package_group == "image-classification"
    assert site.schedule_group == "image-classification"
    assert site.trigger_role_arn == "arn:aws:iam::111122223333:role/image-classification-triggers"


def test_settings_come_from_the_environment() -> None:
    """Strings, lists, booleans and numbers are read from SITE_ variables."""
    site = Site.from_environment(
        {
            "SITE_ACCOUNT": "444455556666",
            "SITE_REGION": "eu-west-1",
            "SITE_SUBNETS": "subnet-1, subnet-2",
            "SITE_SECURITY_GROUP_IDS": "sg-1",
            "SITE_ENABLE_NETWORK_ISOLATION": "false",
            "SITE_CANARY_PERCENT": "25",
        }
    )
    assert site.canary_percent == 25
    assert site.bucket == "sagemaker-eu-west-1-444455556666"
    assert site.subnets == ("subnet-1", "subnet-2")
    assert site.enable_network_isolation is False
    assert site.enable_traffic_encryption is True


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        pytest.param(
            {"SITE_ACCOUNT": "123"},
            "SITE_ACCOUNT is '123'; expected a value like '111122223333'.",
            id="malformed",
        ),
        pytest.param(
            {"SITE_ENABLE_NETWORK_ISOLATION": "yes"},
            "Environment variable 'SITE_ENABLE_NETWORK_ISOLATION' is 'yes'; expected true or "
            "false.",
            id="boolean",
        ),
        pytest.param(
            {"SITE_CANARY_PERCENT": "half"},
            "Environment variable 'SITE_CANARY_PERCENT' is 'half'; expected a whole number.",
            id="number",
        ),
        pytest.param(
            {"SITE_CANARY_PERCENT": "51"},
            "SITE_CANARY_PERCENT is 51; expected 0 to 50.",
            id="large canary",
        ),
        pytest.param(
            {"SITE_ROLLBACK_ALARMS": "a,b,c,d,e,f,g,h,i,j,k"},
            "SITE_ROLLBACK_ALARMS names 11 alarms; expected at most 10.",
            id="many alarms",
        ),
        pytest.param(
            {"SITE_SUBNETS": "subnet-1"},
            "SITE_SUBNETS and SITE_SECURITY_GROUP_IDS go together; only one is set.",
            id="half a VPC",
        ),
        pytest.param(
            {"SITE_REGION": "nowhere", "SITE_BUCKET": "Upper"},
            "SITE_BUCKET is 'Upper'; expected a value like 'my-bucket'. "
            "SITE_REGION is 'nowhere'; expected a value like 'eu-west-1'.",
            id="all problems at once",
        ),
    ],
)
def test_malformed_settings_are_refused(environ: dict[str, str], message: str) -> None:
    """A malformed value names the variable, the value and the expected form."""
    environ = {"SITE_BUCKET": "bucket", **environ}
    with pytest.raises(SiteError) as caught:
        Site.from_environment(environ)
    assert str(caught.value) == message


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


def test_an_empty_variable_is_not_set() -> None:
    """A variable without a value leaves the default."""
    assert Site.from_environment({"SITE_REGION": "", "SITE_SUBNETS": ""}) == Site()


def test_unknown_settings_are_refused() -> None:
    """A misspelt variable is an error, not a default."""
    with pytest.raises(SiteError, match=r"^Environment variable 'SITE_REGOIN' is no setting"):
        Site.from_environment({"SITE_REGOIN": "eu-west-1"})


def test_a_pipeline_is_named_after_the_project() -> None:
    """Projects of one account share no pipeline."""
    site = Site(project="dogs", region="eu-west-1")
    assert site.pipeline_name("training") == "dogs-training"
    assert site.pipeline_arn("training") == (
        "arn:aws:sagemaker:eu-west-1:111122223333:pipeline/dogs-training"
    )
