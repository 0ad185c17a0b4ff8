"""Rules about endpoints and their configurations."""

from collections.abc import Iterator

from pipelines.checks import service
from pipelines.checks.analysis import Analysis
from pipelines.checks.document import Located, arguments
from pipelines.checks.rules import Problem, rule
from pipelines.checks.values import known_number, known_text, value_of
from pipelines.definition import Json, Step, is_expression, references
from pipelines.wording import quote

_API_URL = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/"
_EXECUTION_ID = "Execution.PipelineExecutionId"
_EXECUTION_ID_CHARACTERS = 12
_PERCENT_BOUNDS = {"CanarySize": (1, 50), "LinearStepSize": (10, 50)}
_MODES_WITH_ANSWERS = {"InputAndOutput", "Output"}
_SIZE_OF_TYPE = {"CANARY": "CanarySize", "LINEAR": "LinearStepSize"}


@rule(
    "D084",
    "Endpoint configurations have a name of their execution's",
    f"{_API_URL}API_CreateEndpointConfig.html",
)
def name_of_the_execution(analysis: Analysis) -> Iterator[Problem]:
    """A configuration cannot be changed or made twice, so the second execution would fail."""
    for step in analysis.of_type("EndpointConfig"):
        name = arguments(step).dig("EndpointConfigName")
        if name.value is not None and not _may_differ(analysis, name):
            yield Problem(
                name.pointer,
                f"Step '{step.name}' gives its configuration the same name in every execution; "
                f"expected a name with {_EXECUTION_ID}.",
            )


def _may_differ(analysis: Analysis, name: Located) -> bool:
    """Whether a string can differ between two executions that are started alike."""
    for reference in references(name.value):
        root, key = reference.segments[0], str(reference.segments[-1])
        if root == "Steps" or reference.text == _EXECUTION_ID:
            return True
        parameter = analysis.parameters_by_name.get(key)
        if root == "Parameters" and (parameter is None or not parameter.values):
            return True  # It is undeclared, which is reported, or must be passed at each start.
    return False


@rule(
    "D085",
    "Names of endpoint configurations have room for the execution's id",
    f"{_API_URL}API_CreateEndpointConfig.html#sagemaker-CreateEndpointConfig-request-EndpointConfigName",
)
def room_for_the_id(analysis: Analysis) -> Iterator[Problem]:
    """An endpoint's name may be legal, and yet too long to go before the id of an execution."""
    most = service.shape("EndpointConfigName").metadata["max"]
    for step in analysis.of_type("EndpointConfig"):
        name = arguments(step).dig("EndpointConfigName")
        if known_text(analysis, step, name) is not None:
            continue  # Compared with the shape of the request.
        length = _known_length(analysis, step, name)
        if length > most:
            yield Problem(
                name.pointer,
                f"Step '{step.name}' gives its configuration a name of {length} or more "
                f"characters, {_EXECUTION_ID_CHARACTERS} of them the execution's id; expected at "
                f"most {most}.",
            )


def _known_length(analysis: Analysis, step: Step, item: Located) -> int:
    """Characters that a string has at least."""
    if item.value == {"Get": _EXECUTION_ID}:
        return _EXECUTION_ID_CHARACTERS
    if is_expression(item.value) and "Std:Join" in item.value:
        join: Json = item.value["Std:Join"]
        parts = [
            _known_length(analysis, step, Located(f"{item.pointer}/Std:Join/Values/{index}", part))
            for index, part in enumerate(join["Values"])
        ]
        return sum(parts) + len(join.get("On", "")) * (len(parts) - 1)
    return len(known_text(analysis, step, item) or "")


@rule(
    "D086",
    "Captured answers can be read",
    f"{_API_URL}API_CaptureContentTypeHeader.html",
)
def readable_capture(analysis: Analysis) -> Iterator[Problem]:
    """Answers of a type that is in neither list are stored in base64."""
    for step in analysis.of_type("EndpointConfig"):
        capture = arguments(step).dig("DataCaptureConfig")
        header = capture.dig("CaptureContentTypeHeader")
        modes = {
            known.value
            for option in capture.objects("CaptureOptions")
            for known in value_of(analysis, step, option.dig("CaptureMode")).known
        }
        is_off = capture.dig("EnableCapture").value is False
        if modes & _MODES_WITH_ANSWERS and header.value in (None, {}) and not is_off:
            yield Problem(
                capture.pointer,
                f"Step '{step.name}' captures answers without CaptureContentTypeHeader, so that "
                "they are stored in base64; expected their types in JsonContentTypes or "
                "CsvContentTypes.",
            )


