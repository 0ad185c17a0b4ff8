"""`check` as a whole: what it accepts, how far it goes, and what it never does."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipelines.checks import RULES, Finding, check, refuse_mistakes
from pipelines.definition import DefinitionError, Json
from tests.unit.pipelines.checks.cases import REMOVE, edited, sound

REPOSITORY = Path(__file__).parents[4]
SNAPSHOTS = sorted((REPOSITORY / "tests" / "definitions").glob("*.json"))


@pytest.mark.parametrize("document", ["training", "deployment"])
def test_accepts_sound_definitions(document: str) -> None:
    """A definition without mistakes has no findings."""
    assert check(sound(document)) == []


@pytest.mark.parametrize("path", SNAPSHOTS, ids=lambda path: path.stem)
def test_accepts_the_compiled_pipelines(path: Path) -> None:
    """The snapshots of our pipelines, with digests filled in, have no findings."""
    text = re.sub(r"<bundle:\w+>", "0123456789abcdef" * 4, path.read_text(encoding="utf-8"))
    text = re.sub(r"<function:\w+>", "0123456789ab", text)
    assert check(json.loads(text)) == []


DIGEST = "0123456789abcdef" * 4
JOINED = {
    "Std:Join": {
        "On": "/",
        "Values": ["s3://images/code", DIGEST, {"Get": "Execution.PipelineName"}],
    }
}
BY_URI = {"Std:JsonGet": {"S3Uri": "s3://images/report.json", "Path": "metrics.f1"}}


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        pytest.param("/Steps/5/Arguments/Conditions/0/LeftValue", BY_URI, id="json_get_by_uri"),
        pytest.param(
            "/Steps/6/Arguments/Job",
            {"Get": "Steps.Tune.TrainingJobSummaries[1].TrainingJobName"},
            id="second_best_trial",
        ),
        pytest.param(
            "/Steps/1/Arguments/ProcessingInputs/0/S3Input/S3Uri", JOINED, id="digest_in_a_join"
        ),
        pytest.param("/Steps/3/CacheConfig/ExpireAfter", "T12H", id="duration_without_p"),
        pytest.param("/Steps/3/DependsOn", [{"Step": "Preprocess"}], id="dependency_object"),
        pytest.param(
            "/Steps/3/Arguments/AlgorithmSpecification/TrainingImage",
            f"111122223333.dkr.ecr.us-east-1.amazonaws.com/ours@sha256:{DIGEST}",
            id="image_of_our_own",
        ),
    ],
)
def test_accepts_other_sound_forms(pointer: str, value: Json) -> None:
    """Rarer forms that the service takes are not refused."""
    assert check(edited(sound("training"), pointer, value)) == []


def test_accepts_a_grid_of_categories() -> None:
    """Grid search over listed values alone is what the service takes."""
    config = "/Steps/2/Arguments/HyperParameterTuningJobConfig"
    values = {
        "architecture": ["resnet18", "small_cnn"],
        "batch_size": ["32", "64"],
        "dropout": ["0", "0.2"],
        "learning_rate": ["0.001", "0.01"],
    }
    listed = [{"Name": name, "Values": some} for name, some in values.items()]
    ranges = {"CategoricalParameterRanges": listed}
    definition = edited(sound("training"), f"{config}/ParameterRanges", ranges)
    assert check(edited(definition, f"{config}/Strategy", "Grid")) == []


def test_accepts_a_function_without_arguments() -> None:
    """A Lambda step may pass nothing to its function."""
    assert check(edited(sound("deployment"), "/Steps/5/Arguments", REMOVE)) == []


def test_refuses_what_is_no_object() -> None:
    """A document that is no object gives one finding for the whole of it."""
    (finding,) = check([])  # type: ignore[arg-type]  as a careless caller would
    assert str(finding) == " D001 The definition is []; expected an object."


def test_hyperband_without_epochs() -> None:
    """Hyperband with neither a largest resource nor epochs among the hyperparameters is found."""
    epochs = "/Steps/2/Arguments/TrainingJobDefinition/StaticHyperParameters/epochs"
    config = "/Steps/2/Arguments/HyperParameterTuningJobConfig"
    definition = edited(sound("training"), epochs, REMOVE)
    definition = edited(definition, f"{config}/TrainingJobEarlyStoppingType", "Off")
    definition = edited(definition, f"{config}/Strategy", "Hyperband")
    assert [str(finding) for finding in check(definition)] == [
        f"{config} D063 Step 'Tune' uses Hyperband without MaxResource, and no static "
        "hyperparameter gives the epochs; expected MaxResource or one of epochs, n-epochs, "
        "n_epochs, num_epochs, numepochs."
    ]


def test_built_in_algorithms_bring_their_metrics() -> None:
    """Without an image and definitions of ours, any metric may be read."""
    algorithm = {"AlgorithmName": "xgboost", "TrainingInputMode": "File"}
    definition = edited(sound("training"), "/Steps/3/Arguments/AlgorithmSpecification", algorithm)
    assert check(definition) == []


def test_steps_of_other_types_are_taken_as_they_are() -> None:
    """Arguments and properties of a step type that is not modelled here are not judged."""
    properties = "Steps.CheckBaseline.CalculatedBaselineConstraints"
    definition = edited(
        sound("deployment"),
        "/Steps/-",
        {"Name": "CheckBaseline", "Type": "QualityCheck", "Arguments": {}, "SkipCheck": False},
    )
    assert check(edited(definition, "/Steps/5/Arguments/Uri", {"Get": properties})) == []


def test_counts_parameters() -> None:
    """More parameters than an execution can be started with are one finding."""
    names = [f"Parameter{index}" for index in range(201)]
    definition = {
        "Version": "2020-12-01",
        "Parameters": [{"Name": name, "Type": "String"} for name in names],
        "Steps": [
            {
                "Name": "Notify",
                "Type": "Lambda",
                "FunctionArn": "arn:aws:lambda:us-east-1:111122223333:function:notify",
                "Arguments": {name: {"Get": f"Parameters.{name}"} for name in names},
            }
        ],
    }
    expected = "The definition has 201 parameters; expected at most 200."
    assert [str(finding) for finding in check(definition)] == [f"/Parameters D096 {expected}"]


def test_nothing_is_checked_behind_a_gate() -> None:
    """A document that is no definition gives only what makes it so."""
    findings = check({"Version": "2020-12-01", "Steps": [{"Name": "Train"}], "Paramters": []})
    assert {finding.rule for finding in findings} == {"D001"}


def test_rules_are_numbered_in_order() -> None:
    """Ids rise, so that a list of the rules reads like the checks run."""
    ids = [rule.id for rule in RULES]
    assert ids == sorted(set(ids))
    assert all(re.fullmatch(r"D\d{3}", rule_id) for rule_id in ids)


def test_every_rule_has_a_source_of_its_own() -> None:
    """Each rule names a different page, by https."""
    sources = [rule.source for rule in RULES]
    assert len(set(sources)) == len(sources)
    assert all(source.startswith("https://") for source in sources)


def test_gates_come_first() -> None:
    """No rule that reads the document runs before the document is known to be readable."""
    gates = [rule.is_gate for rule in RULES]
    assert gates == sorted(gates, reverse=True)


def test_mistakes_of_all_are_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error of definitions that must not run has one line per finding."""
    finding = Finding(rule="D010", pointer="/Steps/0", message="No.", source="https://a.b")
    found = {"bad": [finding, finding], "good": [], "worse": [finding]}
    monkeypatch.setattr("pipelines.checks.check", lambda definition: found[definition["Name"]])
    documents = {name: {"Name": name} for name in found}
    with pytest.raises(DefinitionError) as caught:
        refuse_mistakes(documents)
    assert str(caught.value) == (
        "Pipelines 'bad', 'worse' have mistakes; nothing was done.\n"
        "bad:/Steps/0 D010 No.\nbad:/Steps/0 D010 No.\nworse:/Steps/0 D010 No."
    )
    with pytest.raises(DefinitionError, match=r"^Pipeline 'worse' has mistakes; nothing was done"):
        refuse_mistakes({"worse": documents["worse"]})
    refuse_mistakes({"good": documents["good"]})


