"""Rules about the declarations of parameters."""

from collections.abc import Iterator

from pipelines.checks.analysis import Analysis
from pipelines.checks.document import PARAMETER_TYPES
from pipelines.checks.properties import Dead
from pipelines.checks.rules import Problem, rule
from pipelines.wording import alternatives, nearest, quote

_GUIDE_URL = "https://docs.aws.amazon.com/sagemaker/latest/dg/"
_SDK_URL = "https://sagemaker.readthedocs.io/en/stable/"


@rule(
    "D010",
    "Every parameter that is used is declared",
    f"{_GUIDE_URL}build-and-manage-parameters.html",
)
def declared(analysis: Analysis) -> Iterator[Problem]:
    """References to parameters lead to declared ones."""
    for pointer, message in analysis.dead_ends(Dead.PARAMETER):
        yield Problem(pointer, message)


@rule(
    "D011",
    "Every parameter that is declared is used",
    f"{_SDK_URL}amazon_sagemaker_model_building_pipeline.html#pipeline-parameters",
)
def used(analysis: Analysis) -> Iterator[Problem]:
    """A parameter that nothing reads promises an effect that it does not have."""
    roots = [use.reference.segments for use in analysis.uses]
    names = {str(path[1]) for path in roots if path[0] == "Parameters" and len(path) > 1}
    known = analysis.parameters_by_name
    # A misspelt reference is reported where it stands.
    meant = {nearest(name, known) for name in names - known.keys()}
    for parameter in known.values():
        if parameter.name not in names | meant:
            yield Problem(
                parameter.pointer,
                f"Parameter '{parameter.name}' is declared, but nothing refers to it; use it or "
                "remove it.",
            )


@rule(
    "D012",
    "Parameter names are unique",
    "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Parameter.html",
)
def unique(analysis: Analysis) -> Iterator[Problem]:
    """No two parameters share a name."""
    for parameter in analysis.parameters:
        first = analysis.parameters_by_name[parameter.name]
        if parameter is not first:
            yield Problem(
                f"{parameter.pointer}/Name",
                f"Parameter '{parameter.name}' is declared twice; the first one is at "
                f"{first.pointer}.",
            )


@rule(
    "D013",
    "Parameters have one of the four types",
    f"{_SDK_URL}workflows/pipelines/sagemaker.workflow.pipelines.html#parameters",
)
def known_type(analysis: Analysis) -> Iterator[Problem]:
    """Parameters are strings, integers, floats or booleans."""
    for parameter in analysis.parameters:
        if parameter.type is None:
            given = parameter.body.get("Type")
            yield Problem(
                f"{parameter.pointer}/Type",
                f"Parameter '{parameter.name}' has the type {quote(given)}. "
                f"{alternatives(str(given), PARAMETER_TYPES, 'Types')}",
            )


@rule(
    "D014",
    "Defaults and listed values have the parameter's type",
    f"{_SDK_URL}workflows/pipelines/sagemaker.workflow.pipelines.html#sagemaker.workflow.parameters.Parameter",
)
def typed_values(analysis: Analysis) -> Iterator[Problem]:
    """A default of another type fails every execution that does not set the parameter."""
    for parameter in analysis.parameters:
        if parameter.type is None:
            continue
        values = [("EnumValues", value) for value in parameter.enum_values]
        if parameter.body.get("DefaultValue") is not None:
            values.append(("DefaultValue", parameter.body["DefaultValue"]))
        for key, value in values:
            if not parameter.accepts(value):
                yield Problem(
                    f"{parameter.pointer}/{key}",
                    f"Parameter '{parameter.name}' expects {parameter.type.noun}, got "
                    f"{quote(value)}.",
                )


@rule(
    "D015",
    "A default is one of the listed values",
    f"{_SDK_URL}workflows/pipelines/sagemaker.workflow.pipelines.html#sagemaker.workflow.parameters.ParameterString",
)
def listed_default(analysis: Analysis) -> Iterator[Problem]:
    """Where values are listed, the default is among them."""
    for parameter in analysis.parameters:
        default = parameter.body.get("DefaultValue")
        listed = parameter.enum_values
        is_comparable = default is not None and all(map(parameter.accepts, [default, *listed]))
        if listed and is_comparable and default not in listed:
            known = alternatives(str(default), map(str, listed), "Listed")
            yield Problem(
                f"{parameter.pointer}/DefaultValue",
                f"Parameter '{parameter.name}' defaults to {quote(default)}, which is not among "
                f"its EnumValues. {known}",
            )
