"""Tests of actual labels: writing, reading and joining them."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring import ground_truth
from monitoring.captured import CapturedReader
from monitoring.ground_truth import GroundTruthWriter, Merge, MergedBlock, read_labels
from pipelines.local.serving.capture import Body, CaptureRule, CaptureWriter, Exchange
from pipelines.local.store import LocalStore

NINE = datetime(2026, 11, 21, 9, tzinfo=UTC)
DOCUMENTED = (
    b'{"groundTruthData":{"data":"cat","encoding":"CSV"},'
    b'"eventMetadata":{"eventId":"order-17"},"eventVersion":"0"}\n'
)


def label(record_id: object, data: object = "cat", encoding: str = "CSV") -> bytes:
    """A line of ground truth."""
    record = {
        "groundTruthData": {"data": data, "encoding": encoding},
        "eventMetadata": {"eventId": record_id},
        "eventVersion": "0",
    }
    return json.dumps(record).encode() + b"\n"


def record(
    event_id: str, inference_id: str | None = None, data: str = '{"predicted_label": "cat"}'
) -> bytes:
    """A captured line."""
    ids = {"eventId": event_id, **({"inferenceId": inference_id} if inference_id else {})}
    document = {
        "captureData": {
            "endpointOutput": {
                "observedContentType": "application/json",
                "mode": "OUTPUT",
                "data": data,
                "encoding": "JSON",
            }
        },
        "eventMetadata": {**ids, "inferenceTime": "2026-11-21T09:00:01Z"},
        "eventVersion": "0",
    }
    return json.dumps(document).encode() + b"\n"


def write(directory: Path, files: Mapping[str, Iterable[bytes]]) -> list[Path]:
    """Write files of lines."""
    paths = []
    for name, lines in files.items():
        paths.append(directory / name)
        paths[-1].parent.mkdir(parents=True, exist_ok=True)
        paths[-1].write_bytes(b"".join(lines))
    return paths


def merge(captured: Iterable[Path], truth: Iterable[Path]) -> tuple[Merge, list[MergedBlock]]:
    """Join the files."""
    result = Merge(labels=read_labels(truth))
    return result, [result.update(block) for block in CapturedReader().read(captured)]


def test_the_documented_record(tmp_path: Path) -> None:
    """What is written is the service's record, in the UTC hour of the collection."""
    half_past = datetime(2026, 11, 21, 10, 30, 5, tzinfo=timezone(timedelta(hours=1)))
    with GroundTruthWriter(tmp_path) as writer:
        writer.add("order-17", "cat", half_past)
        assert not list(tmp_path.rglob("*.jsonl"))
    [path] = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert path.parent == tmp_path / "2026/11/21/09"
    assert path.suffix == ".jsonl"
    assert path.read_bytes() == DOCUMENTED
    assert read_labels([path]).by_id == {"order-17": "cat"}


LABELS = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=8
).filter(str.strip)


@given(st.dictionaries(st.integers(0, 99).map(str), LABELS), st.integers(1, 5))
def test_labels_read_back(
    tmp_path_factory: pytest.TempPathFactory, labels: dict[str, str], file_size: int
) -> None:
    """Labels of any letters, with commas and quotes, come back from files of any size."""
    directory = tmp_path_factory.mktemp("truth")
    with pytest.MonkeyPatch.context() as patch, GroundTruthWriter(directory) as writer:
        patch.setattr(ground_truth, "MAX_LABELS_PER_FILE", file_size)
        for name, text in labels.items():
            writer.add(name, text, NINE + timedelta(minutes=int(name)))
    read = read_labels(directory.rglob("*.jsonl"))
    assert read.by_id == labels
    assert not read.damage.counts
    assert all(
        len(path.read_bytes().splitlines()) <= file_size for path in directory.rglob("*.jsonl")
    )


