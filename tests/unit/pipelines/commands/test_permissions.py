"""The command `permissions`."""

import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from pipelines.catalogue import CATALOGUE
from pipelines.cli import main
from pipelines.commands import permissions
from pipelines.compile import Compiled
from pipelines.permissions.roles import Role

BUCKET = "arn:aws:s3:::sagemaker-us-east-1-111122223333"


@pytest.fixture(scope="session")
def snapshots(compiled_snapshot: Callable[[str], Compiled]) -> Mapping[str, Compiled]:
    """What compiling gives, made once."""
    return {name: compiled_snapshot(name) for name in CATALOGUE}


@pytest.fixture(autouse=True)
def _no_compiling(monkeypatch: pytest.MonkeyPatch, snapshots: Mapping[str, Compiled]) -> None:
    monkeypatch.setattr("pipelines.compile.compile_pipeline", lambda name, _: snapshots[name])


def test_the_words_for_roles_are_the_roles() -> None:
    """The command line knows every role, without importing what writes their policies."""
    assert list(permissions._ROLES) == [str(role) for role in Role]


def test_all_roles_are_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output is JSON of every role; why wildcards are left is said beside it."""
    assert main(["permissions"]) == 0
    output = capsys.readouterr()
    document = json.loads(output.out)
    assert list(document) == ["execution", "functions", "triggers", "publisher", "traffic"]
    assert document["execution"]["RoleArn"] == (
        "arn:aws:iam::111122223333:role/image-classification-execution"
    )
    lead, header, first, *_ = output.err.splitlines()
    assert lead == "Wildcards that are left, and why:"
    assert header.split() == ["ROLE", "STATEMENTS", "REASON"]
    assert " ".join(first.split()) == (
        "execution Jobs The service makes up the names of jobs and models when a step starts."
    )
    assert sum("Folders hold objects" in line for line in output.err.splitlines()) == 3
    [line] = [line for line in output.err.splitlines() if "PublishObjects" in line]
    assert line.startswith("publisher  PublishObjects, HoldLeases ")


def test_the_policy_of_a_role_is_bare(capsys: pytest.CaptureFixture[str]) -> None:
    """What is to be pasted is the policy alone; where to is said beside it."""
    assert main(["permissions", "monitoring", "--role", "triggers"]) == 0
    output = capsys.readouterr()
    assert json.loads(output.out) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "StartPipelines",
                "Effect": "Allow",
                "Action": ["sagemaker:StartPipelineExecution"],
                "Resource": [
                    "arn:aws:sagemaker:us-east-1:111122223333:pipeline/"
                    "image-classification-monitoring"
                ],
            }
        ],
    }
    assert output.err == (
        "Attach it to arn:aws:iam::111122223333:role/image-classification-triggers. Its trust "
        "policy is printed without --role.\n"
    )


def test_a_person_s_policy_is_for_a_role_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    """No service takes it, so that there is no trust policy to speak of."""
    assert main(["permissions", "monitoring", "--role", "traffic"]) == 0
    output = capsys.readouterr()
    assert [item["Sid"] for item in json.loads(output.out)["Statement"]] == [
        "AskEndpoints",
        "WriteLabels",
    ]
    assert output.err.splitlines()[0] == (
        "Attach it to the role of whoever runs 'traffic --account'."
    )


def test_policies_that_are_too_long_for_one_are_a_list(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever gets several is told to attach each."""
    assert main(["permissions", "--role", "execution"]) == 0
    output = capsys.readouterr()
    policies = json.loads(output.out)
    assert output.err.startswith(
        f"A list of {len(policies)} policies, as IAM takes no longer ones: attach each to "
        "arn:aws:iam::111122223333:role/image-classification-execution. Its trust policy is "
        "printed without --role.\n"
    )
    assert [policy["Version"] for policy in policies] == ["2012-10-17"] * len(policies)


def test_a_role_that_needs_nothing_has_no_policy(capsys: pytest.CaptureFixture[str]) -> None:
    """An empty list is said to be right."""
    assert main(["permissions", "scoring", "--role", "triggers"]) == 0
    assert capsys.readouterr() == ("[]\n", "Role triggers needs nothing.\n")


