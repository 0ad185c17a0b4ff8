"""Reads a pipeline definition (the JSON): its steps, the references between them and their order.

A reference is an object `{"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}`; the other
expressions are `{"Std:Join": ...}` and `{"Std:JsonGet": ...}`. Nothing here, nor in what reads a
definition, imports the SDK.

DefinitionError   the checks found something; nothing is done with the definition
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

Json: TypeAlias = Any
"""A value that `json.loads` gives."""


class DefinitionError(Exception):
    """Definitions have mistakes, and nothing is done with them."""

    def __init__(self, mistakes: Mapping[str, Sequence[str]]) -> None:
        """Say what is wrong.

        Args:
            mistakes: Of each pipeline that has some, what was found.
        """
        self.mistakes = mistakes
        names = ", ".join(f"'{name}'" for name in mistakes)
        title = f"Pipeline {names} has" if len(mistakes) == 1 else f"Pipelines {names} have"
        lines = [f"{name}:{text}" for name, texts in mistakes.items() for text in texts]
        super().__init__("\n".join([f"{title} mistakes; nothing was done.", *lines]))


_SEGMENT = re.compile(
    r"""(?:^|\.)(?P<name>[A-Za-z0-9_-]+) | \[(?P<index>[0-9]+)\] | \['(?P<key>[^']*)'\]""", re.X
)


def parse_path(text: str) -> tuple[str | int, ...]:
    """Split the path of a reference.

    `Steps.Tune.Jobs[0].Tuned['rate']` is `("Steps", "Tune", "Jobs", 0, "Tuned", "rate")`.

    Raises:
        ValueError: The text is not a path.
    """
    segments: list[str | int] = []
    position = 0
    while position < len(text) or not segments:
        match = _SEGMENT.match(text, position)
        if match is None:
            raise ValueError(
                f"'{text}' is not a path of a reference at character {position}; "
                "expected names joined by '.', [0] or ['key'], "
                "for example Steps.Train.ModelArtifacts.S3ModelArtifacts."
            )
        index = match["index"]
        segments.append(int(index) if index is not None else match["name"] or match["key"] or "")
        position = match.end()
    return tuple(segments)


@dataclass(frozen=True, slots=True)
class Reference:
    """A `Get` expression: where it stands in the document and what it names."""

    pointer: str
    """JSON pointer of the expression, for example `/Steps/1/Arguments/RoleArn`."""
    text: str
    """The path as written, for example `Parameters.Epochs`."""

    @property
    def segments(self) -> tuple[str | int, ...]:
        """The parsed path."""
        return parse_path(self.text)


def is_expression(value: Json) -> bool:
    """Whether a JSON value is an expression that the service resolves, and not a literal."""
    return (
        isinstance(value, dict)
        and len(value) == 1
        and next(iter(value)) in {"Get", "Std:Join", "Std:JsonGet"}
    )


def references(value: Json, pointer: str = "") -> Iterator[Reference]:
    """Every reference inside a JSON value, in document order, also inside other expressions."""
    if isinstance(value, dict):
        if is_expression(value) and isinstance(value.get("Get"), str):
            yield Reference(pointer, value["Get"])
            return
        for key, item in value.items():
            yield from references(item, f"{pointer}/{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from references(item, f"{pointer}/{index}")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a definition."""

    pointer: str
    """JSON pointer of the step, for example `/Steps/5/Arguments/IfSteps/0`."""
    body: Mapping[str, Json]
    """The step as written."""
    branch: tuple[str, bool] | None
    """The innermost condition whose branch holds this step, and whether that is its true branch."""

    @property
    def name(self) -> str:
        """Name of the step, unique in the definition."""
        return str(self.body["Name"])

    @property
    def type(self) -> str:
        """Step type, for example `Processing`."""
        return str(self.body["Type"])

    @property
    def own(self) -> Mapping[str, Json]:
        """The step's body less the steps inside its branches."""
        if self.type != "Condition":
            return self.body
        arguments = {
            k: v for k, v in self.body["Arguments"].items() if k not in {"IfSteps", "ElseSteps"}
        }
        return {**self.body, "Arguments": arguments}


def steps(definition: Mapping[str, Json]) -> list[Step]:
    """Every step in document order, those inside condition branches after their condition."""
    return list(_walk(definition["Steps"], "/Steps", None))


def _walk(bodies: Json, pointer: str, branch: tuple[str, bool] | None) -> Iterator[Step]:
    for index, body in enumerate(bodies):
        step = Step(f"{pointer}/{index}", body, branch)
        yield step
        if step.type == "Condition":
            for key, taken in (("IfSteps", True), ("ElseSteps", False)):
                yield from _walk(
                    body["Arguments"].get(key, []),
                    f"{step.pointer}/Arguments/{key}",
                    (step.name, taken),
                )


def dependencies(step: Step) -> set[str]:
    """Names of the steps that `step` waits for: by reference, by DependsOn and as its condition."""
    names = {
        str(reference.segments[1])
        for reference in references(step.own)
        if reference.text.startswith("Steps.")
    }
    for entry in step.body.get("DependsOn", []):
        names.add(entry["Step"] if isinstance(entry, dict) else entry)
    if step.branch is not None:
        names.add(step.branch[0])
    return names - {step.name}


COMPLETED = "Completed"
"""Trigger of a plain dependency: the other step succeeded."""
TRIGGERS = (COMPLETED, "Failed", "Stopped", "Any")
"""Outcomes of a step that another one may wait for."""


def triggers(step: Step) -> dict[str, str]:
    """The outcome of each step that `step` waits for, by that step's name.

    A condition and a reference need success.

    Source: sagemaker-mlops, `workflow/step_dependency.py`.
    """
    found = dict.fromkeys(dependencies(step), COMPLETED)
    for entry in step.body.get("DependsOn", []):
        if isinstance(entry, dict):
            found[entry["Step"]] = entry.get("Trigger", COMPLETED)
    return found


def load(text: str) -> dict[str, Json]:
    """Parse a definition.

    Raises:
        ValueError: The text is not a JSON object with a list `Steps`.
    """
    try:
        definition = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"The definition is not JSON: {error}.") from error
    if not isinstance(definition, dict) or not isinstance(definition.get("Steps"), list):
        raise ValueError(  # noqa: TRY004 - the text is wrong, and not its type
            "The definition is not a pipeline definition: expected an object with a list 'Steps'."
        )
    return definition