@rule(
    "D087",
    "Updates move traffic in steps of their type",
    f"{_API_URL}API_TrafficRoutingConfig.html",
)
def traffic_steps(analysis: Analysis) -> Iterator[Problem]:
    """A canary has a size, a linear update a step size, of at most half of the capacity."""
    for step in analysis.of_type("Endpoint"):
        config = arguments(step).dig("DeploymentConfig")
        rolling = config.dig("RollingUpdatePolicy")
        if rolling.value is not None and config.dig("BlueGreenUpdatePolicy").value is not None:
            yield Problem(
                rolling.pointer,
                f"Step '{step.name}' has a RollingUpdatePolicy and a BlueGreenUpdatePolicy; "
                "expected one.",
            )
        routing = _routing(step)
        kind = known_text(analysis, step, routing.dig("Type"))
        for name, bounds in _PERCENT_BOUNDS.items():
            size = routing.dig(name)
            is_needed = kind is not None and _SIZE_OF_TYPE.get(kind) == name
            if size.value is None and is_needed:
                yield Problem(
                    routing.pointer, f"Step '{step.name}' moves traffic by {kind} without {name}."
                )
            elif size.value is not None and kind is not None and not is_needed:
                yield Problem(
                    size.pointer,
                    f"Step '{step.name}' moves traffic by {quote(kind)}, which takes no {name}.",
                )
            elif size.dig("Type").value == "CAPACITY_PERCENT":
                yield from _percent(analysis, step, size.dig("Value"), bounds)


def _percent(
    analysis: Analysis, step: Step, value: Located, bounds: tuple[int, int]
) -> Iterator[Problem]:
    low, high = bounds
    percent = known_number(analysis, step, value)
    # What is below 1 does not fit the shape of the request.
    if percent is not None and percent >= 1 and not low <= percent <= high:
        yield Problem(
            value.pointer,
            f"Step '{step.name}' moves {percent:g} percent of the capacity at a time; expected "
            f"{low} to {high}.",
        )


def _routing(step: Step) -> Located:
    policy = arguments(step).dig("DeploymentConfig", "BlueGreenUpdatePolicy")
    return policy.dig("TrafficRoutingConfiguration")


@rule("D088", "Updates have time for their waits", f"{_API_URL}API_BlueGreenUpdatePolicy.html")
def time_for_waits(analysis: Analysis) -> Iterator[Problem]:
    """The longest time that an update may take is more than what it waits."""
    for step in analysis.of_type("Endpoint"):
        policy = arguments(step).dig("DeploymentConfig", "BlueGreenUpdatePolicy")
        limit = policy.dig("MaximumExecutionTimeoutInSeconds")
        seconds = known_number(analysis, step, limit)
        waits = (
            _routing(step).dig("WaitIntervalInSeconds"),
            policy.dig("TerminationWaitInSeconds"),
        )
        waited = sum(known_number(analysis, step, wait) or 0 for wait in waits)
        if seconds is not None and seconds <= waited:
            yield Problem(
                limit.pointer,
                f"Step '{step.name}' may take {seconds:g} s and waits {waited:g} s of them; "
                "expected MaximumExecutionTimeoutInSeconds above the sum of its waits.",
            )


@rule(
    "D089",
    "Alarms have time to go off",
    "https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-configuration.html",
)
def time_for_alarms(analysis: Analysis) -> Iterator[Problem]:
    """Alarms turn an update back only while it waits."""
    for step in analysis.of_type("Endpoint"):
        alarms = arguments(step).dig("DeploymentConfig", "AutoRollbackConfiguration", "Alarms")
        wait = _routing(step).dig("WaitIntervalInSeconds")
        if alarms.value and known_number(analysis, step, wait) == 0:
            yield Problem(
                wait.pointer,
                f"Step '{step.name}' has alarms that turn an update back, and waits 0 s for them; "
                "expected a WaitIntervalInSeconds in which they can go off.",
            )