def test_values_of_parameters_take_the_place_of_defaults(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Data in a bucket of its own is opened by saying so, and the default folder is not."""
    words = ["permissions", "training", "--role", "execution"]
    assert main([*words, "-p", "RawDataUri=s3://pictures/dogs/"]) == 0
    text = capsys.readouterr().out
    assert '"arn:aws:s3:::pictures/dogs/*"' in text
    assert f"{BUCKET}/image-classification/raw/*" not in text


@pytest.mark.parametrize("is_piped", [False, True])
def test_what_is_printed_compares_without_difference(
    is_piped: bool,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The printed policies are neither too narrow nor too wide, from a file or a pipe."""
    main(["permissions", "--role", "execution"])
    text = capsys.readouterr().out
    path = tmp_path / "policy.json"
    path.write_text(text, encoding="utf-8")
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    place = "-" if is_piped else str(path)
    assert main(["permissions", "--role", "execution", "--compare", place]) == 0
    assert capsys.readouterr() == (
        "",
        "Role execution: 0 missing, 0 cannot judge, 0 too wide\n",
    )


def test_what_is_missing_exits_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A line says what is missing or too much, where and why."""
    path = tmp_path / "policy.json"
    statement = {"Sid": "All", "Effect": "Allow", "Action": "sagemaker:*", "Resource": "*"}
    path.write_text(json.dumps({"Version": "2012-10-17", "Statement": statement}))
    words = ["permissions", "scoring", "--role", "functions", "--compare", str(path)]
    assert main(words) == 1
    output = capsys.readouterr()
    first, *_, last = output.out.splitlines()
    group = "arn:aws:logs:us-east-1:111122223333:log-group:/aws/lambda/"
    assert first == (
        "missing       logs:{CreateLogGroup,CreateLogStream,PutLogEvents} on "
        f"{group}image-classification-{{find_model_package,find_model_package:*}} (allowed by no "
        "statement; needed for WriteLogs)"
    )
    assert last == (
        "too wide      sagemaker:* on * (needed are only sagemaker:{DescribeModelPackage,"
        "ListModelPackages}, in statement 'All')"
    )
    assert output.err == "Role functions: 1 missing, 0 cannot judge, 1 too wide\n"


def test_differences_are_json_for_programs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With all actions and resources written out; the exit code is the same."""
    path = tmp_path / "policy.json"
    path.write_text('{"Statement": []}')
    words = ["permissions", "monitoring", "--role", "triggers", "--compare", str(path)]
    assert main([*words, "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == [
        {
            "Kind": "missing",
            "Actions": ["sagemaker:StartPipelineExecution"],
            "Resources": [
                "arn:aws:sagemaker:us-east-1:111122223333:pipeline/image-classification-monitoring"
            ],
            "Reason": "allowed by no statement; needed for StartPipelines",
        }
    ]


def test_what_is_too_wide_alone_exits_with_0(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Everything works with a policy that allows too much."""
    path = tmp_path / "policy.json"
    path.write_text('{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}')
    assert main(["permissions", "--role", "publisher", "--compare", str(path)]) == 0
    assert capsys.readouterr().err == "Role publisher: 0 missing, 0 cannot judge, 1 too wide\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(
            ["--compare", "policy.json"],
            "--compare needs --role, which says what the policy is for: execution, functions, "
            "triggers, publisher, traffic.",
            id="role",
        ),
        pytest.param(
            ["scoring", "-p", "Epochs=3"],
            "Parameter 'Epochs' is not declared by scoring. Declared: ImagesUri, "
            "MaxConcurrentTransforms, MaxPayloadInMB, ModelPackageArn, TransformInstanceCount, "
            "TransformInstanceType.",
            id="parameter",
        ),
        pytest.param(
            ["training", "-p", "Epoch=3"],
            "Parameter 'Epoch' is not declared by training. Declared: AccuracyThreshold, "
            "Architecture, BatchSize, Epochs, EvaluateInstanceType, LabelSmoothing, "
            "MacroF1Threshold, PreprocessInstanceCount, PreprocessInstanceType, TuningEpochs and "
            "13 more. Did you mean 'Epochs'?",
            id="one of many parameters",
        ),
        pytest.param(
            ["-p", "Epochs"], "'-p Epochs' is not of the form -p Name=Value.", id="assignment"
        ),
        pytest.param(
            ["--role", "execution", "--compare", "none.json"],
            "The policy 'none.json' cannot be read: No such file or directory.",
            id="no_file",
        ),
    ],
)
def test_wrong_use_is_told(
    words: list[str],
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Names that are not known are answered with those that are."""
    monkeypatch.chdir(tmp_path)
    assert main(["permissions", *words]) == 2
    assert capsys.readouterr().err == f"pipelines: {message}\n"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('"policy"', id="text"),
        pytest.param('{"Statement": "*"}', id="statement"),
        pytest.param('{"Statement": [{"Effect": "Allow", "Action": "*"}]}', id="resource"),
        pytest.param('{"Statement": {"Effect": "Maybe", "Action": "*"}}', id="effect"),
    ],
)
def test_what_is_no_policy_is_refused(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A trust policy or another document is not compared."""
    path = tmp_path / "policy.json"
    path.write_text(text)
    assert main(["permissions", "--role", "execution", "--compare", str(path)]) == 2
    assert capsys.readouterr().err == (
        f"pipelines: '{path}' is no IAM policy: expected an object whose Statement has objects "
        "with Effect, Action or NotAction, and Resource or NotResource, or a list of such "
        "objects.\n"
    )
