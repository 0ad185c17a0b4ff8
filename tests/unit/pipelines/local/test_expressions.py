"""Tests of pipelines.local.expressions."""

from typing import Any

import pytest

from pipelines.local.errors import UnresolvedReference
from pipelines.local.expressions import Scope, evaluate, evaluate_all
from pipelines.local.store import LocalStore
from tests.unit.pipelines.local.definitions import get, join


@pytest.fixture
def scope(store: LocalStore) -> Scope:
    """A scope with one step of each kind that references know."""
    store.put_bytes("s3://box/report/evaluation.json", b'{"metrics": {"f1": 0.93}, "rows": [1, 2]}')
    store.put_bytes("s3://box/broken.json", b"{")
    return Scope(
        parameters={"Epochs": 3, "Rate": 0.1, "Flag": True, "Name": "x"},
        execution={"PipelineExecutionId": "id-1"},
        store=store,
        properties={
            "Prep": {
                "ProcessingOutputConfig": {
                    "Outputs": [
                        {"OutputName": "train", "S3Output": {"S3Uri": "s3://box/train"}},
                        {"OutputName": "report", "S3Output": {"S3Uri": "s3://box/report"}},
                    ]
                }
            },
            "Train": {"FinalMetricDataList": [{"MetricName": "f1", "Value": 0.9}]},
            "Tune": {"BestTrainingJob": {"TunedHyperParameters": {"learning_rate": "0.01"}}},
            "Find": {"OutputParameters": {"uri": "s3://box/m"}},
        },
        property_files={"Prep": {"Report": ("report", "evaluation.json")}},
    )


REPORT = {"PropertyFile": get("Steps.Prep.PropertyFiles.Report")}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(get("Parameters.Epochs"), 3, id="parameter"),
        pytest.param(get("Execution.PipelineExecutionId"), "id-1", id="execution"),
        pytest.param(
            get("Steps.Prep.ProcessingOutputConfig.Outputs['train'].S3Output.S3Uri"),
            "s3://box/train",
            id="output-by-name",
        ),
        pytest.param(
            get("Steps.Prep.ProcessingOutputConfig.Outputs[1].OutputName"), "report", id="by-index"
        ),
        pytest.param(get("Steps.Train.FinalMetricDataList['f1'].Value"), 0.9, id="metric-by-name"),
        pytest.param(
            get("Steps.Tune.BestTrainingJob.TunedHyperParameters['learning_rate']"),
            "0.01",
            id="map-by-key",
        ),
        pytest.param(get("Steps.Find.OutputParameters['uri']"), "s3://box/m", id="lambda-output"),
        pytest.param(
            join("a", 1, 2.5, True, get("Parameters.Name"), on="-"), "a-1-2.5-true-x", id="join"
        ),
        pytest.param({"Std:Join": {"Values": ["a", "b"]}}, "ab", id="join-without-separator"),
        pytest.param({"Std:JsonGet": {**REPORT, "Path": "metrics.f1"}}, 0.93, id="property-file"),
        pytest.param({"Std:JsonGet": {**REPORT, "Path": "rows[1]"}}, 2, id="json-index"),
        pytest.param(
            {
                "Std:JsonGet": {
                    "S3Uri": join("s3://box", "report/evaluation.json"),
                    "Path": "rows[0]",
                }
            },
            1,
            id="json-by-uri",
        ),
        pytest.param(
            {"a": [get("Parameters.Flag"), {"b": None}]}, {"a": [True, {"b": None}]}, id="nested"
        ),
    ],
)
def test_expressions_are_replaced_by_their_values(scope: Scope, value: Any, expected: Any) -> None:
    """Every kind of expression resolves, also deep inside other values."""
    assert scope.resolve(value) == expected