@pytest.mark.parametrize(
    ("inference_id", "text", "time", "message"),
    [
        ("", "cat", NINE, "Id '' of a label is no printable text."),
        ("a\n", "cat", NINE, "Id 'a\\n' of a label is no printable text."),
        ("a", " ", NINE, "Label ' ' of 'a' is not one line of at most 256 characters."),
        (
            "a", "cat\ndog", NINE,
            "Label 'cat\\ndog' of 'a' is not one line of at most 256 characters.",
        ),
        ("a", "\ud800", NINE, "Label '\\ud800' of 'a' is not one line of at most 256 characters."),
        (
            "a", 257 * "x", NINE,
            f"Label '{256 * 'x'}' of 'a' is not one line of at most 256 characters.",
        ),
        (
            "a", "cat", NINE.replace(tzinfo=None),
            "Time 2026-11-21 09:00:00 of a label has no zone; expected UTC.",
        ),
    ],
    ids=["no-id", "id", "blank", "lines", "half-character", "long", "no-zone"],
)  # fmt: skip
def test_labels_that_cannot_be_written(
    tmp_path: Path, inference_id: str, text: str, time: datetime, message: str
) -> None:
    """What could not be read back is refused, and leaves no file."""
    with GroundTruthWriter(tmp_path) as writer:
        with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is compared
            writer.add(inference_id, text, time)
        assert str(caught.value) == message
    assert not list(tmp_path.iterdir())


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No part of a file is left, and the labels are kept for another attempt."""

    def fail(*_: object, **__: object) -> None:
        raise OSError("disk full")

    writer = GroundTruthWriter(tmp_path)
    writer.add("a", "cat", NINE)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", fail)
        with pytest.raises(OSError, match="disk full"):
            writer.close()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    writer.close()
    assert read_labels(tmp_path.rglob("*.jsonl")).by_id == {"a": "cat"}


def test_of_different_labels_the_latest_counts(tmp_path: Path) -> None:
    """Hours of the folders decide, then names of files, then lines; repetition changes nothing."""
    paths = write(
        tmp_path,
        {
            "2026/11/21/09/b.jsonl": [label("late", "cat"), label("x", "cat"), label("x", "dog")],
            "2026/11/20/23/c.jsonl": [label("late", "dog"), label("same", "cat")],
            "2026/11/21/09/a.jsonl": [label("late", "bird"), label("same", "cat")],
            "elsewhere/z.jsonl": [label("late", "fish")],
        },
    )
    read = read_labels([*paths, *paths])
    assert read.by_id == {"late": "cat", "same": "cat", "x": "dog"}
    assert (read.num_repeated, read.num_conflicting) == (5, 2)


@pytest.mark.parametrize(
    ("end", "late"),
    [
        pytest.param(NINE, {"news", "x"}, id="at-the-hour"),
        pytest.param(NINE + timedelta(seconds=1), {"x"}, id="within-the-hour"),
        pytest.param(NINE.astimezone(timezone(timedelta(hours=5))), {"news", "x"}, id="zone"),
        pytest.param(NINE + timedelta(hours=2), set(), id="later"),
        pytest.param(None, set(), id="no-window"),
    ],
)
def test_late_labels(tmp_path: Path, end: datetime | None, late: set[str]) -> None:
    """Late is what is first known in an hour that begins at the window's end or later."""
    paths = write(
        tmp_path,
        {
            "2026/11/21/08/a.jsonl": [label("known"), label("news")],
            "2026/11/21/09/a.jsonl": [label("known"), label("news", "dog")],
            "2026/11/21/10/a.jsonl": [label("news", "dog"), label("x")],
            "elsewhere/a.jsonl": [label("y")],
        },
    )
    assert read_labels(paths, end=end).late == late


@pytest.mark.parametrize(
    ("line", "reason", "detail"),
    [
        pytest.param(label("a")[:40] + b"\n", "the line is not JSON", "", id="cut"),
        pytest.param(b"\xff\n", "the line is no UTF-8 text", "", id="binary"),
        pytest.param(b"{}\n", "the line is no record of the expected form",
                     "it needs 'eventVersion', 'eventMetadata' and 'groundTruthData'", id="empty"),
        pytest.param(label(None), "the line is no record of the expected form",
                     "'eventId' is missing", id="no-id"),
        pytest.param(label("a", encoding="JSON"), "the encoding is unknown or does not fit",
                     "'JSON'", id="encoding"),
        pytest.param(label("a", 7), "the label cannot be read", "it is no text", id="number"),
        pytest.param(label("a", ""), "the label cannot be read", "'' is not one label", id="blank"),
        pytest.param(label("a", 257 * "x"), "the label cannot be read",
                     f"'{199 * 'x'}", id="long"),
        pytest.param(label("a", "cat,dog"), "the label cannot be read",
                     "'cat,dog' is not one label", id="two"),
        pytest.param(label("a", "cat\ndog"), "the label cannot be read",
                     "'cat\\ndog' is not one label", id="lines"),
        pytest.param(label("a", '"cat'), "the label cannot be read", "it is no CSV text",
                     id="quote"),
    ],
)  # fmt: skip
def test_damage_is_counted_listed_and_survived(
    tmp_path: Path, line: bytes, reason: str, detail: str
) -> None:
    """A spoiled line costs nothing but itself."""
    [path] = write(tmp_path, {"a.jsonl": [label("x"), b"\n", line, label("y", "dog")]})
    read = read_labels([path])
    assert read.by_id == {"x": "cat", "y": "dog"}
    place = {"file": str(path), "line": 3, "detail": detail}
    assert read.damage.to_document() == [{"reason": reason, "count": 1, "places": [place]}]


