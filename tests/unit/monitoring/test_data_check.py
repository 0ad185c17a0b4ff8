"""Tests of the check of current data against a baseline."""

import copy
import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from monitoring.answers import Record
from monitoring.baseline import Baseline
from monitoring.data_check import CheckResult, DataCheck
from monitoring.data_constraints import suggest_data_constraints
from monitoring.data_statistics import MAX_NUMBER, Value, data_statistics
from monitoring.documents import document_text
from monitoring.status import Status

NUM_RECORDS = 200
BRIGHTNESS = [index / 256 for index in range(NUM_RECORDS)]
QUARTER = 50 / 256
"""A quarter of the range: exact in binary, like the values."""
LABELS = ["cat", "dog"] * (NUM_RECORDS // 2)


def records(**columns: Sequence[Value]) -> list[Record]:
    """Columns as records."""
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values())]  # noqa: B905


def baseline(
    overrides: Mapping[str, Mapping[str, object]] | None = None,
    config: Mapping[str, object] | None = None,
    **columns: Sequence[Value],
) -> Baseline:
    """The baseline of some columns, with other monitoring configurations where they are given."""
    statistics = data_statistics(columns)
    constraints: Any = copy.deepcopy(suggest_data_constraints(statistics))
    constraints["monitoring_config"].update(config or {})
    for feature in constraints["features"]:
        feature["monitoringConfigOverrides"] = (overrides or {}).get(feature["name"], {})
    return Baseline.of(statistics, constraints)


def check(expected: Baseline, *blocks: Sequence[Record]) -> CheckResult:
    """The result of checking blocks of records."""
    data_check = DataCheck(expected)
    for block in blocks:
        data_check.update(block)
    return data_check.result()


DISABLED = {"evaluate_constraints": "Disabled"}


def simple(**comparison: object) -> dict[str, object]:
    """A configuration that compares by the Simple method."""
    return {"distribution_constraints": {"comparison_method": "Simple", **comparison}}


def test_same_data() -> None:
    """The baseline's own data are complete, at no distance, and described as the baseline was."""
    current = records(brightness=BRIGHTNESS, label=LABELS)
    result = check(baseline(brightness=BRIGHTNESS, label=LABELS), current)
    assert result.violations == ()
    assert result.undecided == ()
    assert result.distances == {"brightness": 0.0, "label": 0.0}
    assert result.status is Status.COMPLETED
    assert result.num_records == NUM_RECORDS
    assert result.statistics == data_statistics({"brightness": BRIGHTNESS, "label": LABELS})
    assert result.document() == {"violations": []}


WHOLE = st.integers(-3, 3) | st.integers(-(10**18), 10**18)
FRACTIONS = st.floats(-1, 1) | st.sampled_from([0.0, -0.0, 0.1, 5e-324, MAX_NUMBER, -MAX_NUMBER])
KINDS = [
    WHOLE,
    FRACTIONS,
    WHOLE | FRACTIONS,
    st.floats(),  # Infinities and NaN, too, which count as missing.
    st.floats(1e-300, 1e-290) | st.floats(1e90, 1e100),
    st.sampled_from(["cat", "dog"]),
    st.text(max_size=3),
    st.just("x" * 1000),
    st.just(7),
    st.just(0.1),
    st.nothing(),
]
METHODS: list[dict[str, object]] = [
    {"comparison_method": "Robust"},
    {"comparison_method": "Simple"},
    {"categorical_drift_method": "ChiSquared"},
    {"comparison_threshold": 0.0, "categorical_comparison_threshold": 0.0},
]


@st.composite
def tables(draw: st.DrawFn) -> dict[str, list[Value]]:
    """Columns of one length, some with many ties and some with missing values."""
    num_rows = draw(st.integers(1, 60) | st.integers(1, 3))
    table = {}
    for index, kind in enumerate(draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=4))):
        is_whole = draw(st.booleans()) and not kind.is_empty
        values = kind if is_whole else st.none() | kind
        table[f"x{index}"] = draw(st.lists(values, min_size=num_rows, max_size=num_rows))
    return table


