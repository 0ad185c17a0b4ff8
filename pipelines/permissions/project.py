"""What the permissions are written for: a site, its definitions, and what their models record."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from pipelines.definition import Json, Step, references
from pipelines.permissions.values import Place, Values, members, places
from steps.site import Site

REGISTER = "RegisterModel"


@dataclass(frozen=True, kw_only=True, slots=True)
class Project:
    """The pipelines that permissions are for."""

    site: Site
    pipelines: Mapping[str, Values]
    """By their names in the catalogue."""
    others: tuple[str, ...]
    """Names of the other pipelines of the project."""
    recorded_uris: tuple[str, ...]
    """S3 URIs that the project's model packages record, whichever pipeline registers them."""
    recorded_images: tuple[str, ...]
    """Container images that they name."""

    def steps(self, *types: str) -> Iterator[tuple[Step, Values]]:
        """The steps of some types, each with the values of its definition."""
        for values in self.pipelines.values():
            yield from ((step, values) for step in values.steps if step.type in types)

    @property
    def serves_packages(self) -> bool:
        """Whether models are made of model packages, whose objects and images they read."""
        return any(
            member.path[-1] == "ModelPackageName"
            for step, _ in self.steps("Model")
            for member in members(step.body["Arguments"])
        )

    def texts(self, name: str) -> list[str]:
        """What members of a name may be, in all requests; those of lists singly."""
        found: dict[str, None] = {}
        for values in self.pipelines.values():
            for step in values.steps:
                for member in members(step.body.get("Arguments", {})):
                    if member.path[-1] == name:
                        found.update(dict.fromkeys(_texts(member.value, values)))
        return sorted(found)


def _texts(value: Json, values: Values) -> Iterator[str]:
    for item in value if isinstance(value, list) else [value]:
        yield from values.texts(item)


def project(
    site: Site,
    definitions: Mapping[str, Mapping[str, Json]],
    *,
    names: Collection[str],
    parameters: Mapping[str, str],
) -> Project:
    """Prepare what permissions are written from.

    Args:
        site: Where the pipelines are deployed to.
        definitions: Definitions of all pipelines of the catalogue, by name.
        names: Those that permissions are for.
        parameters: Values of parameters in place of their defaults.
    """
    uris: dict[str, None] = {}
    images: dict[str, None] = {}
    for name, definition in definitions.items():
        values = Values(definition, parameters=parameters, pipeline_name=site.pipeline_name(name))
        for step in values.steps:
            if step.type == REGISTER:
                texts = [
                    text
                    for member in members(step.body["Arguments"])
                    # What steps made; of the rest, such as the raw data, it only tells the name.
                    if any(item.text.startswith("Steps.") for item in references(member.value))
                    for text in values.texts(member.value)
                ]
                uris.update(dict.fromkeys(text for text in texts if text.startswith("s3://")))
                images.update(dict.fromkeys(found_images(step, values)))
    return Project(
        site=site,
        pipelines={
            name: Values(
                definitions[name],
                parameters=parameters,
                pipeline_name=site.pipeline_name(name),
                recorded=uris,
            )
            for name in names
        },
        others=tuple(name for name in definitions if name not in names),
        recorded_uris=tuple(uris),
        recorded_images=tuple(images),
    )


def found_images(step: Step, values: Values) -> Iterator[str]:
    """Container images that a step's arguments name."""
    for member in members(step.body["Arguments"]):
        if member.path[-1] in {"Image", "ImageUri", "TrainingImage"}:
            yield from values.texts(member.value)


def placed(step: Step, values: Values, value: Json) -> list[Place]:
    """Where the objects are that a value of a step names."""
    return [place for text in values.texts(value) for place in places(text, step.name)]
