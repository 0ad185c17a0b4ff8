"""The service's own model of its requests and responses, as botocore ships it."""

import re
from dataclasses import dataclass
from functools import cache

from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StringShape, StructureShape

from pipelines.checks.document import ValueType

__all__ = ["OPERATIONS", "ListShape", "MapShape", "Operation", "Shape", "StructureShape"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """What a step of one type calls, and what later steps may read of it."""

    create: str
    """Operation whose request the step's arguments are."""
    describe: tuple[str, ...]
    """Operations whose responses the step's properties are, merged."""
    filled: frozenset[str] = frozenset()
    """Required arguments that the service makes up when they are left out."""


OPERATIONS = {
    "Endpoint": Operation(create="CreateEndpoint", describe=("DescribeEndpoint",)),
    "EndpointConfig": Operation(
        create="CreateEndpointConfig", describe=("DescribeEndpointConfig",)
    ),
    "Model": Operation(
        create="CreateModel", describe=("DescribeModel",), filled=frozenset({"ModelName"})
    ),
    "Processing": Operation(
        create="CreateProcessingJob",
        describe=("DescribeProcessingJob",),
        filled=frozenset({"ProcessingJobName"}),
    ),
    "RegisterModel": Operation(create="CreateModelPackage", describe=("DescribeModelPackage",)),
    "Training": Operation(
        create="CreateTrainingJob",
        describe=("DescribeTrainingJob",),
        filled=frozenset({"TrainingJobName"}),
    ),
    "Transform": Operation(
        create="CreateTransformJob",
        describe=("DescribeTransformJob",),
        filled=frozenset({"TransformJobName"}),
    ),
    "Tuning": Operation(
        create="CreateHyperParameterTuningJob",
        describe=("DescribeHyperParameterTuningJob", "ListTrainingJobsForHyperParameterTuningJob"),
        filled=frozenset({"HyperParameterTuningJobName"}),
    ),
}
"""The step types whose arguments and properties are checked against the model.

Source: Amazon SageMaker AI Developer Guide, "Step properties",
https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-properties.html
"""

_VALUE_TYPES = {
    "boolean": ValueType.BOOLEAN,
    "double": ValueType.FLOAT,
    "float": ValueType.FLOAT,
    "integer": ValueType.INTEGER,
    "list": ValueType.LIST,
    "long": ValueType.INTEGER,
    "map": ValueType.OBJECT,
    "string": ValueType.STRING,
    "structure": ValueType.OBJECT,
}


def value_type(shape: Shape) -> ValueType | None:
    """Type of a shape's values; none for timestamps, which travel in several forms."""
    return _VALUE_TYPES.get(shape.type_name)


@cache
def _model() -> ServiceModel:
    return ServiceModel(Loader().load_service_model("sagemaker", "service-2"))


def shape(name: str) -> Shape:
    """A shape by its name."""
    return _model().shape_for(name)


def request_shape(operation: str) -> StructureShape:
    """Shape of an operation's request."""
    return _model().operation_model(operation).input_shape


def response_shape(operation: str) -> StructureShape:
    """Shape of an operation's response."""
    return _model().operation_model(operation).output_shape


def enum(shape: Shape) -> list[str]:
    """The values that a shape allows; empty where it allows any."""
    return list(shape.enum) if isinstance(shape, StringShape) else []


_JAVA_CLASSES = {r"\p{L}": r"\w", r"\p{N}": r"\d", r"\p{Z}": r"\s", r"\p{Alnum}": "A-Za-z0-9"}


@cache
def pattern(text: str) -> re.Pattern[str] | None:
    """The expression that a string must match as a whole; none for one that Python cannot say.

    The model's patterns are Java's. Unicode classes become Python's nearest and slightly wider
    ones, so that nothing valid is refused; classes without such a neighbour (symbols, marks,
    punctuation) are not checked.
    """
    for java, python in _JAVA_CLASSES.items():
        text = text.replace(java, python)
    # The model repeats the end of the text in two places, where it means the length:
    # `(...)*${1,256}`.
    text = re.sub(r"\$\{\d+,\d+\}$", "", text)
    try:
        return re.compile(text)
    except re.error:
        return None
