"""Rules about hyperparameter tuning."""

from collections.abc import Iterator

from pipelines.checks.analysis import Analysis
from pipelines.checks.document import Located, arguments, child
from pipelines.checks.properties import training_definitions, tuning_ranges
from pipelines.checks.rules import Problem, rule
from pipelines.checks.values import known_number, known_text
from pipelines.definition import Step
from pipelines.wording import alternatives, quote

_GUIDE_URL = "https://docs.aws.amazon.com/sagemaker/latest/dg/"
_API_URL = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/"
EPOCH_NAMES = ("epochs", "n-epochs", "n_epochs", "num_epochs", "numepochs")
"""Static hyperparameters that Hyperband takes its largest resource from.

Source: Amazon SageMaker API Reference, HyperbandStrategyConfig,
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_HyperbandStrategyConfig.html
"""


def _static_names(training: Located) -> set[str]:
    static = training.dig("StaticHyperParameters").value
    return set(static) if isinstance(static, dict) else set()


def _config(step: Step) -> Located:
    return arguments(step).dig("HyperParameterTuningJobConfig")


@rule(
    "D060",
    "A metric defines the objective",
    f"{_GUIDE_URL}automatic-model-tuning-define-metrics-variables.html",
)
def defined_objective(analysis: Analysis) -> Iterator[Problem]:
    """The objective is one of the metrics that are read from the log."""
    for step in analysis.of_type("Tuning"):
        shared = _config(step).dig("HyperParameterTuningJobObjective")
        for training in training_definitions(step):
            own = training.dig("TuningObjective")
            objective = (own if own.value is not None else shared).dig("MetricName")
            path = ("AlgorithmSpecification", "MetricDefinitions")
            metrics = training.names(*path, key="Name")
            # Built-in algorithms bring their own metrics; an image of ours does not.
            is_builtin = training.dig("AlgorithmSpecification", "TrainingImage").value is None
            if (
                isinstance(objective.value, str)
                and not is_builtin
                and objective.value not in metrics
            ):
                yield Problem(
                    objective.pointer,
                    f"Step '{step.name}' tunes for '{objective.value}', which no metric "
                    f"definition reads. {alternatives(objective.value, metrics, 'Metrics')}",
                )


@rule("D061", "Ranges are not empty", f"{_API_URL}API_ContinuousParameterRange.html")
def ordered_ranges(analysis: Analysis) -> Iterator[Problem]:
    """Bounds are numbers, the smaller first, and above 0 where the scale is logarithmic."""
    for step in analysis.of_type("Tuning"):
        for item in tuning_ranges(step):
            if not {"MinValue", "MaxValue"} <= item.value.keys():
                continue
            low = known_number(analysis, step, item.dig("MinValue"))
            high = known_number(analysis, step, item.dig("MaxValue"))
            lead = f"Step '{step.name}' searches {quote(item.value.get('Name'))} from"
            if low is None or high is None:
                yield from _not_numbers(analysis, step, item, lead)
            elif low > high:
                yield Problem(
                    item.pointer, f"{lead} {low:g} to {high:g}; expected MinValue below MaxValue."
                )
            elif item.value.get("ScalingType") == "Logarithmic" and low <= 0:
                yield Problem(
                    item.pointer,
                    f"{lead} {low:g} on a logarithmic scale; expected MinValue above 0.",
                )
            elif "/IntegerParameterRanges/" in item.pointer and not (
                low.is_integer() and high.is_integer()
            ):
                yield Problem(
                    item.pointer, f"{lead} {low:g} to {high:g} as integers; expected whole numbers."
                )


def _not_numbers(analysis: Analysis, step: Step, item: Located, lead: str) -> Iterator[Problem]:
    for key in ("MinValue", "MaxValue"):
        text = known_text(analysis, step, item.dig(key))
        if text is not None and known_number(analysis, step, item.dig(key)) is None:
            yield Problem(
                child(item.pointer, key), f"{lead} {key} {quote(text)}; expected a number."
            )


@rule(
    "D062",
    "A hyperparameter is searched once, or fixed",
    f"{_API_URL}API_HyperParameterTrainingJobDefinition.html",
)
def tuned_once(analysis: Analysis) -> Iterator[Problem]:
    """No hyperparameter has two ranges, or a range and a static value."""
    for step in analysis.of_type("Tuning"):
        seen: dict[str, str] = {}
        for item in tuning_ranges(step):
            name = str(item.value.get("Name"))
            if name in seen:
                yield Problem(
                    child(item.pointer, "Name"),
                    f"Step '{step.name}' searches '{name}' twice; the first range is at "
                    f"{seen[name]}.",
                )
            seen.setdefault(name, item.pointer)
        for training in training_definitions(step):
            for name in sorted(seen.keys() & _static_names(training)):
                yield Problem(
                    child(f"{training.pointer}/StaticHyperParameters", name),
                    f"Step '{step.name}' fixes '{name}' and also searches it; keep one of the two.",
                )