@given(
    tables(), st.sampled_from(METHODS), st.integers(1, 3), st.data(), st.lists(st.integers(0, 99))
)
@settings(max_examples=200)
def test_a_window_equal_to_the_baseline_never_violates(
    table: dict[str, list[Value]],
    method: dict[str, object],
    times: int,
    data: st.DataObject,
    cuts: list[int],
) -> None:
    """The baseline's own records violate nothing, in any order and blocks, once or several times.

    The baseline is read back from its files.
    """
    statistics = data_statistics(table)
    constraints: Any = copy.deepcopy(suggest_data_constraints(statistics))
    constraints["monitoring_config"]["distribution_constraints"] |= method
    expected = Baseline.of(
        json.loads(document_text(statistics)), json.loads(document_text(constraints))
    )
    window = np.array(data.draw(st.permutations(records(**table) * times)), dtype=object)
    result = check(expected, *(block.tolist() for block in np.split(window, sorted(cuts))))
    assert result.violations == ()
    assert set(result.distances.values()) <= {0.0}


def test_a_long_window_equal_to_the_baseline_never_violates() -> None:
    """Of more numbers than a sketch keeps the distance is not 0, and far below any threshold."""
    generator = np.random.default_rng(0)
    numbers = np.sort(generator.normal(size=60_000))
    names = [f"name {number}" for number in range(60_000)]
    expected = baseline(x=numbers.tolist(), y=names)
    result = DataCheck(expected)
    result.update_columns({"x": numbers[::-1], "y": names[::-1]}, num_records=60_000)
    found = result.result()
    assert (found.violations, found.undecided) == ((), ())
    plain = baseline(config=simple(), x=numbers.tolist())
    result = DataCheck(plain)
    result.update_columns({"x": numbers}, num_records=60_000)
    assert 0 < result.result().distances["x"] < 0.002


def test_drift_of_numbers() -> None:
    """A shift by a quarter of the range moves a quarter of a uniform distribution."""
    shifted = [number + QUARTER for number in BRIGHTNESS]
    result = check(baseline(config=simple(), x=BRIGHTNESS), records(x=shifted))
    [violation] = result.violations
    assert violation["feature_name"] == "x"
    assert violation["constraint_check_type"] == "baseline_drift_check"
    # The way in which readers of the format find the numbers.
    match = re.search("distance: (.+) exceeds threshold: (.+)", violation["description"])
    assert match is not None
    assert (float(match[1]), float(match[2])) == (0.25, 0.1)
    assert violation["description"] == "Baseline drift distance: 0.25 exceeds threshold: 0.1"
    assert result.distances == {"x": 0.25}
    assert result.status is Status.COMPLETED_WITH_VIOLATIONS


def test_robust_method_takes_chance_off() -> None:
    """With 200 values on both sides, 1.8 * sqrt(0.01) = 0.18 of a distance is chance."""
    current = records(x=[number + QUARTER for number in BRIGHTNESS])
    plain = check(baseline(config=simple(), x=BRIGHTNESS), current).distances["x"]
    result = check(baseline(x=BRIGHTNESS), current)
    assert plain == pytest.approx(0.25)
    assert result.distances["x"] == pytest.approx(0.07)
    assert result.violations == ()
    texts = check(baseline(label=LABELS), records(label=["cat", "cat", "cat", "dog"] * 50))
    assert texts.distances["label"] == pytest.approx(0.25 - 0.18)
    assert texts.violations == ()


def test_drift_of_texts() -> None:
    """The share of a label that changes from 1/2 to 3/4 is a distance of 1/4."""
    current = records(label=["cat", "cat", "cat", "dog"] * 50)
    result = check(baseline(config=simple(), label=LABELS), current)
    assert result.document() == {
        "violations": [
            {
                "feature_name": "label",
                "constraint_check_type": "baseline_drift_check",
                "description": "Baseline drift distance: 0.25 exceeds threshold: 0.1",
            }
        ]
    }


@pytest.mark.parametrize("comparison_method", ["Simple", "Robust"])
def test_drift_of_texts_by_test(comparison_method: str) -> None:
    """The test finds what p below the threshold says; reported are 1 - p and 1 - threshold."""
    chi_squared = {
        "distribution_constraints": {
            "comparison_method": comparison_method,
            "categorical_drift_method": "ChiSquared",
            "categorical_comparison_threshold": 0.25,
        }
    }
    expected = baseline(config=chi_squared, label=LABELS)
    [violation] = check(expected, records(label=["cat", "dog", "cat"] * 30)).violations
    p = stats.chi2_contingency([[100, 100], [60, 30]]).pvalue
    match = re.search("distance: (.+) exceeds threshold: (.+)", violation["description"])
    assert match is not None
    assert (float(match[1]), float(match[2])) == (pytest.approx(1 - p), 0.75)
    similar = check(expected, records(label=["cat", "dog"] * 20 + ["cat"]))
    assert (similar.violations, similar.undecided) == ((), ())
    assert check(expected, records(label=["cat"] * 3)).undecided == ("label",)


