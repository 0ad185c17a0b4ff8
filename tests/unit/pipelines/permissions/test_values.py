"""What expressions stand for before an execution, and the places that URIs name."""

from collections.abc import Mapping

import pytest

from pipelines.definition import Json
from pipelines.permissions.values import Member, Place, Values, members, places
from steps.errors import DeclarationError

DEFINITION: Mapping[str, Json] = {
    "Parameters": [
        {"Name": "Data", "Type": "String", "DefaultValue": "s3://data/raw/"},
        {"Name": "Size", "Type": "Integer", "DefaultValue": 32},
        {"Name": "Needed", "Type": "String"},
    ],
    "Steps": [
        {
            "Name": "Find",
            "Type": "Lambda",
            "Arguments": {
                "Group": "dogs",
                "Uri": {
                    "Std:Join": {"On": "/", "Values": ["s3://b/p", {"Get": "Parameters.Size"}]}
                },
                "List": [{"Uri": "s3://b/q"}],
            },
        },
        {
            "Name": "Split",
            "Type": "Processing",
            "Arguments": {
                "ProcessingOutputConfig": {
                    "Outputs": [
                        {"OutputName": "other", "S3Output": {"S3Uri": "s3://b/other"}},
                        {"OutputName": "train", "S3Output": {"S3Uri": "s3://b/train"}},
                    ]
                }
            },
        },
        {
            "Name": "Train",
            "Type": "Training",
            "Arguments": {"OutputDataConfig": {"S3OutputPath": "s3://b/out"}},
        },
    ],
}


@pytest.fixture
def values() -> Values:
    """The values of the definition, with one that packages record."""
    return Values(
        DEFINITION,
        parameters={},
        pipeline_name="dogs-training",
        recorded=["s3://b/recorded/*"],
    )


OUTPUTS = "Steps.Split.ProcessingOutputConfig.Outputs"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("text", ["text"], id="literal"),
        pytest.param(3, ["3"], id="number"),
        pytest.param({"a": 1}, ["*"], id="object"),
        pytest.param({"Get": "Parameters.Data"}, ["s3://data/raw/"], id="default"),
        pytest.param({"Get": "Execution.PipelineExecutionId"}, ["*"], id="execution"),
        pytest.param({"Get": "Execution.PipelineName"}, ["dogs-training"], id="pipeline"),
        pytest.param({"Std:JsonGet": {"Path": "a", "PropertyFile": {}}}, ["*"], id="report"),
        pytest.param(
            {"Std:Join": {"On": "-", "Values": ["a", {"Get": "Parameters.Size"}, "b"]}},
            ["a-32-b"],
            id="join",
        ),
        pytest.param({"Get": f"{OUTPUTS}['train'].S3Output.S3Uri"}, ["s3://b/train"], id="output"),
        pytest.param({"Get": f"{OUTPUTS}['none'].S3Output.S3Uri"}, ["*"], id="no_such_output"),
        pytest.param({"Get": "Steps.Train.TrainingJobName"}, ["*"], id="made_by_service"),
        pytest.param({"Get": "Steps.Train.OutputDataConfig.S3OutputPath.X"}, ["*"], id="too_deep"),
        pytest.param(
            {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"},
            ["s3://b/out/*/output/model.tar.gz"],
            id="artifact",
        ),
        pytest.param(
            {"Get": "Steps.Find.OutputParameters['Uri']"},
            ["s3://b/p/32", "s3://b/q", "s3://b/recorded/*"],
            id="answer",
        ),
        pytest.param(
            {
                "Std:Join": {
                    "On": "/",
                    "Values": [{"Get": "Steps.Find.OutputParameters['Uri']"}, "x.json"],
                }
            },
            ["s3://b/p/32/x.json", "s3://b/q/x.json", "s3://b/recorded/*/x.json"],
            id="join_of_answers",
        ),
    ],
)
def test_values_are_known_as_far_as_the_definition_tells(
    values: Values, value: Json, expected: list[str]
) -> None:
    """Defaults, outputs and joins are resolved; what only an execution knows is a star."""
    assert values.texts(value) == expected


def test_chosen_values_take_the_place_of_defaults() -> None:
    """A parameter that is chosen is that value, with or without a default."""
    values = Values(DEFINITION, parameters={"Data": "s3://mine/x", "Needed": "y"})
    assert values.texts({"Get": "Parameters.Data"}) == ["s3://mine/x"]
    assert values.texts({"Get": "Parameters.Needed"}) == ["y"]


def test_a_name_that_is_not_told_is_not_known() -> None:
    """A pipeline may be deployed under any."""
    values = Values(DEFINITION, parameters={})
    assert values.texts({"Get": "Execution.PipelineName"}) == ["*"]


def test_a_parameter_without_a_default_is_to_be_chosen(values: Values) -> None:
    """Whoever asks is told how to choose."""
    with pytest.raises(DeclarationError) as caught:
        values.texts({"Get": "Parameters.Needed"})
    assert str(caught.value) == (
        "Parameter 'Needed' has no default, so that what it names is not known; choose a value "
        "with -p Needed=VALUE."
    )


def test_members_are_found_in_objects_and_lists() -> None:
    """Paths have names only, and an expression is a value as a whole."""
    value = {"A": [{"B": 1}, {"B": {"Get": "Parameters.X"}}], "C": "text"}
    assert list(members(value)) == [
        Member(("A",), value["A"]),
        Member(("A", "B"), 1),
        Member(("A", "B"), {"Get": "Parameters.X"}),
        Member(("C",), "text"),
    ]


@pytest.mark.parametrize(
    ("uri", "keys"),
    [
        pytest.param("s3://b/raw/", ["raw/*"], id="folder"),
        pytest.param("s3://b/raw", ["raw", "raw/*"], id="either"),
        pytest.param("s3://b/runs/*/out", ["runs/*"], id="execution"),
        pytest.param("s3://b/runs/x-*", ["runs/*"], id="begins_alike"),
        pytest.param(f"s3://b/code/train/{'0a' * 32}/x.py", ["code/train/*"], id="digest"),
    ],
)
def test_places_are_objects_or_folders(uri: str, keys: list[str]) -> None:
    """A folder goes as far as it is known; what may be an object or a folder is both."""
    assert places(uri, "Train") == [Place(bucket="b", key=key) for key in keys]


@pytest.mark.parametrize("uri", ["*", "s3://*/raw", "s3://b", "s3://b/*", "s3://b/x*", "/opt/ml"])
def test_places_that_no_policy_can_name_are_refused(uri: str) -> None:
    """A whole bucket is not to be opened because a definition does not tell the folder."""
    with pytest.raises(DeclarationError) as caught:
        places(uri, "Train")
    assert str(caught.value) == (
        f"Step 'Train' reads or writes at '{uri}', where only an execution knows what * is; a "
        "policy can name an S3 URI with a known bucket and first folder."
    )
