"""Rules about Lambda and Fail steps, which start no job."""

import re
from collections.abc import Iterator

from pipelines.checks.analysis import Analysis
from pipelines.checks.document import PARAMETER_TYPES, ValueType, arguments, child, located
from pipelines.checks.rules import Problem, rule
from pipelines.checks.values import known_text, value_of
from pipelines.definition import is_expression
from pipelines.wording import alternatives, quote

_API_URL = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/"
_GUIDE_URL = "https://docs.aws.amazon.com/sagemaker/latest/dg/"
_FUNCTION_ARN = re.compile(r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[\w-]+(?::[\w$-]+)?")
MAX_ERROR_MESSAGE_CHARACTERS = 3072
MAX_OUTPUTS = 50


@rule("D092", "Fail steps say why", f"{_API_URL}API_FailStepMetadata.html")
def fail_message(analysis: Analysis) -> Iterator[Problem]:
    """The message is a string of limited length: it is all that a person sees of the failure."""
    for step in analysis.of_type("Fail"):
        request = arguments(step)
        for key in request.value.keys() - {"ErrorMessage"}:
            yield Problem(
                child(request.pointer, key),
                f"Fail step '{step.name}' has the unknown argument '{key}'. "
                f"{alternatives(key, ['ErrorMessage'])}",
            )
        message = request.dig("ErrorMessage")
        if "ErrorMessage" not in request.value and request.value:
            continue  # A misspelt key is reported above.
        value = value_of(analysis, step, message)
        text = known_text(analysis, step, message)
        expected = f"expected a message of 1 to {MAX_ERROR_MESSAGE_CHARACTERS} characters"
        is_string = value.type in {None, ValueType.STRING} and message.value is not None
        if not is_string or text == "":
            found = value.noun if is_expression(message.value) else quote(message.value)
            yield Problem(
                message.pointer, f"Fail step '{step.name}' has the message {found}; {expected}."
            )
        elif text is not None and len(text) > MAX_ERROR_MESSAGE_CHARACTERS:
            yield Problem(
                message.pointer,
                f"Fail step '{step.name}' has a message of {len(text)} characters; {expected}.",
            )


@rule(
    "D093",
    "Lambda steps name a function",
    f"{_GUIDE_URL}build-and-manage-steps-types.html#step-type-lambda",
)
def function_arn(analysis: Analysis) -> Iterator[Problem]:
    """`FunctionArn` is the ARN of a function, with or without a version or alias."""
    for step in analysis.of_type("Lambda"):
        arn = located(step).dig("FunctionArn")
        text = known_text(analysis, step, arn)
        if arn.value is None or (text is not None and not _FUNCTION_ARN.fullmatch(text)):
            yield Problem(
                arn.pointer,
                f"Lambda step '{step.name}' has the function {quote(arn.value)}; expected the "
                "form arn:aws:lambda:<region>:<account>:function:<name>.",
            )


@rule(
    "D094",
    "Outputs of functions are named and typed",
    f"{_API_URL}API_LambdaStepMetadata.html",
)
def lambda_outputs(analysis: Analysis) -> Iterator[Problem]:
    """A Lambda step declares at most 50 outputs, each with a name and one of the four types."""
    for step in analysis.of_type("Lambda"):
        outputs = located(step).objects("OutputParameters")
        if len(outputs) > MAX_OUTPUTS:
            yield Problem(
                child(step.pointer, "OutputParameters"),
                f"Lambda step '{step.name}' has {len(outputs)} outputs; expected at most "
                f"{MAX_OUTPUTS}.",
            )
        for output in outputs:
            name, kind = output.value.get("OutputName"), output.value.get("OutputType")
            if not isinstance(name, str) or not name:
                yield Problem(
                    child(output.pointer, "OutputName"),
                    f"An output of Lambda step '{step.name}' has the name {quote(name)}; expected "
                    "a string.",
                )
            elif kind not in PARAMETER_TYPES:
                yield Problem(
                    child(output.pointer, "OutputType"),
                    f"Output '{name}' of Lambda step '{step.name}' has the type {quote(kind)}. "
                    f"{alternatives(str(kind), PARAMETER_TYPES, 'Types')}",
                )
