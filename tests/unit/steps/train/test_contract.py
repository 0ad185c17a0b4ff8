"""Hyperparameters and the metric line."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.contract import ARCHITECTURES
from steps.train.contract import Hyperparameters, Metric, metric_line, metric_pattern

bounds = Hyperparameters.BOUNDS


def numbers(name: str) -> st.SearchStrategy[float]:
    """Allowed values of a hyperparameter that is no whole number."""
    return st.floats(*bounds[name])


def counts(name: str) -> st.SearchStrategy[int]:
    """Allowed values of a whole number."""
    low, high = bounds[name]
    return st.integers(int(low), int(high))


hyperparameters = st.builds(
    Hyperparameters,
    architecture=st.sampled_from(ARCHITECTURES),
    horizontal_flip=st.booleans(),
    **{name: counts(name) for name in ("batch_size", "epochs", "patience", "seed")},
    **{
        name: numbers(name)
        for name in ("dropout", "label_smoothing", "learning_rate", "weight_decay")
    },
)


@given(hyperparameters)
def test_hyperparameters_survive_the_request(values: Hyperparameters) -> None:
    """Strings of the request, options of the script, hyperparameters: the same as before."""
    strings = values.to_strings()
    assert all(isinstance(text, str) for text in strings.values())
    argv = [part for name, text in sorted(strings.items()) for part in (f"--{name}", text)]
    assert Hyperparameters.parse(argv) == values


def test_defaults_need_no_option() -> None:
    """A job without hyperparameters trains with the defaults."""
    assert Hyperparameters.parse([]) == Hyperparameters()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "architecture",
            "vgg",
            "Hyperparameter 'architecture' is 'vgg'. Known: small_cnn, convnext_tiny, "
            "efficientnet_b0, mobilenet_v3_small, resnet18, resnet50.",
        ),
        ("batch_size", 1, "Hyperparameter 'batch_size' is 1; expected 2 to 4096."),
        ("dropout", 0.95, "Hyperparameter 'dropout' is 0.95; expected 0 to 0.9."),
        ("epochs", 0, "Hyperparameter 'epochs' is 0; expected 1 to 1000."),
        ("learning_rate", math.nan, "Hyperparameter 'learning_rate' is nan; expected 1e-06 to 1."),
    ],
)
def test_values_out_of_bounds_are_refused(name: str, value: object, message: str) -> None:
    """A value that cannot be meant is an error that gives the bounds."""
    with pytest.raises(ValueError, match=name) as caught:
        Hyperparameters(**{name: value})  # type: ignore[arg-type]
    assert str(caught.value) == message


@pytest.mark.parametrize("text", ["yes", "1", ""])
def test_only_true_and_false_are_booleans(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Any other text for a flag ends the job instead of meaning true."""
    with pytest.raises(SystemExit):
        Hyperparameters.parse(["--horizontal_flip", text])
    assert f"expected True or False, got {text!r}" in capsys.readouterr().err


@given(
    st.fixed_dictionaries(
        {metric: st.floats(-1e12, 1e12, allow_subnormal=False) for metric in Metric}
    )
)
def test_each_metric_is_found_in_the_metric_line(values: dict[Metric, float]) -> None:
    """The pattern of a metric finds its value, and nothing else, to eight digits."""
    line = metric_line(values)
    for metric in Metric:
        found = re.findall(metric_pattern(metric), line)
        assert [float(text) for text in found] == [pytest.approx(values[metric], rel=1e-7)]


def test_a_missing_metric_is_an_error() -> None:
    """A line without one of the metrics would be a gap in every chart."""
    with pytest.raises(KeyError):
        metric_line({Metric.EPOCH: 1})
