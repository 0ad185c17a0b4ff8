"""The rules of `pipelines.checks.property_files`, each broken by one edit of a sound definition."""

import pytest

from pipelines.checks import property_files
from tests.unit.pipelines.checks.cases import Case, check_case, rules_of

CASES = [
    Case(
        "misspelt_property_file",
        "training",
        "/Steps/5/Arguments/Conditions/0/LeftValue",
        {
            "Std:JsonGet": {
                "PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.EvaluationReports"},
                "Path": "metrics.accuracy.value",
            }
        },
        "D026",
        "/Steps/5/Arguments/Conditions/0/LeftValue/Std:JsonGet/PropertyFile",
        (
            "Step 'CheckQuality' reads property file 'EvaluationReports' of step "
            "'Evaluate', which has property files: EvaluationReport. Did you mean "
            "'EvaluationReport'?"
        ),
    ),
    Case(
        "property_file_in_no_output",
        "training",
        "/Steps/4/PropertyFiles/0/OutputName",
        "evaluations",
        "D027",
        "/Steps/4/PropertyFiles/0/OutputName",
        (
            "Property file 'EvaluationReport' of step 'Evaluate' lies in output "
            "'evaluations', which the step does not have. Its outputs: baseline, "
            "evaluation. Did you mean 'evaluation'?"
        ),
    ),
    Case(
        "property_file_outside_its_output",
        "training",
        "/Steps/4/PropertyFiles/0/FilePath",
        "../evaluation.json",
        "D027",
        "/Steps/4/PropertyFiles/0/FilePath",
        (
            "Property file 'EvaluationReport' of step 'Evaluate' has the path "
            "'../evaluation.json'; expected a path inside the output."
        ),
    ),
    Case(
        "file_that_no_script_writes",
        "training",
        "/Steps/4/PropertyFiles/0/FilePath",
        "evaluation.jsn",
        "D028",
        "/Steps/5/Arguments/Conditions/0/LeftValue",
        (
            "Step 'Evaluate' declares the property file 'evaluation.jsn', which its script "
            "does not write. Files in steps.evaluate.contract: evaluation.json. Did you "
            "mean 'evaluation.json'? (5 more places in the document.)"
        ),
    ),
    Case(
        "misspelt_json_path",
        "training",
        "/Steps/5/Arguments/Conditions/0/LeftValue",
        {
            "Std:JsonGet": {
                "PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.EvaluationReport"},
                "Path": "metrics.acuracy.value",
            }
        },
        "D029",
        "/Steps/5/Arguments/Conditions/0/LeftValue",
        (
            "Step 'CheckQuality' reads 'metrics.acuracy.value', which 'evaluation.json' of "
            "step 'Evaluate' does not hold. metrics holds: accuracy, "
            "expected_calibration_error, macro_f1, macro_precision, macro_recall, "
            "weighted_f1, weighted_precision, weighted_recall. Did you mean 'accuracy'?"
        ),
    ),
    Case(
        "json_path_to_an_object",
        "training",
        "/Steps/5/Arguments/Conditions/0/LeftValue",
        {
            "Std:JsonGet": {
                "PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.EvaluationReport"},
                "Path": "metrics.accuracy",
            }
        },
        "D029",
        "/Steps/5/Arguments/Conditions/0/LeftValue",
        (
            "Step 'CheckQuality' reads 'metrics.accuracy', which 'evaluation.json' of step "
            "'Evaluate' does not hold. It leads to several values; expected a single one."
        ),
    ),
    Case(
        "json_path_too_deep",
        "training",
        "/Steps/5/Arguments/Conditions/0/LeftValue",
        {
            "Std:JsonGet": {
                "PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.EvaluationReport"},
                "Path": "metrics.accuracy.value.mean",
            }
        },
        "D029",
        "/Steps/5/Arguments/Conditions/0/LeftValue",
        (
            "Step 'CheckQuality' reads 'metrics.accuracy.value.mean', which "
            "'evaluation.json' of step 'Evaluate' does not hold. metrics.accuracy.value is "
            "a single value."
        ),
    ),
    Case(
        "index_into_an_object",
        "training",
        "/Steps/5/Arguments/Conditions/0/LeftValue",
        {
            "Std:JsonGet": {
                "PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.EvaluationReport"},
                "Path": "per_label[0].f1",
            }
        },
        "D029",
        "/Steps/5/Arguments/Conditions/0/LeftValue",
        (
            "Step 'CheckQuality' reads 'per_label[0].f1', which 'evaluation.json' of step "
            "'Evaluate' does not hold. per_label takes a key."
        ),
    ),
    Case(
        "no_json_path",
        "training",
        "/Steps/5/Arguments/Conditions/0/LeftValue",
        {
            "Std:JsonGet": {
                "PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.EvaluationReport"},
                "Path": "metrics..accuracy",
            }
        },
        "D029",
        "/Steps/5/Arguments/Conditions/0/LeftValue",
        (
            "Step 'CheckQuality' reads 'metrics..accuracy', which 'evaluation.json' of "
            "step 'Evaluate' does not hold. It is no JSON path; expected the form "
            "metrics.f1.value."
        ),
    ),
    Case(
        "script_without_a_contract",
        "training",
        "/Steps/4/Arguments/AppSpecification/ContainerEntrypoint/2",
        "steps.assess.script",
        "D030",
        "/Steps/5/Arguments/Conditions/0/LeftValue",
        (
            "Step 'CheckQuality' reads 'metrics.accuracy.value' of 'evaluation.json' of "
            "step 'Evaluate', which cannot be verified: there is no module "
            "'steps.assess.contract'. (5 more places in the document.)"
        ),
    ),
    Case(
        "contract_without_schemas",
        "training",
        "/Steps/4/Arguments/AppSpecification/ContainerEntrypoint/2",
        "steps.preprocess.script",
        "D030",
        "/Steps/5/Arguments/Conditions/0/LeftValue",
        (
            "Step 'CheckQuality' reads 'metrics.accuracy.value' of 'evaluation.json' of "
            "step 'Evaluate', which cannot be verified: module 'steps.preprocess.contract' "
            "has no PROPERTY_FILES. (5 more places in the document.)"
        ),
    ),
    Case(
        "entry_point_of_another_kind",
        "training",
        "/Steps/4/Arguments/AppSpecification/ContainerEntrypoint",
        ["/bin/evaluate"],
        "D030",
        "/Steps/5/Arguments/Conditions/0/LeftValue",
        (
            "Step 'CheckQuality' reads 'metrics.accuracy.value' of 'evaluation.json' of "
            "step 'Evaluate', which cannot be verified: its entry point is no script "
            "steps.<name>.script. (5 more places in the document.)"
        ),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_finds_one_mistake(case: Case) -> None:
    """One edit that breaks a rule gives exactly one finding, with this place and message."""
    check_case(case)


def test_every_rule_is_tried() -> None:
    """Every rule of the module has a bad document."""
    assert {case.rule for case in CASES} == rules_of(property_files)
