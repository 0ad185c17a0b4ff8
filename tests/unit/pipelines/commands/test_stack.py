"""The command `stack`."""

import json
from collections.abc import Callable

import pytest

from pipelines.catalogue import CATALOGUE
from pipelines.cli import main
from pipelines.compile import Compiled

DEPLOY = (
    "Deploy it: aws cloudformation deploy --template-file stack.json --stack-name "
    "pipelines-image-classification --region us-east-1 --capabilities CAPABILITY_NAMED_IAM\n"
)


@pytest.fixture(autouse=True)
def _no_compiling(
    monkeypatch: pytest.MonkeyPatch, compiled_snapshot: Callable[[str], Compiled]
) -> None:
    made = {name: compiled_snapshot(name) for name in CATALOGUE}
    monkeypatch.setattr("pipelines.compile.compile_pipeline", lambda name, _: made[name])


def test_the_template_is_data_and_how_to_deploy_it_is_talk(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Standard output is one sorted JSON document, the same bytes each time."""
    assert main(["stack"]) == 0
    output = capsys.readouterr()
    template = json.loads(output.out)
    assert output.out == json.dumps(template, indent=2, sort_keys=True) + "\n"
    assert list(template["Resources"]) == [
        "Bucket",
        "BucketPolicy",
        "ExecutionPolicy1",
        "ExecutionPolicy2",
        "ExecutionPolicy3",
        "ExecutionRole",
        "FunctionsPolicy1",
        "FunctionsPolicy2",
        "FunctionsRole",
        "ScheduleGroup",
        "TriggersPolicy1",
        "TriggersRole",
    ]
    assert output.err == DEPLOY
    assert main(["stack"]) == 0
    assert capsys.readouterr() == output


def test_the_roles_are_those_that_permissions_prints(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever reads the policies before deploying them reads the same ones."""
    main(["permissions"])
    printed = json.loads(capsys.readouterr().out)
    main(["stack"])
    resources = json.loads(capsys.readouterr().out)["Resources"]
    for role in ("execution", "functions", "triggers"):
        properties = resources[f"{role.capitalize()}Role"]["Properties"]
        assert properties["AssumeRolePolicyDocument"] == printed[role]["TrustPolicy"]
        assert [
            resources[f"{role.capitalize()}Policy{number}"]["Properties"]["PolicyDocument"]
            for number in range(1, len(printed[role]["Policies"]) + 1)
        ] == printed[role]["Policies"]


def test_a_bucket_that_exists_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    """The option leaves nothing of it in the template."""
    assert main(["stack", "--without-bucket"]) == 0
    resources = json.loads(capsys.readouterr().out)["Resources"]
    assert {"AWS::S3::Bucket", "AWS::S3::BucketPolicy"}.isdisjoint(
        item["Type"] for item in resources.values()
    )


def test_what_is_left_out_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A role of another account that the site names is not in the template."""
    role_arn = "arn:aws:iam::999999999999:role/functions"
    monkeypatch.setenv("SITE_FUNCTION_ROLE_ARN", role_arn)
    assert main(["stack"]) == 0
    output = capsys.readouterr()
    assert "FunctionsRole" not in json.loads(output.out)["Resources"]
    assert output.err == f"Left out, because of another account or region: {role_arn}.\n{DEPLOY}"


def test_the_help_says_when_the_bucket_exists(capsys: pytest.CaptureFixture[str]) -> None:
    """SageMaker makes the bucket of the default name itself."""
    with pytest.raises(SystemExit):
        main(["stack", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert "SageMaker often has made sagemaker-<region>-<account>, the default, already" in text