def test_repeated_numbers_count() -> None:
    """Numbers with few distinct values drift like any other."""
    expected = baseline(config=simple(), width=[224] * 90 + [640] * 10)
    result = check(expected, records(width=[224] * 10 + [640] * 90))
    assert result.distances["width"] == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        pytest.param(
            [1, 2, 3, 4.5],
            "Expected data type: Integral, Expected match: 100.0%. "
            "Observed: Only 75.0% of data is Integral.",
            id="fraction",
        ),
        pytest.param(
            [1.5, "one", "two", "three"],
            "Expected data type: Integral, Expected match: 100.0%. "
            "Observed: Only 0.0% of data is Integral.",
            id="texts",
        ),
        pytest.param(
            [1, 2, 3, -4],
            "Expected data type: non-negative Integral, Expected match: 100.0%. "
            "Observed: Only 75.0% of data is non-negative Integral.",
            id="negative",
        ),
    ],
)
def test_types(values: list[Value], reason: str) -> None:
    """Values of another type, and negative ones where none may be, break the type's constraint.

    The words are those that Model Monitor writes.
    """
    settings = {"distribution_constraints": {"perform_comparison": "Disabled"}}
    result = check(baseline(config=settings, width=[1, 2, 3, 4]), records(width=values))
    assert list(result.violations) == [
        {
            "feature_name": "width",
            "constraint_check_type": "data_type_check",
            "description": f"Data type match requirement is not met. {reason}",
        }
    ]


@pytest.mark.parametrize(
    ("expected", "current"),
    [
        pytest.param([0.5, 1.5], [1, 2], id="whole-numbers-are-numbers"),
        pytest.param([None, None], ["a", 1], id="unknown-takes-all"),
        pytest.param([-0.5, 1.5], [-1.0, 2.0], id="negative-as-before"),
    ],
)
def test_types_that_fit(expected: list[Value], current: list[Value]) -> None:
    """A whole number is as good as any number; where nothing is known anything fits."""
    result = check(baseline(x=expected), records(x=current))
    assert [item["constraint_check_type"] for item in result.violations] == []


def test_numbers_and_texts_in_one_feature() -> None:
    """The more frequent kind is described, the other one is missing from it and a violation."""
    result = check(baseline(x=BRIGHTNESS), records(x=[*BRIGHTNESS[:199], "dark"]))
    [violation] = result.violations
    assert violation["description"].endswith("Observed: Only 99.5% of data is Fractional.")
    [feature] = result.statistics["features"]
    common = feature["numerical_statistics"]["common"]
    assert (feature["inferred_type"], common) == (
        "Fractional",
        {"num_present": 199, "num_missing": 1},
    )


def test_completeness() -> None:
    """A null and a record without the field are missing values."""
    current = records(x=[*BRIGHTNESS[:198], None])
    result = check(baseline(x=BRIGHTNESS), current, [{}])
    assert list(result.violations) == [
        {
            "feature_name": "x",
            "constraint_check_type": "completeness_check",
            "description": "Value: 0.99 does not meet the constraint requirement! "
            "Expected completeness: 100.0%. Observed: 2 of 200 values are missing.",
        }
    ]


def test_feature_that_is_always_missing() -> None:
    """A feature without any value is a violation, and its distribution undecided."""
    result = check(baseline(x=BRIGHTNESS, y=LABELS), records(x=BRIGHTNESS, y=[None] * 200))
    assert [
        (item["feature_name"], item["constraint_check_type"]) for item in result.violations
    ] == [("y", "completeness_check")]
    assert result.undecided == ("y",)
    assert list(result.distances) == ["x"]


def test_domain() -> None:
    """Texts that the baseline does not know are counted, and the most frequent are named."""
    labels = ["cat"] * 96 + ["dog"] * 95 + ["owl"] * 2 + list("edcbaz") + ["x" * 50]
    current = records(label=labels)
    result = check(baseline(label=LABELS), current)
    assert list(result.violations) == [
        {
            "feature_name": "label",
            "constraint_check_type": "categorical_values_check",
            "description": "Value: 0.955 does not meet the constraint requirement! "
            "Expected in the domain: 100.0%. Observed: 9 of 200 values are not, the most "
            "frequent: 'owl', 'a', 'b', 'c', 'd'.",
        }
    ]


