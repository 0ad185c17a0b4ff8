"""Reads a data-quality baseline: what its files let one expect of features and embeddings."""

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
from monitoring.embedding_drift import EmbeddingBaseline, EmbeddingDocument
from monitoring.settings import Settings, SettingsError
from monitoring.sketch import weighted

EMBEDDING_FILE = "embedding.json"
"""Beside the statistics; baselines of Model Monitor, and old ones, lack it."""


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
    """The baseline's texts and how often each one occurs; empty where there are too many."""

    @property
    def known_texts(self) -> frozenset[str]:
        """The texts that the baseline names."""
        return frozenset(self.texts).union(self.domain or ())

    @property
    def is_numeric(self) -> bool:
        """Whether numbers are expected."""
        return self.kind in {InferredType.INTEGRAL, InferredType.FRACTIONAL}


@dataclass(frozen=True, kw_only=True, slots=True)
class Baseline:
    """Expectations of all features."""

    features: Mapping[str, Expectation]
    """By the feature's name, in alphabetical order."""
    num_records: int
    """Size of the baseline."""
    settings: Settings
    """How features that the baseline does not know are checked."""
    embedding: EmbeddingBaseline | None = None
    """What is expected of embeddings; None where the baseline says nothing about them."""

    @classmethod
    def load(cls, statistics_path: Path, constraints_path: Path) -> Self:
        """Read `statistics.json` and `constraints.json`, whoever wrote them.

        And `embedding.json`, where it is beside the statistics.

        Raises:
            BaselineError: A file is missing, is not as documented, or does not fit the other.
        """
        statistics = cast(DataStatistics, read_document(statistics_path))
        constraints = cast(DataConstraints, read_document(constraints_path))
        embedding_path = statistics_path.with_name(EMBEDDING_FILE)
        embedding = None
        if embedding_path.is_file():
            embedding = cast(EmbeddingDocument, read_document(embedding_path))
        try:
            return cls.of(statistics, constraints, embedding)
        except BaselineError as error:
            place = statistics_path.parent
            raise BaselineError(f"The baseline in {place} cannot be used: {error}") from error

    @classmethod
    def of(
        cls,
        statistics: DataStatistics,
        constraints: DataConstraints,
        embedding: EmbeddingDocument | None = None,
    ) -> Self:
        """Expectations from the content of the files.

        Raises:
            BaselineError: They are not as documented, or do not fit each other.
        """
        place = "the monitoring configuration"
        try:
            config = cast(Mapping[str, object], constraints["monitoring_config"])
            settings = Settings.read(config, {}, place=place)
            num_records = int(statistics["dataset"]["item_count"])
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
        return cls(
            features=features,
            num_records=num_records,
            settings=settings,
            embedding=_embedding(embedding),
        )


def _embedding(document: EmbeddingDocument | None) -> EmbeddingBaseline | None:
    if document is None:
        return None
    try:
        return EmbeddingBaseline.of(document)
    except (KeyError, TypeError, ValueError) as error:
        raise BaselineError(f"its '{EMBEDDING_FILE}' is not as documented ({error!r}).") from error


def read_document(path: Path) -> object:
    """Content of a JSON file of a baseline.

    Raises:
        BaselineError: It is missing or no JSON.
    """
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
