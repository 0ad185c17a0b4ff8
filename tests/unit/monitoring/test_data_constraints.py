"""Tests of the suggested data-quality constraints."""

import pytest

from monitoring.data_constraints import suggest_data_constraints
from monitoring.data_statistics import data_statistics

STATISTICS = data_statistics(
    {
        "brightness": [0.1, 0.4, None, 0.9],
        "embedding": [-0.5, 0.5, 0.1, 0.2],
        "gap": [None, None, None, None],
        "label": ["cat", "dog", "cat", "cat"],
    }
)


def test_whole_document() -> None:
    """The data suggest type, completeness, sign and domain, and every threshold is written."""
    assert suggest_data_constraints(STATISTICS) == {
        "version": 0.0,
        "features": [
            {
                "name": "brightness",
                "inferred_type": "Fractional",
                "completeness": 0.75,
                "num_constraints": {"is_non_negative": True},
            },
            {
                "name": "embedding",
                "inferred_type": "Fractional",
                "completeness": 1.0,
                "num_constraints": {"is_non_negative": False},
            },
            {"name": "gap", "inferred_type": "Unknown", "completeness": 0.0},
            {
                "name": "label",
                "inferred_type": "String",
                "completeness": 1.0,
                "string_constraints": {"domains": ["cat", "dog"]},
            },
        ],
        "monitoring_config": {
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
        },
    }


def test_more_texts_than_are_listed() -> None:
    """Where the baseline's texts are too many to list, any text may occur, unless more is known."""
    many = data_statistics({"name": [str(number) for number in range(10_001)]})
    [feature] = suggest_data_constraints(many)["features"]
    assert feature == {"name": "name", "inferred_type": "String", "completeness": 1.0}
    [feature] = suggest_data_constraints(many, domains={"name": ["b", "a"]})["features"]
    assert feature["string_constraints"] == {"domains": ["a", "b"]}


def test_knowledge_goes_before_the_data() -> None:
    """What is known of signs and domains replaces what the sample suggests."""
    constraints = suggest_data_constraints(
        STATISTICS, non_negative={"brightness": False}, domains={"label": ["owl", "dog", "cat"]}
    )
    brightness, *_, label = constraints["features"]
    assert brightness["num_constraints"] == {"is_non_negative": False}
    assert label["string_constraints"] == {"domains": ["cat", "dog", "owl"]}


def test_negative_value_where_none_may_be() -> None:
    """A baseline that breaks what is known is refused rather than written."""
    with pytest.raises(ValueError, match=r"^Feature") as caught:
        suggest_data_constraints(STATISTICS, non_negative={"embedding": True})
    assert str(caught.value) == (
        "Feature 'embedding' reaches -0.5 in the baseline. Expected no negative number."
    )


def test_value_outside_of_the_domain() -> None:
    """A text that may not occur is named, with the domain."""
    with pytest.raises(ValueError, match=r"^Feature") as caught:
        suggest_data_constraints(STATISTICS, domains={"label": ["cat", "owl"]})
    assert str(caught.value) == (
        "Feature 'label' holds values outside its domain: dog. Domain: cat, owl."
    )