def test_long_texts_are_cut() -> None:
    """What is outside of the domain may be of any length, and the description is not."""
    result = check(baseline(label=LABELS), records(label=[*LABELS, "x" * 500]))
    assert f"'{'x' * 40}'." in result.violations[0]["description"]


def test_columns() -> None:
    """A feature that no record has is missing, one that the baseline lacks is extra."""
    result = check(
        baseline(a=LABELS, b=LABELS, c=LABELS), records(b=LABELS, c=LABELS, d=LABELS, e=LABELS)
    )
    counts = "Number of columns in current dataset: 4, Number of columns in baseline constraints: 3"
    assert list(result.violations) == [
        {
            "feature_name": "a",
            "constraint_check_type": "missing_column_check",
            "description": f"The column is missing in current dataset. {counts}",
        },
        {
            "feature_name": "d",
            "constraint_check_type": "extra_column_check",
            "description": f"There is an extra column in current dataset. {counts}",
        },
        {
            "feature_name": "e",
            "constraint_check_type": "extra_column_check",
            "description": f"There is an extra column in current dataset. {counts}",
        },
    ]


def test_any_number_of_extra_columns() -> None:
    """Beyond the first hundred they are not kept, in whatever order they come."""
    names = [f"extra {number:04}" for number in range(1000)]
    expected = baseline(x=BRIGHTNESS)
    current: list[Record] = [{"x": 0.5, name: "a"} for name in names]
    result = check(expected, current[500:], current[:500])
    found = [item["feature_name"] for item in result.violations]
    assert sorted(found) == [*names[:100], "x"]
    described = {feature["name"]: feature for feature in result.statistics["features"]}
    assert described.keys() == {"x", *names[:100]}
    common = {"num_present": 1, "num_missing": 999}
    assert described[names[7]]["string_statistics"]["common"] == common
    assert result.statistics == check(expected, current).statistics


@pytest.mark.parametrize("num_records", [1, 2, NUM_RECORDS])
def test_records_without_values(num_records: int) -> None:
    """Where no record has a value every expected feature is missing, however few records came."""
    result = check(baseline(a=LABELS, b=BRIGHTNESS), [{}] * num_records)
    checks = [item["constraint_check_type"] for item in result.violations]
    assert checks == ["missing_column_check"] * 2
    assert result.status is Status.COMPLETED_WITH_VIOLATIONS
    assert result.statistics["dataset"] == {"item_count": num_records}
    assert result.statistics["features"] == []


@pytest.mark.parametrize("blocks", [[], [[]]], ids=["none", "empty"])
def test_no_records(blocks: list[list[Record]]) -> None:
    """Without a record nothing is missing, everything undecided, and that is no pass."""
    result = check(baseline(overrides={"c": DISABLED}, a=LABELS, b=BRIGHTNESS, c=LABELS), *blocks)
    assert (result.violations, result.undecided) == ((), ("a", "b"))
    assert result.status is Status.INSUFFICIENT_DATA
    nothing_asked = check(baseline(config=DISABLED, a=LABELS), *blocks)
    assert (nothing_asked.undecided, nothing_asked.status) == ((), Status.INSUFFICIENT_DATA)


@pytest.mark.parametrize("config", [{}, simple()], ids=["Robust", "Simple"])
def test_too_few_values(config: dict[str, object]) -> None:
    """A few values that look unchanged, or changed by chance, are neither pass nor violation."""
    expected = baseline(config=config, x=BRIGHTNESS, y=LABELS)
    result = check(expected, records(x=BRIGHTNESS[::20], y=["cat"] * 7 + ["dog"] * 3))
    assert result.violations == ()
    assert result.undecided == ("x", "y")
    assert result.status is Status.INSUFFICIENT_DATA


@pytest.mark.parametrize(
    ("num_current", "is_undecided"), [(1, True), (22, True), (23, False)], ids=str
)
@pytest.mark.parametrize("method", ["Robust", "Simple", "ChiSquared"])
def test_smallest_sample(method: str, num_current: int, is_undecided: bool) -> None:
    """Beside 200 values, 23 are worth 20.6 on either side, and 22 are worth 19.8: too few to tell.

    Whatever they are: here all are far from the baseline.
    """
    config = {} if method == "Robust" else simple()
    if method == "ChiSquared":
        config = simple(categorical_drift_method=method)
    expected = baseline(config=config, x=BRIGHTNESS, y=LABELS)
    result = check(expected, records(x=[2.0] * num_current, y=["dog"] * num_current))
    found = [(item["feature_name"], item["constraint_check_type"]) for item in result.violations]
    if is_undecided:
        assert (found, result.undecided) == ([], ("x", "y"))
        assert result.distances == {}
        assert result.status is Status.INSUFFICIENT_DATA
    else:
        assert found == [("x", "baseline_drift_check"), ("y", "baseline_drift_check")]
        assert result.undecided == ()