@pytest.mark.parametrize(
    ("value", "message"),
    [
        pytest.param(
            get("Parameters.Epoch"),
            "'Parameters.Epoch' leads nowhere: there is no 'Epoch'. "
            "There are: Epochs, Flag, Name, Rate.",
            id="unknown-parameter",
        ),
        pytest.param(
            get("Steps.Prep.ProcessingOutputConfig.Outputs['test'].S3Output"),
            "'Steps.Prep.ProcessingOutputConfig.Outputs['test'].S3Output' leads nowhere: "
            "there is no 'test'. There are: report, train.",
            id="unknown-output",
        ),
        pytest.param(
            get("Steps.Prep.ProcessingOutputConfig.Outputs[7]"),
            "'Steps.Prep.ProcessingOutputConfig.Outputs[7]' leads nowhere: there is no '7'. "
            "There are: 0, 1.",
            id="beyond-the-list",
        ),
        pytest.param(
            get("Steps.Find.OutputParameters['uri'].more"),
            "'Steps.Find.OutputParameters['uri'].more' leads nowhere: there is no 'more'. "
            "There are: none.",
            id="inside-a-string",
        ),
        pytest.param(
            get("Globals.x"),
            "'Globals.x' is not a reference; expected Parameters.<name>, Execution.<name> or "
            "Steps.<name>.<property>.",
            id="unknown-root",
        ),
        pytest.param(
            join("a", get("Steps.Prep")),
            'Std:Join joins strings, numbers and booleans, got {"ProcessingOutputConfig": '
            '{"Outputs": [{"OutputName": "train", "S3Output": {"S3Uri": "s3://box/train"}}, '
            '{"OutputName": "report", "S3Output": {"S3Uri": "s3://box/report"}}]}}.',
            id="join-of-a-structure",
        ),
        pytest.param(
            {"Std:JsonGet": {**REPORT, "Path": "metrics"}},
            "'metrics' of 's3://box/report/evaluation.json' is an object; "
            "expected a string, a number or a boolean.",
            id="json-object",
        ),
        pytest.param(
            {"Std:JsonGet": {**REPORT, "Path": "rows"}},
            "'rows' of 's3://box/report/evaluation.json' is a list; "
            "expected a string, a number or a boolean.",
            id="json-list",
        ),
        pytest.param(
            {"Std:JsonGet": {**REPORT, "Path": "metrics.f2"}},
            "'metrics.f2 of s3://box/report/evaluation.json' leads nowhere: there is no 'f2'. "
            "There are: f1.",
            id="json-path-to-nothing",
        ),
        pytest.param(
            {"Std:JsonGet": {"S3Uri": "s3://box/broken.json", "Path": "a"}},
            "'s3://box/broken.json' is not JSON: Expecting property name enclosed in double "
            "quotes: line 1 column 2 (char 1).",
            id="not-json",
        ),
    ],
)
def test_expressions_that_lead_nowhere_are_errors(scope: Scope, value: Any, message: str) -> None:
    """The error names the expression, the segment that is missing and what there is."""
    with pytest.raises(UnresolvedReference) as error:
        scope.resolve(value)

    assert str(error.value) == message


def compare(kind: str, left: Any, right: Any) -> dict[str, Any]:
    """A condition with two operands."""
    return {"Type": kind, "LeftValue": left, "RightValue": right}


@pytest.mark.parametrize(
    ("condition", "is_true", "text"),
    [
        pytest.param(compare("Equals", "a", "a"), True, '"a" == "a"', id="equal-strings"),
        pytest.param(
            compare("Equals", "a" * 50, ""), False, f'"{"a" * 40}..." == ""', id="long-string"
        ),
        pytest.param(compare("Equals", True, True), True, "true == true", id="equal-booleans"),
        pytest.param(compare("Equals", 1, 1.0), True, "1 == 1", id="integer-and-float"),
        pytest.param(compare("GreaterThan", 2, 2), False, "2 > 2", id="greater"),
        pytest.param(
            compare("GreaterThanOrEqualTo", get("Parameters.Epochs"), 3),
            True,
            "Epochs 3 >= 3",
            id="at-least",
        ),
        pytest.param(compare("LessThan", 0.1, 0.25), True, "0.1 < 0.25", id="less"),
        pytest.param(compare("LessThanOrEqualTo", "b", "a"), False, '"b" <= "a"', id="at-most"),
        pytest.param(
            {"Type": "In", "QueryValue": get("Parameters.Name"), "Values": ["x", "y"]},
            True,
            '"x" in ["x", "y"]',
            id="in",
        ),
        pytest.param(
            {"Type": "Not", "Condition": compare("Equals", 1, 2)}, True, "not (1 == 2)", id="not"
        ),
        pytest.param(
            {"Type": "Or", "Conditions": [compare("Equals", 1, 2), compare("LessThan", 1, 2)]},
            True,
            "(1 == 2) or (1 < 2)",
            id="or",
        ),
    ],
)
def test_conditions(scope: Scope, condition: Any, is_true: bool, text: str) -> None:
    """Every condition type gives its truth and says what it compared."""
    outcome = evaluate(condition, scope)

    assert (outcome.is_true, outcome.text) == (is_true, text)


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        pytest.param(
            compare("Equals", "3", 3),
            "Condition 'Equals' compares \"3\", a string, with 3, a number; "
            "expected two values of one type.",
            id="string-and-number",
        ),
        pytest.param(
            compare("Equals", True, 1),
            "Condition 'Equals' compares true, a boolean, with 1, a number; "
            "expected two values of one type.",
            id="boolean-and-number",
        ),
        pytest.param(
            {"Type": "In", "QueryValue": 1, "Values": ["1"]},
            "Condition 'In' compares 1, a number, with \"1\", a string; "
            "expected two values of one type.",
            id="in",
        ),
        pytest.param(
            compare("LessThan", True, False),
            "Condition 'LessThan' orders booleans; expected numbers or strings.",
            id="ordered-booleans",
        ),
    ],
)
def test_values_of_different_types_do_not_compare(
    scope: Scope, condition: Any, message: str
) -> None:
    """A type mismatch is a failure and never just false."""
    with pytest.raises(UnresolvedReference) as error:
        evaluate(condition, scope)

    assert str(error.value) == message


def test_all_conditions_of_a_step_must_hold(scope: Scope) -> None:
    """The conditions of a step are joined with and."""
    outcome = evaluate_all([compare("Equals", 1, 1), compare("GreaterThan", 1, 2)], scope)

    assert (outcome.is_true, outcome.text) == (False, "1 == 1, 1 > 2 is false")
