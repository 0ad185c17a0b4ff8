"""Rules about the arguments of steps, which the service turns into requests.

The truth is the service model that botocore ships: the shapes of `CreateTrainingJob` and its
siblings.
"""

from collections.abc import Iterator

from pipelines.checks.analysis import Analysis
from pipelines.checks.rules import Problem, rule
from pipelines.checks.shapes import Breach

_API_URL = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/"


@rule("D040", "Arguments exist", f"{_API_URL}API_Operations_Amazon_SageMaker_Service.html")
def known_arguments(analysis: Analysis) -> Iterator[Problem]:
    """The request has a member of every argument's name."""
    yield from map(Problem._make, analysis.violations(Breach.UNKNOWN))


@rule("D041", "Required arguments are given", f"{_API_URL}API_CreateProcessingJob.html")
def required_arguments(analysis: Analysis) -> Iterator[Problem]:
    """Everything that the request requires is there, less the names that the service makes up."""
    yield from map(Problem._make, analysis.violations(Breach.MISSING))


@rule("D042", "Arguments have the request's types", f"{_API_URL}API_Types.html")
def typed_arguments(analysis: Analysis) -> Iterator[Problem]:
    """Literals, parameters and properties have the type that the request takes."""
    yield from map(Problem._make, analysis.violations(Breach.TYPE))


@rule(
    "D043",
    "Hyperparameters, environment variables and container arguments are strings",
    "https://github.com/aws/sagemaker-python-sdk/issues/4867",
)
def strings_only(analysis: Analysis) -> Iterator[Problem]:
    """The service does not turn a number, or a parameter that is one, into a string."""
    yield from map(Problem._make, analysis.violations(Breach.TEXT))


@rule("D044", "Arguments have one of the values allowed", f"{_API_URL}API_ResourceConfig.html")
def allowed_values(analysis: Analysis) -> Iterator[Problem]:
    """Instance types, modes and the like are among the service's own; values of parameters too."""
    yield from map(Problem._make, analysis.violations(Breach.ENUM))


@rule("D045", "Arguments have the form required", f"{_API_URL}API_S3DataSource.html")
def formed_values(analysis: Analysis) -> Iterator[Problem]:
    """Names, ARNs and URIs match the service's patterns."""
    yield from map(Problem._make, analysis.violations(Breach.PATTERN))


@rule("D046", "Arguments keep the service's bounds", f"{_API_URL}API_CreateTrainingJob.html")
def bounded_values(analysis: Analysis) -> Iterator[Problem]:
    """Lengths of strings, sizes of lists and numbers keep the bounds of the request."""
    yield from map(Problem._make, analysis.violations(Breach.BOUNDS))
