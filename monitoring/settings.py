"""Decides how a feature is checked: the monitoring configuration of a baseline's constraints."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self, TypeVar

from monitoring.data_constraints import MONITORING_CONFIG

_Choice = TypeVar("_Choice")

_SECTION = "distribution_constraints"
_ENABLED = {"Enabled": True, "Disabled": False}
# The documentation has both pairs of names.
_IS_ROBUST = {"Robust": True, "Simple": False, "linf_robust": True, "linf_simple": False}


class CategoricalMethod(StrEnum):
    """How distributions of texts are compared."""

    LINFINITY = "LInfinity"
    """By the largest difference of a proportion."""
    CHI_SQUARED = "ChiSquared"
    """By a test: p below the threshold is a drift."""


_CATEGORICAL_METHODS = {str(method): method for method in CategoricalMethod}


class SettingsError(ValueError):
    """A monitoring configuration holds what its key cannot have, or what is not supported."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """How one feature is checked; thresholds are fractions."""

    is_evaluated: bool
    """Whether its constraints are evaluated at all."""
    type_threshold: float
    """Smallest part of the values that must be of the expected type."""
    domain_threshold: float
    """Smallest part of the texts that must be in the domain."""
    is_compared: bool
    """Whether its distribution is compared with the baseline's."""
    is_robust: bool
    """Whether what chance explains is taken off a distance."""
    comparison_threshold: float
    """Largest distance of a distribution of numbers."""
    categorical_method: CategoricalMethod
    categorical_threshold: float
    """Largest distance of a distribution of texts; of a test the smallest p."""

    @classmethod
    def read(
        cls, config: Mapping[str, object], overrides: Mapping[str, object], *, place: str
    ) -> Self:
        """Read a `monitoring_config` with a feature's `monitoringConfigOverrides` on top.

        What both leave out is as our own baselines have it; only the threshold of texts is then
        the one of numbers, as documented.

        Args:
            config: The configuration of all features.
            overrides: Those keys, in the same shape, that have another value.
            place: What an error calls the configuration.

        Raises:
            SettingsError: A value is none that its key can have.
        """
        # The keys of the section have names of their own, so one level is enough.
        values = {**_DEFAULTS, **_flat(config, place), **_flat(overrides, place)}
        values.setdefault("categorical_comparison_threshold", values["comparison_threshold"])
        return cls(
            is_evaluated=_choice(values, "evaluate_constraints", _ENABLED, place),
            type_threshold=_fraction(values, "datatype_check_threshold", place),
            domain_threshold=_fraction(values, "domain_content_threshold", place),
            is_compared=_choice(values, "perform_comparison", _ENABLED, place),
            is_robust=_choice(values, "comparison_method", _IS_ROBUST, place),
            comparison_threshold=_fraction(values, "comparison_threshold", place),
            categorical_method=_choice(
                values, "categorical_drift_method", _CATEGORICAL_METHODS, place
            ),
            categorical_threshold=_fraction(values, "categorical_comparison_threshold", place),
        )


def _flat(config: Mapping[str, object], place: str) -> dict[str, object]:
    section = config.get(_SECTION, {})
    if not isinstance(section, Mapping):
        raise SettingsError(f"'{_SECTION}' of {place} is {section!r}; expected an object.")
    return {**config, **section}


def _choice(
    values: Mapping[str, object], key: str, choices: Mapping[str, _Choice], place: str
) -> _Choice:
    value = values[key]
    if not isinstance(value, str) or value not in choices:
        raise SettingsError(
            f"'{key}' of {place} is {value!r}; this engine knows {', '.join(choices)}."
        )
    return choices[value]


def _fraction(values: Mapping[str, object], key: str, place: str) -> float:
    value = values[key]
    # Written so that NaN, which no number exceeds, is refused too.
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise SettingsError(f"'{key}' of {place} is {value!r}; expected a number from 0 to 1.")
    return value


_DEFAULTS = _flat(MONITORING_CONFIG, "the defaults")
del _DEFAULTS["categorical_comparison_threshold"]
