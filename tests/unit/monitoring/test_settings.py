"""Tests of the monitoring configuration."""

import math
from collections.abc import Mapping

import pytest

from monitoring.settings import CategoricalMethod, Settings, SettingsError

DEFAULTS = Settings(
    is_evaluated=True,
    type_threshold=1.0,
    domain_threshold=1.0,
    is_compared=True,
    is_robust=True,
    comparison_threshold=0.1,
    categorical_method=CategoricalMethod.LINFINITY,
    categorical_threshold=0.1,
)


def test_what_is_left_out() -> None:
    """An empty configuration is as strict as our own baselines are."""
    assert Settings.read({}, {}, place="here") == DEFAULTS


def test_every_key_counts() -> None:
    """Each key of the documented configuration decides its setting."""
    config = {
        "evaluate_constraints": "Disabled",
        "emit_metrics": "Enabled",
        "datatype_check_threshold": 0.9,
        "domain_content_threshold": 0.8,
        "distribution_constraints": {
            "perform_comparison": "Disabled",
            "comparison_threshold": 0.3,
            "comparison_method": "Simple",
            "categorical_comparison_threshold": 0.4,
            "categorical_drift_method": "ChiSquared",
        },
    }
    assert Settings.read(config, {}, place="here") == Settings(
        is_evaluated=False,
        type_threshold=0.9,
        domain_threshold=0.8,
        is_compared=False,
        is_robust=False,
        comparison_threshold=0.3,
        categorical_method=CategoricalMethod.CHI_SQUARED,
        categorical_threshold=0.4,
    )


def test_threshold_of_texts_is_that_of_numbers() -> None:
    """Without a threshold of its own, a comparison of texts uses the one of numbers."""
    config = {"distribution_constraints": {"comparison_threshold": 0.3}}
    assert Settings.read(config, {}, place="here").categorical_threshold == 0.3


def test_overrides_go_before_the_configuration() -> None:
    """A feature's overrides change what they name, on either level, and nothing else."""
    config = {
        "datatype_check_threshold": 0.9,
        "distribution_constraints": {"comparison_threshold": 0.3, "comparison_method": "Simple"},
    }
    overrides = {
        "evaluate_constraints": "Disabled",
        "distribution_constraints": {"comparison_threshold": 0.5},
    }
    settings = Settings.read(config, overrides, place="here")
    assert (settings.is_evaluated, settings.type_threshold) == (False, 0.9)
    assert (settings.comparison_threshold, settings.is_robust) == (0.5, False)


@pytest.mark.parametrize(
    ("method", "is_robust"),
    [("Robust", True), ("linf_robust", True), ("Simple", False), ("linf_simple", False)],
)
def test_both_names_of_a_method(method: str, is_robust: bool) -> None:
    """The documentation calls each method by two names."""
    config = {"distribution_constraints": {"comparison_method": method}}
    assert Settings.read(config, {}, place="here").is_robust is is_robust


@pytest.mark.parametrize(
    ("config", "message"),
    [
        pytest.param(
            {"evaluate_constraints": "enabled"},
            "'evaluate_constraints' of here is 'enabled'; this engine knows Enabled, Disabled.",
            id="misspelled",
        ),
        pytest.param(
            {"evaluate_constraints": []},
            "'evaluate_constraints' of here is []; this engine knows Enabled, Disabled.",
            id="list",
        ),
        pytest.param(
            {"datatype_check_threshold": 90},
            "'datatype_check_threshold' of here is 90; expected a number from 0 to 1.",
            id="percent",
        ),
        pytest.param(
            {"domain_content_threshold": True},
            "'domain_content_threshold' of here is True; expected a number from 0 to 1.",
            id="truth-value",
        ),
        pytest.param(
            {"distribution_constraints": {"comparison_threshold": math.nan}},
            "'comparison_threshold' of here is nan; expected a number from 0 to 1.",
            id="nan",
        ),
        pytest.param(
            {"distribution_constraints": {"categorical_comparison_threshold": "0.1"}},
            "'categorical_comparison_threshold' of here is '0.1'; expected a number from 0 to 1.",
            id="text",
        ),
        pytest.param(
            {"distribution_constraints": {"categorical_drift_method": "KolmogorovSmirnov"}},
            "'categorical_drift_method' of here is 'KolmogorovSmirnov'; this engine knows "
            "LInfinity, ChiSquared.",
            id="unsupported",
        ),
        pytest.param(
            {"distribution_constraints": "Disabled"},
            "'distribution_constraints' of here is 'Disabled'; expected an object.",
            id="no-object",
        ),
    ],
)
def test_what_a_key_cannot_have(config: Mapping[str, object], message: str) -> None:
    """A value that would be misunderstood, or weaken a check unseen, is refused."""
    for layers in ((config, {}), ({}, config)):
        with pytest.raises(SettingsError) as caught:
            Settings.read(*layers, place="here")
        assert str(caught.value) == message
