"""Rules about references: every one leads to something that will be there."""

from collections.abc import Iterator

from pipelines.checks.analysis import Analysis
from pipelines.checks.document import Located, ValueType, expressions
from pipelines.checks.properties import Dead
from pipelines.checks.rules import Problem, rule
from pipelines.checks.values import value_of

_GUIDE_URL = "https://docs.aws.amazon.com/sagemaker/latest/dg/"
_API_URL = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/"
_SDK_URL = "https://sagemaker.readthedocs.io/en/stable/"


@rule(
    "D020",
    "References start at a parameter, a step or the execution",
    f"{_SDK_URL}workflows/pipelines/sagemaker.workflow.pipelines.html#execution-variables",
)
def known_root(analysis: Analysis) -> Iterator[Problem]:
    """Nothing else has a value, and the execution has only a few."""
    yield from map(Problem._make, analysis.dead_ends(Dead.ROOT))


@rule(
    "D021",
    "Steps that are referred to exist",
    f"{_GUIDE_URL}build-and-manage-custom-dependency.html",
)
def known_steps(analysis: Analysis) -> Iterator[Problem]:
    """Both data dependencies and `DependsOn` name steps of the definition."""
    yield from map(Problem._make, analysis.dead_ends(Dead.STEP))


@rule(
    "D022",
    "Properties that are read exist",
    f"{_GUIDE_URL}build-and-manage-properties.html",
)
def known_properties(analysis: Analysis) -> Iterator[Problem]:
    """A step's properties are those of the response that describes its job."""
    yield from map(Problem._make, analysis.dead_ends(Dead.PROPERTY))


@rule(
    "D023",
    "Outputs, inputs, channels and metrics that are read exist",
    f"{_API_URL}API_ProcessingOutput.html",
)
def known_entries(analysis: Analysis) -> Iterator[Problem]:
    """Entries of a step's properties are addressed by the names that the step gives them."""
    yield from map(Problem._make, analysis.dead_ends(Dead.NAME))


@rule(
    "D024",
    "Only steps with properties are read",
    f"{_SDK_URL}workflows/pipelines/sagemaker.workflow.pipelines.html#sagemaker.workflow.fail_step.FailStep",
)
def has_properties(analysis: Analysis) -> Iterator[Problem]:
    """Condition and Fail steps run no job and leave nothing to read."""
    yield from map(Problem._make, analysis.dead_ends(Dead.NO_PROPERTIES))


@rule(
    "D025",
    "Joined values are single values",
    f"{_SDK_URL}workflows/pipelines/sagemaker.workflow.pipelines.html#sagemaker.workflow.functions.Join",
)
def joined_scalars(analysis: Analysis) -> Iterator[Problem]:
    """`Std:Join` makes a string of strings and numbers, not of objects or lists."""
    for step in analysis.steps:
        for item in expressions(step.own, step.pointer):
            values = item.value["Std:Join"]["Values"] if "Std:Join" in item.value else []
            for index, part in enumerate(values):
                place = Located(f"{item.pointer}/Std:Join/Values/{index}", part)
                value = value_of(analysis, step, place)
                if value.type in {ValueType.LIST, ValueType.OBJECT} or part is None:
                    noun = value.type.noun if value.type else "null"
                    yield Problem(
                        place.pointer,
                        f"Step '{step.name}' joins {noun} into a string; expected a single value.",
                    )
