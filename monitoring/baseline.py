"""Reads a data-quality baseline: what its two files let one expect of each feature."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, Self, cast

import numpy as np
from numpy.typing import NDArray

from monitoring.data_quality import (
    DataConstraints,
    DataStatistics,
    FeatureConstraints,
    FeatureStatistics,
    InferredType,
)
from monitoring.settings import Settings, SettingsError
from monitoring.sketch import weighted


class BaselineError(ValueError):
    """The files are no baseline that data can be checked against."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Expectation:
    """What current values of one feature are held against."""

    kind: InferredType
    completeness: float
    """Smallest fraction of the values that must be present."""
    is_non_negative: bool
    domain: frozenset[str] | None
    """The texts that may occur; None where any may."""
    settings: Settings
    numbers: tuple[NDArray[np.float64], NDArray[np.int64]]
    """The baseline's numbers in ascending order and what each one stands for, both shape (M,)."""
    texts: Mapping[str, int]
    """The baseline's texts and how often each one occurs."""

    @property
    def is_numeric(self) -> bool:
        """Whether numbers are expected."""
        return self.kind in {InferredType.INTEGRAL, InferredType.FRACTIONAL}


@dataclass(frozen=True, kw_only=True, slots=True)
class Baseline:
    """Expectations of all features."""

    features: Mapping[str, Expectation]
    """By the feature's name, in alphabetical order."""
    settings: Settings
    """How features that the baseline does not know are checked."""

    @classmethod
    def load(cls, statistics_path: Path, constraints_path: Path) -> Self:
        """Read `statistics.json` and `constraints.json`, whoever wrote them.

        Raises:
            BaselineError: A file is missing, is not as documented, or does not fit the other.
        """
        statistics = cast(DataStatistics, _read(statistics_path))
        constraints = cast(DataConstraints, _read(constraints_path))
        try:
            return cls.of(statistics, constraints)
        except BaselineError as error:
            place = statistics_path.parent
            raise BaselineError(f"The baseline in {place} cannot be used: {error}") from error

    @classmethod
    def of(cls, statistics: DataStatistics, constraints: DataConstraints) -> Self:
        """Expectations from the content of the two files.

        Raises:
            BaselineError: They are not as documented, or do not fit each other.
        """
        place = "the monitoring configuration"
        try:
            config = cast(Mapping[str, object], constraints["monitoring_config"])
            settings = Settings.read(config, {}, place=place)
            known = {feature["name"]: feature for feature in statistics["features"]}
            constrained = {feature["name"]: feature for feature in constraints["features"]}
        except SettingsError as error:
            raise BaselineError(str(error)) from error
        except (KeyError, TypeError, AttributeError) as error:
            raise BaselineError(f"its files lack what they must have ({error!r}).") from error
        features = {}
        for name in sorted(constrained):
            if name not in known:
                raise BaselineError(
                    f"its constraints name the feature '{name}', which its statistics lack."
                )
            features[name] = _expectation(constrained[name], known[name], config)
        return cls(features=features, settings=settings)


def _read(path: Path) -> object:
    if not path.is_file():
        raise BaselineError(f"The baseline in {path.parent} has no '{path.name}'.")
    try:
        return json.loads(path.read_bytes(), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise BaselineError(f"The baseline's {path} is not JSON: {error}.") from error


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"it holds {name}")


def _expectation(
    constraints: FeatureConstraints, statistics: FeatureStatistics, config: Mapping[str, object]
) -> Expectation:
    name = constraints["name"]
    try:
        kind = InferredType(constraints["inferred_type"])
        numbers: tuple[NDArray[np.float64], NDArray[np.int64]]
        numbers = np.empty(0), np.empty(0, dtype=np.int64)
        texts: dict[str, int] = {}
        if kind in {InferredType.INTEGRAL, InferredType.FRACTIONAL}:
            sketch = statistics["numerical_statistics"]["distribution"]["kll"]["sketch"]
            numbers = weighted([np.array(level, dtype=np.float64) for level in sketch["data"]])
        elif kind is InferredType.STRING:
            distribution = statistics["string_statistics"]["distribution"]["categorical"]
            texts = {bucket["value"]: int(bucket["count"]) for bucket in distribution["buckets"]}
        domain = constraints.get("string_constraints", {}).get("domains")
        return Expectation(
            kind=kind,
            completeness=float(constraints["completeness"]),
            is_non_negative=constraints.get("num_constraints", {}).get("is_non_negative", False),
            domain=None if domain is None else frozenset(domain),
            settings=Settings.read(
                config,
                constraints.get("monitoringConfigOverrides", {}),
                place=f"the monitoring configuration of feature '{name}'",
            ),
            numbers=numbers,
            texts=texts,
        )
    except SettingsError as error:
        raise BaselineError(str(error)) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BaselineError(
            f"its entries of feature '{name}' are not as documented ({error!r})."
        ) from error
