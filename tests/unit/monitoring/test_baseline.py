"""Tests of reading a data-quality baseline."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from monitoring.baseline import Baseline, BaselineError
from monitoring.data_constraints import suggest_data_constraints
from monitoring.data_statistics import data_statistics
from monitoring.documents import document_text

STATISTICS = data_statistics(
    {
        "brightness": [0.4, 0.1, None, 0.4],
        "gap": [None, None, None, None],
        "label": ["cat", "dog", "cat", "cat"],
        "width": [3, 4, 4, 4],
    }
)
CONSTRAINTS = suggest_data_constraints(STATISTICS, domains={"label": ["cat", "dog", "owl"]})

Change = Callable[[Any, Any], object]


def test_expectations() -> None:
    """Each feature's type, completeness, sign, domain and distribution come from the files."""
    baseline = Baseline.of(STATISTICS, CONSTRAINTS)
    assert list(baseline.features) == ["brightness", "gap", "label", "width"]
    brightness, gap, label, width = baseline.features.values()
    assert [feature.kind for feature in baseline.features.values()] == [
        "Fractional", "Unknown", "String", "Integral",
    ]  # fmt: skip
    assert [feature.is_numeric for feature in baseline.features.values()] == [
        True, False, False, True,
    ]  # fmt: skip
    assert [feature.completeness for feature in baseline.features.values()] == [0.75, 0.0, 1, 1]
    assert (brightness.is_non_negative, label.is_non_negative) == (True, False)
    assert label.domain == {"cat", "dog", "owl"}
    assert (gap.domain, width.domain) == (None, None)
    assert label.texts == {"cat": 3, "dog": 1}
    values, weights = brightness.numbers
    assert (values.tolist(), weights.tolist()) == ([0.1, 0.4, 0.4], [1, 1, 1])
    assert gap.numbers[0].size == label.numbers[0].size == 0


def test_heavier_levels_of_a_sketch() -> None:
    """A number on level h of the sketch stands for 2^h numbers."""
    statistics: Any = copy.deepcopy(STATISTICS)
    sketch = statistics["features"][0]["numerical_statistics"]["distribution"]["kll"]["sketch"]
    sketch["data"] = [[0.5], [0.7, 0.1], [0.2]]
    values, weights = Baseline.of(statistics, CONSTRAINTS).features["brightness"].numbers
    assert values.tolist() == [0.1, 0.2, 0.5, 0.7]
    assert weights.tolist() == [2, 4, 1, 2]


def test_overrides_belong_to_their_feature() -> None:
    """What one feature overrides changes its settings alone."""
    constraints: Any = copy.deepcopy(CONSTRAINTS)
    constraints["features"][0]["monitoringConfigOverrides"] = {"datatype_check_threshold": 0.5}
    baseline = Baseline.of(STATISTICS, constraints)
    thresholds = [feature.settings.type_threshold for feature in baseline.features.values()]
    assert thresholds == [0.5, 1.0, 1.0, 1.0]
    assert baseline.settings.type_threshold == 1.0


def test_files_read_back(tmp_path: Path) -> None:
    """The files that are written at evaluation give what is in memory there."""
    statistics, constraints = tmp_path / "statistics.json", tmp_path / "constraints.json"
    statistics.write_text(document_text(STATISTICS))
    constraints.write_text(document_text(CONSTRAINTS))
    features = Baseline.load(statistics, constraints).features
    for name, expected in Baseline.of(STATISTICS, CONSTRAINTS).features.items():
        assert features[name].texts == expected.texts
        assert features[name].numbers[0].tolist() == expected.numbers[0].tolist()
        assert features[name].settings == expected.settings


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(
            lambda _, constraints: constraints.pop("monitoring_config"),
            "its files lack what they must have (KeyError('monitoring_config')).",
            id="no-configuration",
        ),
        pytest.param(
            lambda statistics, _: statistics["features"].pop(0),
            "its constraints name the feature 'brightness', which its statistics lack.",
            id="no-statistics",
        ),
        pytest.param(
            lambda _, constraints: constraints["features"][0].pop("completeness"),
            "its entries of feature 'brightness' are not as documented (KeyError('completeness')).",
            id="no-completeness",
        ),
        pytest.param(
            lambda _, constraints: constraints["features"][2].update(inferred_type="Fractional"),
            "its entries of feature 'label' are not as documented "
            "(KeyError('numerical_statistics')).",
            id="another-type",
        ),
        pytest.param(
            lambda _, constraints: constraints["features"][2].update(inferred_type="Text"),
            "its entries of feature 'label' are not as documented "
            "(ValueError(\"'Text' is not a valid InferredType\")).",
            id="unknown-type",
        ),
        pytest.param(
            lambda _, constraints: constraints["monitoring_config"].update(
                datatype_check_threshold=2
            ),
            "'datatype_check_threshold' of the monitoring configuration is 2; expected a number "
            "from 0 to 1.",
            id="configuration",
        ),
        pytest.param(
            lambda _, constraints: constraints["features"][2].update(
                monitoringConfigOverrides={"distribution_constraints": {"comparison_method": "KS"}}
            ),
            "'comparison_method' of the monitoring configuration of feature 'label' is 'KS'; this "
            "engine knows Robust, Simple, linf_robust, linf_simple.",
            id="overrides",
        ),
    ],
)
def test_files_that_do_not_fit(change: Change, message: str, tmp_path: Path) -> None:
    """A baseline that would check less than it seems to is refused, in memory and from files."""
    statistics, constraints = copy.deepcopy(STATISTICS), copy.deepcopy(CONSTRAINTS)
    change(statistics, constraints)
    with pytest.raises(BaselineError) as caught:
        Baseline.of(statistics, constraints)
    assert str(caught.value) == message
    (tmp_path / "statistics.json").write_text(json.dumps(statistics))
    (tmp_path / "constraints.json").write_text(json.dumps(constraints))
    with pytest.raises(BaselineError) as caught:
        Baseline.load(tmp_path / "statistics.json", tmp_path / "constraints.json")
    assert str(caught.value) == f"The baseline in {tmp_path} cannot be used: {message}"


def test_missing_file(tmp_path: Path) -> None:
    """A baseline without one of its files is named."""
    (tmp_path / "statistics.json").write_text("{}")
    with pytest.raises(BaselineError) as caught:
        Baseline.load(tmp_path / "statistics.json", tmp_path / "constraints.json")
    assert str(caught.value) == f"The baseline in {tmp_path} has no 'constraints.json'."


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ('{"a": NaN}', "it holds NaN"),
    ],
    ids=["cut-off", "nan"],
)
def test_file_that_is_not_json(text: str, reason: str, tmp_path: Path) -> None:
    """A damaged file is named with the reason."""
    path = tmp_path / "statistics.json"
    path.write_text(text)
    with pytest.raises(BaselineError) as caught:
        Baseline.load(path, path)
    assert str(caught.value) == f"The baseline's {path} is not JSON: {reason}."
