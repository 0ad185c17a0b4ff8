"""Suggests data-quality constraints: what the baseline's values let one expect of later values."""

from collections.abc import Mapping, Sequence

from monitoring.data_quality import (
    Common,
    DataConstraints,
    DataStatistics,
    FeatureConstraints,
    FeatureStatistics,
    InferredType,
    MonitoringConfig,
)

# The documentation knows two defaults for the first two thresholds, 0.1 and 1.0: leave none out.
MONITORING_CONFIG: MonitoringConfig = {
    "evaluate_constraints": "Enabled",
    "emit_metrics": "Enabled",
    "datatype_check_threshold": 1.0,
    "domain_content_threshold": 1.0,
    "distribution_constraints": {
        "perform_comparison": "Enabled",
        "comparison_threshold": 0.1,
        "comparison_method": "Robust",
        "categorical_comparison_threshold": 0.1,
        "categorical_drift_method": "LInfinity",
    },
}


def suggest_data_constraints(
    statistics: DataStatistics,
    *,
    non_negative: Mapping[str, bool] | None = None,
    domains: Mapping[str, Sequence[str]] | None = None,
) -> DataConstraints:
    """Constraints that the baseline itself satisfies; what is known goes before what was seen.

    A baseline is a sample: a projection that happened to be positive may turn negative, and a
    label that was never predicted may be predicted tomorrow.

    Args:
        statistics: Statistics of the baseline.
        non_negative: Whether a negative number is a fault, by feature; else the data decide.
        domains: All texts that a feature may hold, by feature; else those that occur, unless they
            are too many to list them: then any text may occur.

    Raises:
        ValueError: The baseline does not satisfy what is known beforehand.
    """
    features = [
        _suggest(
            feature,
            is_non_negative=(non_negative or {}).get(feature["name"]),
            domain=(domains or {}).get(feature["name"]),
        )
        for feature in statistics["features"]
    ]
    return {"version": 0.0, "features": features, "monitoring_config": MONITORING_CONFIG}


def _suggest(
    feature: FeatureStatistics, *, is_non_negative: bool | None, domain: Sequence[str] | None
) -> FeatureConstraints:
    name, kind = feature["name"], feature["inferred_type"]
    if "numerical_statistics" in feature:
        numerical = feature["numerical_statistics"]
        if is_non_negative and numerical["min"] < 0:
            raise ValueError(
                f"Feature '{name}' reaches {numerical['min']} in the baseline. "
                "Expected no negative number."
            )
        if is_non_negative is None:
            is_non_negative = numerical["min"] >= 0
        return {
            "name": name,
            "inferred_type": kind,
            "completeness": _completeness(numerical["common"]),
            "num_constraints": {"is_non_negative": is_non_negative},
        }
    texts = feature["string_statistics"]
    completeness = _completeness(texts["common"])
    if kind == InferredType.UNKNOWN:
        return {"name": name, "inferred_type": kind, "completeness": completeness}
    observed = [bucket["value"] for bucket in texts["distribution"]["categorical"]["buckets"]]
    if domain is not None and (unknown := sorted(set(observed) - set(domain))):
        raise ValueError(
            f"Feature '{name}' holds values outside its domain: {', '.join(unknown[:10])}. "
            f"Domain: {', '.join(sorted(domain)[:10])}."
        )
    if domain is None and not observed:
        return {"name": name, "inferred_type": kind, "completeness": completeness}
    return {
        "name": name,
        "inferred_type": kind,
        "completeness": completeness,
        "string_constraints": {"domains": sorted(observed if domain is None else domain)},
    }


def _completeness(common: Common) -> float:
    return common["num_present"] / (common["num_present"] + common["num_missing"])