@pytest.mark.parametrize(("num_current", "is_undecided"), [(22, True), (23, False)], ids=str)
def test_parts_of_a_small_sample(num_current: int, is_undecided: bool) -> None:
    """What must hold of a part of the values is undecided for as few values as a distribution is.

    Half of them are wrong here: missing, of the wrong type, or outside of the domain.
    """
    parts = {
        "datatype_check_threshold": 0.9,
        "domain_content_threshold": 0.9,
        "distribution_constraints": {"perform_comparison": "Disabled"},
    }
    expected = baseline(config=parts, x=[None, *BRIGHTNESS[1:]], y=BRIGHTNESS, z=LABELS)
    half = num_current // 2
    result = check(
        expected,
        records(
            x=[*[None] * half, *BRIGHTNESS[half:num_current]],
            y=[*["dark"] * half, *BRIGHTNESS[half:num_current]],
            z=[*["owl"] * half, *LABELS[half:num_current]],
        ),
    )
    found = [item["constraint_check_type"] for item in result.violations]
    checks = ["completeness_check", "data_type_check", "categorical_values_check"]
    assert (found, result.undecided) == ([], ("x", "y", "z")) if is_undecided else (checks, ())


def test_what_holds_of_every_value_needs_one() -> None:
    """One value that is missing, wrong or unknown is one too many where none may be."""
    expected = baseline(x=BRIGHTNESS, y=BRIGHTNESS, z=LABELS)
    result = check(expected, [{"x": None, "y": "dark", "z": "owl"}])
    assert [item["constraint_check_type"] for item in result.violations] == [
        "completeness_check",
        "data_type_check",
        "categorical_values_check",
    ]
    assert result.undecided == ("x", "y", "z")
    assert result.status is Status.COMPLETED_WITH_VIOLATIONS


def test_nothing_is_asked_of_the_values() -> None:
    """A threshold of 0 can be met with no value at all."""
    zero = {"datatype_check_threshold": 0.0, "domain_content_threshold": 0.0}
    config = {**zero, "distribution_constraints": {"perform_comparison": "Disabled"}}
    expected = baseline(config=config, x=[None] * 50)
    assert check(expected, records(x=["dark"])).status is Status.COMPLETED


def test_more_texts_than_are_listed() -> None:
    """Beside known texts, any number of others is counted as one, and some of them are named."""
    expected = baseline(config=simple(), label=LABELS)
    result = check(expected, records(label=[*LABELS, *map(str, range(20_000))]))
    outside, drift = result.violations
    assert outside["description"].startswith(
        "Value: 0.009900990099009901 does not meet the constraint requirement! "
        "Expected in the domain: 100.0%. Observed: 20000 of 20200 values are not, among them: '"
    )
    assert outside["description"].count("', '") == 4
    # Either label falls from 1/2 to 100/20200, and the others rise to what is left of one.
    assert result.distances == {"label": pytest.approx(20000 / 20200)}
    assert drift["constraint_check_type"] == "baseline_drift_check"
    [feature] = result.statistics["features"]
    texts = feature["string_statistics"]
    assert texts["distribution"]["categorical"]["buckets"] == []
    assert texts["distinct_count"] == pytest.approx(20002, rel=0.03)
    assert texts["common"] == {"num_present": 20200, "num_missing": 0}


def test_baseline_of_more_texts_than_are_listed() -> None:
    """Texts that are too many to list have neither a domain nor a distribution to compare."""
    expected = baseline(name=list(map(str, range(10_001))))
    result = check(expected, records(name=["other"] * 100))
    assert (result.violations, result.undecided, result.distances) == ((), (), {})
    assert result.status is Status.COMPLETED


def test_unknown_baseline_is_undecided() -> None:
    """Where the baseline had no value there is nothing to compare with."""
    result = check(baseline(x=[None] * 50), records(x=BRIGHTNESS))
    assert (result.undecided, result.violations) == (("x",), ())


