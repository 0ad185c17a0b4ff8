"""Tests of pipelines.plan.difference."""

from typing import Any

import pytest

from pipelines.plan.difference import ABSENT, differences


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        pytest.param({"a": 1}, {"a": 1}, [], id="same"),
        pytest.param({"a": 1}, {"a": 2}, [("a", 1, 2)], id="changed"),
        pytest.param({}, {"a": None}, [("a", ABSENT, None)], id="null-is-a-value"),
        pytest.param({"a": 1}, {}, [("a", 1, ABSENT)], id="removed"),
        pytest.param({"a": 1}, {"a": True}, [("a", 1, True)], id="true-is-not-1"),
        pytest.param({"a": 1}, {"a": 1.0}, [("a", 1, 1.0)], id="1.0-is-not-1"),
        pytest.param({"a": {"b": [1]}}, {"a": {"b": [2]}}, [("a.b[0]", 1, 2)], id="nested"),
        pytest.param({"a.b": 1}, {"a.b": 2}, [("['a.b']", 1, 2)], id="key-with-a-dot"),
        pytest.param({"a": []}, {"a": {}}, [("a", [], {})], id="other-kind"),
        pytest.param(
            {"a": {"Get": "Parameters.X"}},
            {"a": {"Get": "Parameters.Y"}},
            [("a", {"Get": "Parameters.X"}, {"Get": "Parameters.Y"})],
            id="expression-as-a-whole",
        ),
        pytest.param(
            {"a": {"Get": "Parameters.X"}},
            {"a": {"b": 1}},
            [("a", {"Get": "Parameters.X"}, {"b": 1})],
            id="expression-for-an-object",
        ),
        pytest.param(
            ["--a", "1", "--b", "2"],
            ["--a", "1", "--c", "3", "--b", "2"],
            [("[2]", ABSENT, "--c"), ("[3]", ABSENT, "3")],
            id="inserted",
        ),
        pytest.param([1, 2, 3], [1, 3], [("[1]", 2, ABSENT)], id="taken-out"),
        pytest.param([1, 2], [1, 5, 6], [("[1]", 2, 5), ("[2]", ABSENT, 6)], id="replaced"),
        pytest.param(
            [{"InputName": "a", "x": 1}, {"InputName": "b", "x": 1}],
            [{"InputName": "c", "x": 0}, {"InputName": "a", "x": 1}, {"InputName": "b", "x": 2}],
            [("['c']", ABSENT, {"InputName": "c", "x": 0}), ("['b'].x", 1, 2)],
            id="by-name",
        ),
        pytest.param(
            [{"Name": "a"}, {"Name": "b"}],
            [{"Name": "b"}],
            [("['a']", {"Name": "a"}, ABSENT)],
            id="by-name-removed",
        ),
        pytest.param(
            [{"Name": "a"}, {"Name": "b"}],
            [{"Name": "b"}, {"Name": "a"}],
            [("", ["a", "b"], ["b", "a"])],
            id="another-order-of-names",
        ),
        pytest.param(
            [{"Name": "a", "x": 1}, {"Name": "a", "x": 2}],
            [{"Name": "a", "x": 1}, {"Name": "a", "x": 3}],
            [("[1].x", 2, 3)],
            id="names-that-tell-nothing-apart",
        ),
        pytest.param(
            [{"Name": "a"}],
            [{"Name": {"Get": "Parameters.Y"}}],
            [("[0].Name", "a", {"Get": "Parameters.Y"})],
            id="names-on-one-side",
        ),
        pytest.param(
            [{"Name": {"Get": "Parameters.X"}}],
            [{"Name": {"Get": "Parameters.Y"}}],
            [("[0].Name", {"Get": "Parameters.X"}, {"Get": "Parameters.Y"})],
            id="names-that-are-expressions",
        ),
    ],
)
def test_differences_are_named_where_they_are(
    old: Any, new: Any, found: list[tuple[str, Any, Any]]
) -> None:
    """Each place that differs is found once, with both sides."""
    actual = differences(old, new)
    assert [item.path for item in actual] == [path for path, _, _ in found]
    for item, (_, before, after) in zip(actual, found, strict=True):
        assert (item.old, item.new) == (before, after)
        assert (type(item.old), type(item.new)) == (type(before), type(after))


def test_paths_begin_where_they_are_told_to() -> None:
    """A path given is the path of both values."""
    [found] = differences({"b": 1}, {"b": 2}, "a")
    assert found.path == "a.b"
