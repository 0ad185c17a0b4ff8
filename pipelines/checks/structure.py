"""Gates: the document has the shape of a definition, so that the other rules can read it."""

import re
from collections.abc import Iterator, Mapping

from pipelines.checks.analysis import Analysis
from pipelines.checks.document import Located, expressions
from pipelines.checks.rules import Problem, rule
from pipelines.checks.service import shape
from pipelines.definition import Json, is_expression, parse_path
from pipelines.wording import alternatives, quote

TOP_LEVEL = frozenset(
    {"Metadata", "MlflowConfig", "Parameters", "PipelineExperimentConfig", "Steps", "Version"}
)
VERSION = "2020-12-01"
_SCHEMA_URL = "https://aws-sagemaker-mlops.github.io/sagemaker-model-building-pipeline-definition-JSON-schema/"
_API_URL = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/"


@rule("D001", "The document has the shape of a pipeline definition", _SCHEMA_URL, is_gate=True)
def document_shape(analysis: Analysis) -> Iterator[Problem]:
    """Version, parameters and steps are there, with the types that every reader expects."""
    definition: Json = analysis.definition
    if not isinstance(definition, dict):
        yield Problem("", f"The definition is {quote(definition)}; expected an object.")
        return
    for key in definition.keys() - TOP_LEVEL:
        known = alternatives(key, TOP_LEVEL)
        yield Problem(f"/{key}", f"The definition has the unknown key '{key}'. {known}")
    version = definition.get("Version")
    if version != VERSION:
        yield Problem("/Version", f"Version is {quote(version)}; expected '{VERSION}'.")
    parameters = definition.get("Parameters", [])
    yield from _list_of_objects(Located("/Parameters", parameters), {"Name": str})
    if definition.get("Steps", []) == []:
        yield Problem("/Steps", "The definition has no steps; expected at least one.")
    yield from _step_list(Located("/Steps", definition.get("Steps", [])))


def _step_list(items: Located) -> Iterator[Problem]:
    problems = list(_list_of_objects(items, {"Name": str, "Type": str, "Arguments": dict}))
    yield from problems
    if problems:
        return
    for index, body in enumerate(items.value):
        step = Located(f"{items.pointer}/{index}", body)
        yield from _dependencies(step)
        for key in ("IfSteps", "ElseSteps"):
            if body["Type"] == "Condition" and key in body["Arguments"]:
                yield from _step_list(step.dig("Arguments", key))


def _dependencies(step: Located) -> Iterator[Problem]:
    depends_on = step.value.get("DependsOn", [])
    entries = depends_on if isinstance(depends_on, list) else [depends_on]
    for entry in entries:
        name = entry.get("Step") if isinstance(entry, dict) else entry
        if not isinstance(name, str) or not isinstance(depends_on, list):
            yield Problem(
                f"{step.pointer}/DependsOn",
                f"Step '{step.value['Name']}' depends on {quote(depends_on)}; expected a list of "
                "step names "
                'or of objects {"Step": name, "Trigger": outcome}.',
            )
            return


_WORDS = {"dict": "an object", "str": "a string"}


def _list_of_objects(items: Located, members: Mapping[str, type]) -> Iterator[Problem]:
    if not isinstance(items.value, list):
        yield Problem(items.pointer, f"Found {quote(items.value)}; expected a list.")
        return
    for index, item in enumerate(items.value):
        pointer = f"{items.pointer}/{index}"
        if not isinstance(item, dict) or is_expression(item):
            yield Problem(pointer, f"Found {quote(item)}; expected an object.")
            continue
        for key, kind in members.items():
            if key not in item and _may_lack(item, key):
                continue
            value = item.get(key)
            if not isinstance(value, kind) or is_expression(value):
                found = quote(value) if key in item else "missing"
                yield Problem(
                    f"{pointer}/{key}", f"{key} is {found}; expected {_WORDS[kind.__name__]}."
                )


def _may_lack(item: dict[str, Json], key: str) -> bool:
    return key == "Arguments" and item.get("Type") in {"Callback", "Lambda"}


@rule(
    "D002",
    "Steps and parameters have legal names",
    f"{_API_URL}API_PipelineExecutionStep.html",
    is_gate=True,
)
def legal_names(analysis: Analysis) -> Iterator[Problem]:
    """Names are letters, digits, `-` and `_`, of limited length."""
    parameters = [Located(item.pointer, item.name) for item in analysis.parameters]
    steps = [Located(step.pointer, step.name) for step in analysis.steps]
    groups = (
        ("Parameter", "PipelineParameterName", parameters),
        ("Step", "StepName", steps),
    )
    for noun, shape_name, items in groups:
        limits = shape(shape_name).metadata
        for item in items:
            is_legal = re.fullmatch(limits["pattern"], item.value) and item.value
            if not is_legal or len(item.value) > limits["max"]:
                yield Problem(
                    f"{item.pointer}/Name",
                    f"{noun} name {quote(item.value)} is not legal; expected letters, digits, '-' "
                    f"and '_', 1 to {limits['max']} characters.",
                )


@rule(
    "D003",
    "Expressions are well formed",
    "https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-data-dependency.html",
    is_gate=True,
)
def expression_syntax(analysis: Analysis) -> Iterator[Problem]:
    """`Get` holds a path, `Std:Join` values, `Std:JsonGet` a property file and a path."""
    for item in expressions(analysis.definition, ""):
        ((kind, body),) = item.value.items()
        if kind == "Get":
            expected = None if _is_path(body) else "a path such as Parameters.<name>"
        elif kind == "Std:Join":
            expected = None if _is_join(body) else 'an object {"On": separator, "Values": list}'
        else:
            expected = (
                None
                if _is_json_get(body)
                else 'an object {"PropertyFile": {"Get": path}, "Path": path}'
            )
        if expected is not None:
            yield Problem(
                item.pointer, f"Expression '{kind}' holds {quote(body)}; expected {expected}."
            )


def _is_path(body: Json) -> bool:
    if not isinstance(body, str) or not body:
        return False
    try:
        parse_path(body)
    except ValueError:
        return False
    return True


def _is_join(body: Json) -> bool:
    if not isinstance(body, dict) or body.keys() - {"On", "Values"}:
        return False
    values = body.get("Values")
    return isinstance(values, list) and isinstance(body.get("On", ""), str)


def _is_json_get(body: Json) -> bool:
    if not isinstance(body, dict) or "Path" not in body:
        return False
    file = body.get("PropertyFile")
    is_file = isinstance(file, dict) and file.keys() == {"Get"}
    return is_file != ("S3Uri" in body)
