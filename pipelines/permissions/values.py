"""What the expressions of a definition stand for before it runs: texts with `*` for the unknown.

The value of a parameter is its default, unless another is chosen. What a function answers is one of
the places that its event names, or that a registered model package records.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from pipelines.definition import Json, Reference, Step, is_expression, steps
from pipelines.permissions.patterns import ANYTHING
from steps.errors import DeclarationError

_DIGEST = re.compile(r"[0-9a-f]{64}")
"""Of a bundle, in a key of S3: each change of the code has another."""


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Place:
    """A bucket and what of it."""

    bucket: str
    key: str
    """A key, or a pattern of keys."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an object in a step's arguments."""

    path: tuple[str, ...]
    """Names from the arguments to the member, without the positions in lists."""
    value: Json


def members(value: Json, path: tuple[str, ...] = ()) -> Iterator[Member]:
    """Every member inside a JSON value, less what is inside of expressions."""
    if is_expression(value):
        return
    if isinstance(value, dict):
        for key, item in value.items():
            yield Member((*path, key), item)
            yield from members(item, (*path, key))
    elif isinstance(value, list):
        for item in value:
            yield from members(item, path)


class Values:
    """The values of one definition."""

    def __init__(
        self,
        definition: Mapping[str, Json],
        *,
        parameters: Mapping[str, str],
        pipeline_name: str = ANYTHING,
        recorded: Collection[str] = (),
    ) -> None:
        """Prepare to look values up.

        Args:
            definition: The parsed definition.
            parameters: Values of parameters in place of their defaults.
            pipeline_name: Name under which the pipeline is deployed, where that is known.
            recorded: S3 URIs that registered model packages record.
        """
        self.steps = steps(definition)
        self._steps_by_name = {step.name: step for step in self.steps}
        self._declared = {item["Name"]: item for item in definition.get("Parameters", [])}
        self._chosen = parameters
        self._pipeline_name = pipeline_name
        self._recorded = tuple(recorded)

    def texts(self, value: Json) -> list[str]:
        """The texts that a value may be, each with `*` for what only an execution knows.

        Raises:
            DeclarationError: A parameter has no default, and no value was chosen.
        """
        if isinstance(value, str):
            return [value]
        if not is_expression(value):
            return [ANYTHING] if isinstance(value, dict | list) else [str(value)]
        if "Get" in value:
            return self._reference(Reference("", value["Get"]).segments)
        if "Std:Join" in value:
            body = value["Std:Join"]
            parts = [self.texts(part) for part in body["Values"]]
            return [str(body.get("On", "")).join(choice) for choice in product(*parts)]
        return [ANYTHING]

    def _reference(self, segments: Sequence[str | int]) -> list[str]:
        kind, name, *path = segments
        if kind == "Parameters":
            return [self._parameter(str(name))]
        if (kind, name) == ("Execution", "PipelineName"):
            return [self._pipeline_name]
        if kind != "Steps":
            return [ANYTHING]
        step = self._steps_by_name[str(name)]
        if step.type == "Lambda":
            return self._answers(step)
        if path == ["ModelArtifacts", "S3ModelArtifacts"]:
            folders = self.texts(step.body["Arguments"]["OutputDataConfig"]["S3OutputPath"])
            return [f"{folder}/{ANYTHING}/output/model.tar.gz" for folder in folders]
        found = _dig(step.body["Arguments"], path)
        return [ANYTHING] if found is None else self.texts(found)

    def _parameter(self, name: str) -> str:
        if name in self._chosen:
            return self._chosen[name]
        if "DefaultValue" not in self._declared[name]:
            raise DeclarationError(
                f"Parameter '{name}' has no default, so that what it names is not known; choose a "
                f"value with -p {name}=VALUE."
            )
        return str(self._declared[name]["DefaultValue"])

    def _answers(self, step: Step) -> list[str]:
        """What a function may answer that is a place: those of its event and those recorded."""
        own = [
            text
            for member in members(step.body["Arguments"])
            if not isinstance(member.value, dict | list) or is_expression(member.value)
            for text in self.texts(member.value)
            if text.startswith("s3://")
        ]
        return [*own, *self._recorded]


def _dig(value: Json, path: Sequence[str | int]) -> Json:
    """The argument that a property repeats; None where the property is none of the arguments."""
    for part in path:
        if isinstance(value, list):
            named = (item for item in value if part in item.values())
            value = next(named, None)
        elif isinstance(value, dict):
            value = value.get(part)
        else:
            return None
    return value


def places(uri: str, step: str) -> list[Place]:
    """Where the objects of an S3 URI are, which may name an object or a folder.

    A folder begins where the key is known; a digest of code is not known, so that a policy outlasts
    the code.

    Args:
        uri: The URI, with `*` for what is not known.
        step: Name of the step that reads or writes there, for a message.

    Raises:
        DeclarationError: The bucket, or all of the key, is only known to an execution.
    """
    bucket, _, key = _DIGEST.sub(ANYTHING, uri).removeprefix("s3://").partition("/")
    folder, is_cut, _ = key.partition(ANYTHING)
    folder = folder[: folder.rfind("/") + 1] if is_cut else folder
    if not uri.startswith("s3://") or ANYTHING in bucket or not folder:
        raise DeclarationError(
            f"Step '{step}' reads or writes at '{uri}', where only an execution knows what * is; "
            "a policy can name an S3 URI with a known bucket and first folder."
        )
    if folder.endswith("/"):
        return [Place(bucket=bucket, key=f"{folder}*")]
    return [Place(bucket=bucket, key=folder), Place(bucket=bucket, key=f"{folder}/*")]
