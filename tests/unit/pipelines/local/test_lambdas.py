"""Tests of pipelines.local.lambdas."""

from pathlib import Path
from typing import Any

import pytest

from pipelines.local.errors import StepFailed, UnsupportedStep
from pipelines.local.lambdas import call_function, load_function
from pipelines.local.stand_ins import Backing

ARN = "arn:aws:lambda:us-east-1:111122223333:function:project-find_model"


@pytest.fixture
def functions_dir(tmp_path: Path) -> Path:
    """A folder with one function."""
    folder = tmp_path / "functions" / "find_model"
    folder.mkdir(parents=True)
    (folder / "handler.py").write_text(
        "def respond(event, *, sagemaker):\n"
        "    found = sagemaker.list_model_packages(ModelPackageGroupName=event['Group'])\n"
        "    return {'Count': len(found['ModelPackageSummaryList'])}\n"
    )
    return folder.parent


@pytest.mark.parametrize("alias", ["", ":code-0123456789ab"])
def test_the_function_of_an_arn_runs_with_stand_ins(
    functions_dir: Path, backing: Backing, alias: str
) -> None:
    """The last word of the name is the folder; the parameters say which clients it gets."""
    respond = load_function("Find", f"{ARN}{alias}", functions_dir)

    outputs = call_function(
        respond,
        {"Group": "dogs"},
        [{"OutputName": "Count", "OutputType": "Integer"}],
        backing=backing,
    )

    assert outputs == {"Count": 3}


def test_unknown_functions_are_refused(functions_dir: Path) -> None:
    """The error names the file that is missing and the functions that exist."""
    with pytest.raises(UnsupportedStep) as error:
        load_function("Find", "arn:aws:lambda:r:1:function:project-other", functions_dir)

    assert str(error.value) == (
        f"Step 'Find' calls the function 'other', which has no {functions_dir}/other/handler.py. "
        "Functions: find_model."
    )


def test_functions_outside_the_folder_are_not_loaded(functions_dir: Path) -> None:
    """A function's name is no path."""
    (functions_dir.parent / "handler.py").write_text("raise AssertionError('loaded')\n")

    with pytest.raises(UnsupportedStep) as error:
        load_function("Find", "arn:aws:lambda:r:1:function:..", functions_dir)

    assert str(error.value) == (
        f"Step 'Find' calls the function '..', which has no {functions_dir}/../handler.py. "
        "Functions: find_model."
    )


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        pytest.param(
            "x = 1",
            "whose {path} has no 'respond'; expected respond(event, *, <clients>).",
            id="no-respond",
        ),
        pytest.param(
            "def respond(event, *, dynamodb): ...",
            "which asks for the client 'dynamodb'. Stand-ins: "
            "application_autoscaling, cloudwatch, s3, sagemaker, sagemaker_runtime.",
            id="no-stand-in",
        ),
    ],
)
def test_functions_that_cannot_run_here_are_refused(
    functions_dir: Path, code: str, problem: str
) -> None:
    """A handler without the plain function, or with a client that has no stand-in, is refused."""
    path = functions_dir / "find_model" / "handler.py"
    path.write_text(code)

    with pytest.raises(UnsupportedStep) as error:
        load_function("Find", ARN, functions_dir)

    assert str(error.value) == (
        f"Step 'Find' calls the function 'find_model', {problem.format(path=path)}"
    )


@pytest.mark.parametrize(
    ("answer", "kind", "message"),
    [
        pytest.param(
            {}, "String", "The Lambda function returned no output 'x'. Returned: none.", id="none"
        ),
        pytest.param(
            {"x": 1},
            "String",
            "Output 'x' of the Lambda function is 1; expected String.",
            id="string",
        ),
        pytest.param(
            {"x": True},
            "Integer",
            "Output 'x' of the Lambda function is True; expected Integer.",
            id="boolean-is-no-integer",
        ),
        pytest.param(
            {"x": 1.5},
            "Integer",
            "Output 'x' of the Lambda function is 1.5; expected Integer.",
            id="float",
        ),
    ],
)
def test_outputs_must_be_there_and_of_their_type(
    backing: Backing, answer: Any, kind: str, message: str
) -> None:
    """A missing or ill-typed output fails the step."""
    with pytest.raises(StepFailed) as error:
        call_function(
            lambda _: answer, {}, [{"OutputName": "x", "OutputType": kind}], backing=backing
        )

    assert str(error.value) == message


@pytest.mark.parametrize("kind", [LookupError, SystemExit])
def test_an_exception_is_the_failure_reason(backing: Backing, kind: type[BaseException]) -> None:
    """What the function raises fails the step with the type and the message."""

    def respond(event: Any) -> Any:
        raise kind(event["name"])

    with pytest.raises(StepFailed) as error:
        call_function(respond, {"name": "nobody"}, [], backing=backing)

    assert str(error.value) == f"Lambda function failed: {kind.__name__}: nobody"