def test_imports_neither_sdk_nor_boto3() -> None:
    """Checking a file needs only the service model: no SDK, no client, no container library."""
    program = (
        "import json, sys\n"
        "from pipelines.checks import check\n"
        "assert check(json.load(sys.stdin)) == []\n"
        "heavy = {'sagemaker', 'boto3', 'torch', 'numpy'} & sys.modules.keys()\n"
        "sys.exit(f'imported {sorted(heavy)}' if heavy else 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps(sound("training")),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def _pointers(value: Json, pointer: str = "") -> list[str]:
    members = value.items() if isinstance(value, dict) else enumerate(value)
    found = []
    for key, member in members:
        place = f"{pointer}/{key}"
        found.append(place)
        if isinstance(member, (dict, list)):
            found += _pointers(member, place)
    return found


VALUES = st.sampled_from(
    [
        REMOVE, None, True, 0, -1.5, "", "a b", [], [{}], {}, {"Get": 1},
        {"Get": "Parameters.Epochs"}, {"Get": "Steps.Train"},
        {"Get": "Steps.Train.InputDataConfig"},
        {"Get": "Steps.FindApprovedModel.OutputParameters"},
        {"Std:Join": {"On": "", "Values": [{"Get": "Steps.Tune.BestTrainingJob"}]}},
        {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.Evaluate"}, "Path": 1}},
    ]
)  # fmt: skip


@settings(max_examples=150)
@given(pointer=st.sampled_from(_pointers(sound("training"))), value=VALUES)
@example(
    pointer="/Steps/2/Arguments/HyperParameterTuningJobConfig/ParameterRanges"
    "/CategoricalParameterRanges/0/Values",
    value=True,
)
def test_survives_any_edit(pointer: str, value: Json) -> None:
    """Whatever stands anywhere, check answers, and its findings point into the document."""
    definition = edited(sound("training"), pointer, value)
    for finding in check(definition):
        holder = definition
        *parents, _ = finding.pointer.split("/")[1:] or [""]
        for key in parents:
            key = key.replace("~1", "/").replace("~0", "~")  # noqa: PLW2901  RFC 6901
            holder = holder[int(key)] if isinstance(holder, list) else holder[key]
        assert isinstance(holder, (dict, list))