@rule(
    "D063",
    "Hyperband knows its resources",
    f"{_API_URL}API_HyperbandStrategyConfig.html",
)
def hyperband(analysis: Analysis) -> Iterator[Problem]:
    """Hyperband needs a largest number of epochs, stops trials itself, and has its own settings."""
    for step in analysis.of_type("Tuning"):
        config = _config(step)
        settings = config.dig("StrategyConfig", "HyperbandStrategyConfig")
        if config.dig("Strategy").value != "Hyperband":
            if settings.value is not None:
                yield Problem(
                    settings.pointer,
                    f"Step '{step.name}' has settings for Hyperband, but its strategy is "
                    f"{quote(config.dig('Strategy').value)}.",
                )
            continue
        fixed = [_static_names(training) for training in training_definitions(step)]
        low, high = settings.dig("MinResource"), settings.dig("MaxResource")
        if high.value is None and not all(names & set(EPOCH_NAMES) for names in fixed):
            yield Problem(
                config.pointer,
                f"Step '{step.name}' uses Hyperband without MaxResource, and no static "
                "hyperparameter gives the epochs; expected MaxResource or one of "
                f"{', '.join(EPOCH_NAMES)}.",
            )
        low_value, high_value = (known_number(analysis, step, item) for item in (low, high))
        if low_value is not None and high_value is not None and low_value > high_value:
            yield Problem(
                settings.pointer,
                f"Step '{step.name}' uses Hyperband with MinResource {low_value:g} above "
                f"MaxResource {high_value:g}.",
            )
        early = config.dig("TrainingJobEarlyStoppingType")
        if early.value == "Auto":
            yield Problem(
                early.pointer,
                f"Step '{step.name}' uses Hyperband, which stops trials itself; expected "
                "TrainingJobEarlyStoppingType 'Off'.",
            )


@rule("D064", "No more trials at a time than in all", f"{_API_URL}API_ResourceLimits.html")
def parallel_trials(analysis: Analysis) -> Iterator[Problem]:
    """`MaxParallelTrainingJobs` is not above `MaxNumberOfTrainingJobs`."""
    for step in analysis.of_type("Tuning"):
        limits = _config(step).dig("ResourceLimits")
        in_all, parallel = (
            limits.dig("MaxNumberOfTrainingJobs"),
            limits.dig("MaxParallelTrainingJobs"),
        )
        most = known_number(analysis, step, in_all)
        at_a_time = known_number(analysis, step, parallel)
        if most and at_a_time and 0 < most < at_a_time:
            yield Problem(
                parallel.pointer,
                f"Step '{step.name}' runs {at_a_time:g} trials at a time and {most:g} in all; "
                "expected at most as many at a time as in all.",
            )


@rule(
    "D065",
    "Grid search has only categories",
    f"{_GUIDE_URL}automatic-model-tuning-how-it-works.html",
)
def grid_categories(analysis: Analysis) -> Iterator[Problem]:
    """A grid over numbers has no steps, so the service takes only lists of values."""
    for step in analysis.of_type("Tuning"):
        if _config(step).dig("Strategy").value != "Grid":
            continue
        numbers = [item for item in tuning_ranges(step) if "Values" not in item.value]
        if numbers:
            names = ", ".join(sorted(str(item.value.get("Name")) for item in numbers))
            yield Problem(
                numbers[0].pointer,
                f"Step '{step.name}' searches by Grid over ranges of numbers: {names}; expected "
                "only CategoricalParameterRanges.",
            )


@rule(
    "D066",
    "A tuning step defines its training jobs once",
    f"{_API_URL}API_CreateHyperParameterTuningJob.html",
)
def one_definition(analysis: Analysis) -> Iterator[Problem]:
    """One of `TrainingJobDefinition` and `TrainingJobDefinitions` is given, with ranges."""
    for step in analysis.of_type("Tuning"):
        request = arguments(step)
        given = [
            key
            for key in ("TrainingJobDefinition", "TrainingJobDefinitions")
            if request.dig(key).value is not None
        ]
        if len(given) != 1:
            yield Problem(
                request.pointer,
                f"Step '{step.name}' has {' and '.join(given) or 'no training job definition'}; "
                "expected one of TrainingJobDefinition and TrainingJobDefinitions.",
            )
        elif not tuning_ranges(step) and request.dig("Autotune").value is None:
            yield Problem(
                request.pointer,
                f"Step '{step.name}' searches no hyperparameter; expected at least one range.",
            )
