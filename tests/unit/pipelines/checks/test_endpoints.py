"""The rules of `pipelines.checks.endpoints`, each broken by one edit of a sound definition."""

import pytest

from pipelines.checks import check, endpoints
from pipelines.definition import Json
from tests.unit.pipelines.checks.cases import REMOVE, Case, check_case, edited, rules_of, sound

NAME = "/Steps/1/Arguments/EndpointConfigName"
CAPTURE = "/Steps/1/Arguments/DataCaptureConfig"
DEPLOYMENT = "/Steps/2/Arguments/DeploymentConfig"
POLICY = f"{DEPLOYMENT}/BlueGreenUpdatePolicy"
ROUTING = f"{POLICY}/TrafficRoutingConfiguration"
TENTH = {"Type": "CAPACITY_PERCENT", "Value": 10}

CASES = [
    Case(
        "name_of_a_parameter",
        "deployment",
        NAME,
        {"Get": "Parameters.EndpointName"},
        "D084",
        NAME,
        (
            "Step 'CreateEndpointConfig' gives its configuration the same name in every "
            "execution; expected a name with Execution.PipelineExecutionId."
        ),
    ),
    Case(
        "name_as_it_is_written",
        "deployment",
        NAME,
        "dog-breeds",
        "D084",
        NAME,
        (
            "Step 'CreateEndpointConfig' gives its configuration the same name in every "
            "execution; expected a name with Execution.PipelineExecutionId."
        ),
    ),
    Case(
        "endpoint_with_a_long_name",
        "deployment",
        "/Parameters/1/DefaultValue",
        "d" * 51,
        "D085",
        NAME,
        (
            "Step 'CreateEndpointConfig' gives its configuration a name of 64 or more characters, "
            "12 of them the execution's id; expected at most 63."
        ),
    ),
    Case(
        "answers_in_base64",
        "deployment",
        f"{CAPTURE}/CaptureContentTypeHeader",
        REMOVE,
        "D086",
        CAPTURE,
        (
            "Step 'CreateEndpointConfig' captures answers without CaptureContentTypeHeader, so "
            "that they are stored in base64; expected their types in JsonContentTypes or "
            "CsvContentTypes."
        ),
    ),
    Case(
        "canary_without_a_size",
        "deployment",
        f"{ROUTING}/CanarySize",
        REMOVE,
        "D087",
        ROUTING,
        "Step 'CreateEndpoint' moves traffic by CANARY without CanarySize.",
    ),
    Case(
        "large_canary",
        "deployment",
        f"{ROUTING}/CanarySize/Value",
        60,
        "D087",
        f"{ROUTING}/CanarySize/Value",
        "Step 'CreateEndpoint' moves 60 percent of the capacity at a time; expected 1 to 50.",
    ),
    Case(
        "size_of_another_type",
        "deployment",
        f"{ROUTING}/Type",
        "ALL_AT_ONCE",
        "D087",
        f"{ROUTING}/CanarySize",
        "Step 'CreateEndpoint' moves traffic by 'ALL_AT_ONCE', which takes no CanarySize.",
    ),
    Case(
        "two_policies",
        "deployment",
        f"{DEPLOYMENT}/RollingUpdatePolicy",
        {"MaximumBatchSize": TENTH, "WaitIntervalInSeconds": 60},
        "D087",
        f"{DEPLOYMENT}/RollingUpdatePolicy",
        (
            "Step 'CreateEndpoint' has a RollingUpdatePolicy and a BlueGreenUpdatePolicy; "
            "expected one."
        ),
    ),
    Case(
        "no_time_but_for_waits",
        "deployment",
        f"{POLICY}/TerminationWaitInSeconds",
        3300,
        "D088",
        f"{POLICY}/MaximumExecutionTimeoutInSeconds",
        (
            "Step 'CreateEndpoint' may take 3600 s and waits 3600 s of them; expected "
            "MaximumExecutionTimeoutInSeconds above the sum of its waits."
        ),
    ),
    Case(
        "alarms_without_time",
        "deployment",
        f"{ROUTING}/WaitIntervalInSeconds",
        0,
        "D089",
        f"{ROUTING}/WaitIntervalInSeconds",
        (
            "Step 'CreateEndpoint' has alarms that turn an update back, and waits 0 s for them; "
            "expected a WaitIntervalInSeconds in which they can go off."
        ),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_finds_one_mistake(case: Case) -> None:
    """One edit that breaks a rule gives exactly one finding, with this place and message."""
    check_case(case)


LINEAR = {"Type": "LINEAR", "WaitIntervalInSeconds": 60, "LinearStepSize": TENTH}


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        pytest.param(NAME, {"Get": "Parameters.ModelPackageArn"}, id="name_passed_at_each_start"),
        pytest.param(
            NAME, {"Get": "Steps.WaitForPerson.OutputParameters['Decision']"}, id="name_of_a_step"
        ),
        pytest.param(f"{CAPTURE}/CaptureOptions", [{"CaptureMode": "Input"}], id="images_alone"),
        pytest.param(DEPLOYMENT, REMOVE, id="service_s_own_update"),
        pytest.param(f"{DEPLOYMENT}/BlueGreenUpdatePolicy", REMOVE, id="alarms_alone"),
        pytest.param(f"{POLICY}/MaximumExecutionTimeoutInSeconds", REMOVE, id="default_limit"),
        pytest.param(ROUTING, LINEAR, id="linear"),
        pytest.param(
            f"{ROUTING}/CanarySize", {"Type": "INSTANCE_COUNT", "Value": 60}, id="instances"
        ),
    ],
)
def test_accepts_other_sound_forms(pointer: str, value: Json) -> None:
    """Other ways to name, capture and update are no mistake."""
    definition = sound("deployment")
    if "WaitForPerson" in str(value):  # It would wait for the endpoint.
        definition = edited(definition, "/Steps/4/Arguments", {})
    assert check(edited(definition, pointer, value)) == []


