"""The rules of `pipelines.checks.transforms`, each broken by one edit of a sound definition."""

import pytest

from pipelines.checks import check, transforms
from pipelines.definition import Json
from tests.unit.pipelines.checks.cases import REMOVE, Case, check_case, edited, rules_of, sound

SCORE = "/Steps/3/Arguments"

CASES = [
    Case(
        "too_much_in_flight",
        "deployment",
        f"{SCORE}/MaxConcurrentTransforms",
        17,
        "D056",
        f"{SCORE}/MaxPayloadInMB",
        (
            "Step 'Score' sends 17 requests of up to 6 MB at a time; expected "
            "MaxConcurrentTransforms times MaxPayloadInMB of at most 100."
        ),
    ),
    Case(
        "too_much_at_once",
        "deployment",
        f"{SCORE}/MaxPayloadInMB",
        26,
        "D056",
        f"{SCORE}/MaxPayloadInMB",
        (
            "Step 'Score' sends 4 requests of up to 26 MB at a time; expected "
            "MaxConcurrentTransforms times MaxPayloadInMB of at most 100."
        ),
    ),
    Case(
        "strategy_without_records",
        "deployment",
        f"{SCORE}/BatchStrategy",
        "MultiRecord",
        "D057",
        f"{SCORE}/BatchStrategy",
        (
            "Step 'Score' has the BatchStrategy MultiRecord for objects that are not split; "
            "remove it, or set SplitType to Line, RecordIO or TFRecord."
        ),
    ),
    Case(
        "images_by_line",
        "deployment",
        f"{SCORE}/TransformInput/SplitType",
        "Line",
        "D058",
        f"{SCORE}/TransformInput/SplitType",
        (
            "Step 'Score' splits objects of type 'application/x-image' by Line; expected "
            "SplitType None."
        ),
    ),
    Case(
        "answers_among_the_images",
        "deployment",
        f"{SCORE}/TransformInput/DataSource/S3DataSource/S3Uri",
        "s3://images-111122223333/",
        "D059",
        f"{SCORE}/TransformOutput/S3OutputPath",
        (
            "Step 'Score' writes its answers below its own input 's3://images-111122223333/'; "
            "expected another prefix."
        ),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_finds_one_mistake(case: Case) -> None:
    """One edit that breaks a rule gives exactly one finding, with this place and message."""
    check_case(case)


def test_the_service_s_default_payload_counts() -> None:
    """Without MaxPayloadInMB a request has up to 6 MB."""
    definition = edited(sound("deployment"), f"{SCORE}/MaxConcurrentTransforms", 17)
    [finding] = check(edited(definition, f"{SCORE}/MaxPayloadInMB", REMOVE))
    assert (finding.rule, finding.pointer) == ("D056", SCORE)


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        pytest.param(f"{SCORE}/MaxConcurrentTransforms", REMOVE, id="one_request_at_a_time"),
        pytest.param(f"{SCORE}/TransformInput/SplitType", REMOVE, id="not_split_by_default"),
        pytest.param(f"{SCORE}/BatchStrategy", "SingleRecord", id="one_image_per_request"),
        pytest.param(
            f"{SCORE}/TransformOutput/S3OutputPath",
            {"Get": "Execution.PipelineExecutionId"},
            id="output_not_known",
        ),
        pytest.param(
            f"{SCORE}/TransformInput/DataSource/S3DataSource/S3Uri",
            {"Get": "Parameters.ModelPackageArn"},
            id="input_not_known",
        ),
    ],
)
def test_accepts_other_sound_forms(pointer: str, value: Json) -> None:
    """What is left out, or known only at the start of an execution, is no mistake."""
    assert check(edited(sound("deployment"), pointer, value)) == []


def test_a_payload_that_is_passed_at_each_start_is_not_judged() -> None:
    """A parameter without a default may be small enough."""
    largest = {"Name": "Largest", "Type": "Integer"}
    definition = edited(sound("deployment"), "/Parameters/-", largest)
    value = {"Get": "Parameters.Largest"}
    assert check(edited(definition, f"{SCORE}/MaxPayloadInMB", value)) == []


def test_lines_of_text_may_have_a_strategy() -> None:
    """Records of a split object are put together as the strategy says."""
    definition = edited(sound("deployment"), f"{SCORE}/TransformInput/ContentType", "text/csv")
    definition = edited(definition, f"{SCORE}/TransformInput/SplitType", "Line")
    assert check(edited(definition, f"{SCORE}/BatchStrategy", "MultiRecord")) == []


def test_every_rule_is_tried() -> None:
    """Every rule of the module has a bad document."""
    assert {case.rule for case in CASES} == rules_of(transforms)