def test_everything_that_can_happen_to_a_row(tmp_path: Path) -> None:
    """Rows are joined by inference id, else event id; whatever has no counterpart is counted."""
    captured = write(
        tmp_path,
        {
            "captured.jsonl": [
                record("e1", "order-1"),
                record("e2"),
                record("e3", "order-3"),  # Its label names the event, which is not its id.
                record("e4", "order-1", '{"predicted_label": "dog"}'),  # The caller tried again.
                record("e5", "order-5", '{"x": 1.5}'),
                record("e6", "order-6", '{"predicted_label": 7}'),
                record("e7", "many", '{"predicted_label": "cat"}\n{"predicted_label": "dog"}'),
            ]
        },
    )
    truth = write(
        tmp_path / "truth",
        {
            "2026/11/21/09/a.jsonl": [label(name) for name in ("order-1", "e2", "e3", "order-5")],
            "2026/11/23/00/a.jsonl": [label("order-6"), label("many#1", "bird"), label("many")],
        },
    )
    merged, blocks = merge(captured, truth)
    pairs = [pair for block in blocks for pair in block.pairs()]
    assert sorted((actual, predicted) for _, actual, predicted in pairs) == [
        ("bird", "dog"), ("cat", "cat"), ("cat", "cat"), ("cat", "dog"),
    ]  # fmt: skip
    assert {time for time, _, _ in pairs} == {NINE + timedelta(seconds=1)}
    assert merged.num_pairs == 4
    assert merged.num_rows == 8
    assert (merged.num_unlabelled, merged.unlabelled) == (2, ["many#0", "order-3"])
    assert (merged.num_unmatched, merged.unmatched()) == (2, ["e3", "many"])
    assert merged.num_unanswered == 2
    assert merged.num_shared == 1


def test_merged_records(tmp_path: Path) -> None:
    """A merged record is the captured one and its label; of several answers it holds its own."""
    single = record("e1", "order-1")
    double = record("e2", None, '{"predicted_label": "cat"}\n{"predicted_label": "dog"}\n')
    captured = write(
        tmp_path, {"captured.jsonl": [single, double, record("e3"), record("e4", "x", "{}\n{}")]}
    )
    truth = write(
        tmp_path, {"t.jsonl": [label("order-1", "dog"), label("e2#1", '"a,b"'), label("x#0")]}
    )
    _, blocks = merge(captured, truth)
    lines = [json.loads(line) for block in blocks for line in block.lines()]
    by_event = {line["eventMetadata"]["eventId"]: line for line in lines}
    assert by_event["e1"] == {
        **json.loads(single),
        "groundTruthData": {"data": "dog", "encoding": "CSV"},
    }
    assert list(by_event["e1"]) == [
        "eventVersion", "groundTruthData", "captureData", "eventMetadata",
    ]  # fmt: skip
    assert by_event["e2#1"] == {
        "eventVersion": "0",
        "groundTruthData": {"data": '"a,b"', "encoding": "CSV"},
        "captureData": {
            "endpointOutput": {
                "observedContentType": "application/json",
                "mode": "OUTPUT",
                "data": '{"predicted_label": "dog"}',
                "encoding": "JSON",
            }
        },
        "eventMetadata": {"eventId": "e2#1", "inferenceTime": "2026-11-21T09:00:01Z"},
    }
    assert by_event["e4"]["eventMetadata"]["inferenceId"] == "x#0"
    assert len(lines) == 3