@pytest.mark.parametrize(
    ("type_or_mode", "edit", "expression"),
    [
        pytest.param(
            {"DefaultValue": "Input"},
            f"{CAPTURE}/CaptureOptions",
            [{"CaptureMode": {"Get": "Parameters.Choice"}}],
            id="images_alone_by_default",
        ),
        pytest.param(
            {}, f"{ROUTING}/Type", {"Get": "Parameters.Choice"}, id="passed_at_each_start"
        ),
        pytest.param(
            {"EnumValues": ["CANARY", "LINEAR"], "DefaultValue": "CANARY"},
            f"{ROUTING}/Type",
            {"Get": "Parameters.Choice"},
            id="one_of_several",
        ),
    ],
)
def test_what_a_parameter_may_make_sound_is_accepted(
    type_or_mode: dict[str, Json], edit: str, expression: Json
) -> None:
    """A mode without answers needs no types, and an unknown type may take any size."""
    parameter = {"Name": "Choice", "Type": "String", **type_or_mode}
    definition = edited(sound("deployment"), "/Parameters/-", parameter)
    definition = edited(definition, edit, expression)
    if edit.startswith(CAPTURE):
        definition = edited(definition, f"{CAPTURE}/CaptureContentTypeHeader", REMOVE)
    assert check(definition) == []


def test_a_capture_that_is_off_needs_no_types() -> None:
    """Nothing is stored."""
    definition = edited(sound("deployment"), f"{CAPTURE}/CaptureContentTypeHeader", REMOVE)
    definition = edited(definition, f"{CAPTURE}/EnableCapture", False)
    used = edited(definition, "/Parameters/4", REMOVE)
    assert check(used) == []


def test_a_linear_update_has_steps_of_a_tenth_or_more() -> None:
    """Smaller steps than the service takes are found."""
    small = {**LINEAR, "LinearStepSize": {**TENTH, "Value": 5}}
    [finding] = check(edited(sound("deployment"), ROUTING, small))
    assert str(finding) == (
        f"{ROUTING}/LinearStepSize/Value D087 Step 'CreateEndpoint' moves 5 percent of the "
        "capacity at a time; expected 10 to 50."
    )


def test_every_rule_is_tried() -> None:
    """Every rule of the module has a bad document."""
    assert {case.rule for case in CASES} == rules_of(endpoints)