@pytest.mark.parametrize(
    ("overrides", "found"),
    [
        pytest.param({}, ["data_type_check", "completeness_check", "baseline_drift_check"], id="-"),
        pytest.param({"evaluate_constraints": "Disabled"}, [], id="evaluation"),
        pytest.param(
            {"datatype_check_threshold": 0.5},
            ["completeness_check", "baseline_drift_check"],
            id="type",
        ),
        pytest.param(
            {"distribution_constraints": {"perform_comparison": "Disabled"}},
            ["data_type_check", "completeness_check"],
            id="comparison",
        ),
        pytest.param(
            {"distribution_constraints": {"comparison_threshold": 0.9}},
            ["data_type_check", "completeness_check"],
            id="threshold",
        ),
    ],
)
def test_overrides(overrides: dict[str, object], found: list[str]) -> None:
    """A feature's overrides decide its checks; the same data of another feature are all found."""
    bad = [*(number + 0.6 for number in BRIGHTNESS[:198]), "text", None]
    expected = baseline(overrides={"x": overrides}, x=BRIGHTNESS, y=BRIGHTNESS)
    result = check(expected, records(x=bad, y=bad))
    by_feature: dict[str, list[str]] = {"x": [], "y": []}
    for item in result.violations:
        by_feature[item["feature_name"]].append(item["constraint_check_type"])
    assert by_feature["x"] == found
    assert by_feature["y"] == ["data_type_check", "completeness_check", "baseline_drift_check"]


@pytest.mark.parametrize(("threshold", "found"), [(0.95, []), (0.96, ["categorical_values_check"])])
def test_domain_threshold(threshold: float, found: list[str]) -> None:
    """Five percent of unknown texts are a violation only where fewer are asked for."""
    expected = baseline(config={"domain_content_threshold": threshold}, label=LABELS)
    result = check(expected, records(label=[*LABELS[:190], *["owl"] * 10]))
    assert [item["constraint_check_type"] for item in result.violations] == found


def test_evaluation_is_disabled() -> None:
    """With constraints disabled for all, columns are not held against the baseline either."""
    expected = baseline(config=DISABLED, x=BRIGHTNESS, y=LABELS)
    result = check(expected, records(x=["dark"] * 10, z=LABELS[:10]))
    assert (result.violations, result.undecided) == ((), ())
    assert result.status is Status.COMPLETED


@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "x": st.floats(-2, 2) | st.none() | st.integers(-2, 2),
                "y": st.sampled_from(["cat", "dog", "owl", None]),
                "z": st.floats(-1, 1) | st.text(max_size=1),
            },
        ),
        max_size=40,
    ),
    st.lists(st.integers(0, 40), max_size=3),
    st.data(),
)
def test_neither_order_nor_blocks_matter(
    current: list[Record], cuts: list[int], data: st.DataObject
) -> None:
    """Records that arrive in blocks, in any order, are judged like those that arrive at once."""
    expected = baseline(x=BRIGHTNESS, y=LABELS)
    shuffled = np.array(data.draw(st.permutations(current)), dtype=object)
    blocks = [list(block) for block in np.split(shuffled, sorted(cuts))]
    whole, parts = check(expected, current), check(expected, *blocks)
    assert parts.violations == whole.violations
    assert parts.undecided == whole.undecided
    assert parts.distances == whole.distances
    for one, other in zip(parts.statistics["features"], whole.statistics["features"], strict=True):
        assert (one["name"], one["inferred_type"]) == (other["name"], other["inferred_type"])


def test_columns_are_judged_like_records() -> None:
    """Arrays, lists and absent columns give what the same records give."""
    expected = baseline(x=BRIGHTNESS, y=LABELS)
    numbers = [*BRIGHTNESS[:150], math.nan]
    by_column = DataCheck(expected)
    by_column.update_columns({"x": np.array(numbers), "y": LABELS[:151]}, num_records=len(numbers))
    by_column.update_columns({"y": LABELS[:50], "z": [1] * 50}, num_records=50)
    blocks = records(x=numbers, y=LABELS[:151]), records(y=LABELS[:50], z=[1] * 50)
    assert by_column.result() == check(expected, *blocks)


def test_ragged_columns() -> None:
    """A column that is too short for the block is refused, and nothing of the block counts."""
    data_check = DataCheck(baseline(x=BRIGHTNESS))
    with pytest.raises(ValueError, match=r"^A block") as caught:
        data_check.update_columns({"x": BRIGHTNESS[:2], "y": BRIGHTNESS[:3]}, num_records=3)
    assert str(caught.value) == "A block of 3 records has columns of other sizes: {'x': 2}."
    assert data_check.result().num_records == 0