def test_merged_records_are_captured_records(tmp_path: Path) -> None:
    """Reading merged files as captured ones and merging again gives the same result."""
    captured = write(
        tmp_path,
        {
            "c.jsonl": [
                record(f"e{n}", None, f'{{"predicted_label": "l{n % 3}"}}') for n in range(9)
            ]
        },
    )
    truth = write(tmp_path, {"t.jsonl": [label(f"e{n}", f"l{n % 2}") for n in range(9)]})
    first, blocks = merge(captured, truth)
    again = write(tmp_path, {"m.jsonl": [line for block in blocks for line in block.lines()]})
    second, _ = merge(again, truth)
    assert first == second


NAMES = st.sampled_from([f"id-{number}" for number in range(6)])


@given(
    st.lists(st.lists(NAMES, max_size=6), min_size=1, max_size=4),
    st.lists(st.lists(st.tuples(NAMES, st.sampled_from("ab")), max_size=6), max_size=4),
    st.data(),
)
@settings(max_examples=50)
def test_neither_order_nor_repetition_matters(
    tmp_path_factory: pytest.TempPathFactory,
    captured: list[list[str]],
    truth: list[list[tuple[str, str]]],
    data: st.DataObject,
) -> None:
    """Files in any order, given once or twice, merge to the same rows and the same counts."""
    directory = tmp_path_factory.mktemp("merge")
    captured_paths = write(
        directory,
        {
            f"captured/{index}.jsonl": [
                record(f"e{index}-{place}", name) for place, name in enumerate(names)
            ]
            for index, names in enumerate(captured)
        },
    )
    truth_paths = write(
        directory,
        {
            f"truth/2026/11/21/0{index}/x.jsonl": [label(name, text) for name, text in labels]
            for index, labels in enumerate(truth)
        },
    )

    def lines(blocks: Iterable[MergedBlock]) -> list[bytes]:
        return [line for block in blocks for line in block.lines()]

    first, blocks = merge(captured_paths, truth_paths)
    other, others = merge(
        data.draw(st.permutations(captured_paths * 2)), data.draw(st.permutations(truth_paths * 2))
    )
    assert first == other
    assert lines(blocks) == lines(others)
    expected = {name: text for labels in truth for name, text in labels}
    rows = [name for names in captured for name in names]
    assert first.num_pairs == sum(name in expected for name in rows)
    assert first.num_unlabelled == sum(name not in expected for name in rows)
    assert first.num_unmatched == len(expected.keys() - set(rows))


def test_labels_of_a_local_endpoints_records(tmp_path: Path) -> None:
    """What a local endpoint captures and the writer writes join by the ids of the callers."""
    rule = CaptureRule(
        {
            "DestinationS3Uri": "s3://bucket/capture",
            "InitialSamplingPercentage": 100,
            "CaptureOptions": [{"CaptureMode": "Output"}],
            "CaptureContentTypeHeader": {"JsonContentTypes": ["application/json"]},
        },
        endpoint="birds",
    )
    answer = Body(content_type="application/json", data=b'{"predicted_label": "cat"}')
    store, labels = tmp_path / "store", tmp_path / "labels"
    with CaptureWriter(LocalStore(store)) as capture, GroundTruthWriter(labels) as truth:
        for number in range(50):
            kept = rule.record(
                Exchange(
                    variant="AllTraffic",
                    request=Body(content_type="image/png", data=b"\x89PNG"),
                    answer=answer,
                    inference_id=f"order-{number}",
                    custom_attributes=None,
                    time=NINE + timedelta(minutes=number),
                )
            )
            assert kept is not None
            capture.put(kept)
            if number % 5:
                truth.add(
                    f"order-{number}", "cat" if number % 2 else "dog", NINE + timedelta(days=number)
                )
    merged, blocks = merge(store.rglob("*.jsonl"), labels.rglob("*.jsonl"))
    pairs = Counter(
        (actual, predicted) for block in blocks for _, actual, predicted in block.pairs()
    )
    assert pairs == {("cat", "cat"): 20, ("dog", "cat"): 20}
    assert merged.num_unlabelled == 10
    assert merged.num_unmatched == 0
