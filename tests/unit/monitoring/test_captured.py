"""Tests of reading captured records."""

import base64
import gc
import gzip
import itertools
import json
import tracemalloc
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring import captured, json_lines
from monitoring.captured import CapturedBlock, CapturedReader, CapturedRecord
from monitoring.data_quality import InferredType
from monitoring.data_statistics import Value
from pipelines.local.serving.capture import Body, CaptureRule, CaptureWriter, Exchange
from pipelines.local.store import LocalStore

NINE = datetime(2026, 11, 21, 9, tzinfo=UTC)
ANSWER = {"brightness": 0.41, "predicted_label": "cat", "sharpness": 1.25e-05}
DOCUMENTED = (
    rb'{"captureData":{"endpointInput":{"observedContentType":"image/jpeg","mode":"INPUT",'
    rb'"data":"/9j/4AAQ","encoding":"BASE64"},'
    rb'"endpointOutput":{"observedContentType":"application/json","mode":"OUTPUT",'
    rb'"data":"{\"predicted_label\":\"cat\",\"brightness\":0.41}","encoding":"JSON"}},'
    rb'"eventMetadata":{"eventId":"4e64b1b0","inferenceId":"order-17",'
    rb'"customAttributes":["a=b"],"inferenceTime":"2026-11-21T09:00:01Z"},'
    rb'"eventVersion":"0"}'
)


def line(
    answer: object = ANSWER,
    *,
    event_id: object = "a",
    inference_id: object = None,
    time: object = "2026-11-21T09:00:01Z",
    output: Mapping[str, object] | None = None,
    **metadata: object,
) -> bytes:
    """A record, as JSON or, for a text, as it is."""
    body = {
        "observedContentType": "application/json",
        "mode": "OUTPUT",
        "data": answer if isinstance(answer, str) else json.dumps(answer, sort_keys=True),
        "encoding": "JSON",
    }
    ids = {"eventId": event_id, "inferenceId": inference_id}
    document = {
        "captureData": {"endpointOutput": {**body, **(output or {})}},
        "eventMetadata": {
            **{key: value for key, value in ids.items() if value is not None},
            **metadata,
            "inferenceTime": time,
        },
        "eventVersion": "0",
    }
    return json.dumps(document, separators=(",", ":")).encode()


def read(
    directory: Path, *files: Iterable[bytes], reader: CapturedReader | None = None
) -> list[CapturedRecord]:
    """Write lines to files and read the records."""
    paths = []
    for index, lines in enumerate(files):
        paths.append(directory / f"{index}.jsonl")
        paths[-1].write_bytes(b"".join(item + b"\n" for item in lines))
    return rows((reader or CapturedReader()).read(paths))


def rows(blocks: Iterable[CapturedBlock]) -> list[CapturedRecord]:
    """The records of all blocks."""
    return list(itertools.chain.from_iterable(block.records() for block in blocks))


def test_what_the_model_refused_is_no_record(tmp_path: Path) -> None:
    """It says nothing of the model's data, and is counted; an answer with more fields is one."""
    reader = CapturedReader()
    lines = [line({"error": "no image"}, event_id=f"e{number}") for number in range(3)]
    answer = {"error": "no image", "x": 0.5}
    [record] = read(tmp_path, [*lines, line(answer, event_id="e3")], reader=reader)
    assert (record.event_id, record.answer) == ("e3", answer)
    assert (reader.counts.num_refused, reader.counts.num_events) == (3, 1)
    assert reader.damage.num_items == 0


def test_the_documented_record(tmp_path: Path) -> None:
    """The record as the service documents it, with the request."""
    [record] = read(tmp_path, [DOCUMENTED])
    assert record.event_id == "4e64b1b0"
    assert record.inference_id == record.id == "order-17"
    assert record.row is None
    assert record.time == NINE + timedelta(seconds=1)
    assert record.answer == {"predicted_label": "cat", "brightness": 0.41}
    body = record.body()
    assert body is not None
    assert (body.content_type, body.content) == ("image/jpeg", base64.b64decode("/9j/4AAQ"))
    assert record.line == DOCUMENTED


@pytest.mark.parametrize("options", [["Output"], ["Input", "Output"]], ids=["output", "both"])
@pytest.mark.parametrize("json_types", [["application/json"], []], ids=["json", "base64"])
def test_what_a_local_endpoint_captures(
    tmp_path: Path, options: list[str], json_types: list[str]
) -> None:
    """Records of a local endpoint are read back, in each encoding."""
    rule = CaptureRule(
        {
            "DestinationS3Uri": "s3://bucket/capture",
            "InitialSamplingPercentage": 100,
            "CaptureOptions": [{"CaptureMode": mode} for mode in options],
            "CaptureContentTypeHeader": {"JsonContentTypes": json_types} if json_types else None,
        },
        endpoint="birds",
    )
    with CaptureWriter(LocalStore(tmp_path)) as writer:
        for number in range(20):
            record = rule.record(
                Exchange(
                    variant="AllTraffic",
                    request=Body(content_type="image/png", data=b"\x89PNG%d" % number),
                    answer=Body(
                        content_type="application/json",
                        data=json.dumps({**ANSWER, "entropy": number / 7}).encode(),
                    ),
                    inference_id=f"order-{number}" if number % 2 else None,
                    custom_attributes=f"trace={number}" if number % 3 else None,
                    time=NINE + timedelta(minutes=10 * number),
                )
            )
            assert record is not None
            writer.put(record)
    reader = CapturedReader(start=NINE, end=NINE + timedelta(hours=1))
    records = rows(reader.read(tmp_path.rglob("*.jsonl")))
    records.sort(key=lambda record: record.time)
    assert [record.inference_id for record in records] == [
        None, "order-1", None, "order-3", None, "order-5",
    ]  # fmt: skip
    assert [record.answer for record in records] == [
        {**ANSWER, "entropy": number / 7} for number in range(6)
    ]
    bodies = [record.body() for record in records]
    assert [body and body.content for body in bodies] == [
        b"\x89PNG%d" % number if "Input" in options else None for number in range(6)
    ]
    assert reader.counts.num_outside == 14
    assert reader.damage.num_items == 0


FLOATS = st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
ANSWERS = st.one_of(
    st.fixed_dictionaries({"x": FLOATS, "y": FLOATS, "label": st.sampled_from(["cat", "M\xf6we"])}),
    st.dictionaries(TEXTS, FLOATS | TEXTS | st.none() | st.integers(-5, 5), max_size=3),
)


@given(
    st.lists(st.tuples(ANSWERS, st.sampled_from(["", "id"]), st.booleans()), max_size=30),
    st.integers(1, 3000),
)
def test_records_of_any_look_are_read_back(
    tmp_path_factory: pytest.TempPathFactory,
    items: list[tuple[dict[str, Value], str, bool]],
    block_bytes: int,
) -> None:
    """Whether lines look alike or not, values and types are those that JSON's own parser gives."""
    lines = [
        line(
            json.dumps(answer, ensure_ascii=is_ascii),
            event_id=f"event-{number}",
            inference_id=f"{name}-{number}" if name else None,
        )
        for number, (answer, name, is_ascii) in enumerate(items)
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_lines, "BLOCK_BYTES", block_bytes)
        records = read(tmp_path_factory.mktemp("captured"), lines)
    found = {record.event_id: record for record in records}
    assert len(found) == len(records) == len(lines)
    for number, (answer, name, _) in enumerate(items):
        record = found[f"event-{number}"]
        present = {key: value for key, value in record.answer.items() if value is not None}
        expected = {key: value for key, value in answer.items() if value is not None}
        assert present == expected
        assert {key: type(value) for key, value in present.items()} == {
            key: type(value) for key, value in expected.items()
        }
        assert record.inference_id == (f"{name}-{number}" if name else None)


def test_lines_that_look_alike_come_as_arrays(tmp_path: Path) -> None:
    """Numbers of most rows come in arrays, as the check of data takes them."""
    path = tmp_path / "a.jsonl.gz"
    lines = [line({"x": n / 3, "label": f"l{n % 2}"}, event_id=f"e{n}") for n in range(100)]
    path.write_bytes(gzip.compress(b"\r\n".join(lines)))
    blocks = list(CapturedReader().read([path]))
    [array] = [block.columns["x"] for block in blocks if block.num_rows > 90]
    assert isinstance(array, np.ndarray)
    assert sum(block.num_rows for block in blocks) == 100
    assert sorted(record.answer["x"] for record in rows(blocks)) == [n / 3 for n in range(100)]


def test_labels_of_any_letters(tmp_path: Path) -> None:
    """Letters beyond ASCII, and what looks like their codes, are the letters that were meant."""
    labels = ["cat", "M\xf6we", "\u732b", "\U0001f600", "back\\slash", "\\u00e9", "line\nbreak", ""]
    lines = [line({"label": name, "x": 0.5}, event_id=f"e{n}") for n, name in enumerate(labels * 3)]
    records = read(tmp_path, lines)
    found = {record.event_id: record.answer["label"] for record in records}
    assert found == {f"e{n}": name for n, name in enumerate(labels * 3)}


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param('{"x": 0.5, "x": 0.75}', id="twice"),
        pytest.param('{"x": 1, "y": null, "z": "a\\"b"}', id="other-values"),
        pytest.param('{"x": 1E5, "y": 5e-324, "z": 1e+2}', id="exponents"),
        pytest.param(' {"x" :\n0.5 }\n', id="spaces"),
    ],
)
def test_unusual_answers(tmp_path: Path, answer: str) -> None:
    """What no layout can describe is left to the parser, with the same result."""
    records = read(tmp_path, [line(answer, event_id=f"e{n}") for n in range(5)])
    assert [record.answer for record in records] == [json.loads(answer)] * 5


def test_a_value_outside_of_the_answer_is_none_of_it(tmp_path: Path) -> None:
    """What looks like a value in the attributes of a request is not taken for one."""
    attributes = ['{"x": 9.5}']
    lines = [line({"y": n + 0.5}, event_id=f"e{n}", customAttributes=attributes) for n in range(3)]
    assert [record.answer for record in read(tmp_path, lines)] == [{"y": n + 0.5} for n in range(3)]


def test_layouts_are_few(tmp_path: Path) -> None:
    """However many shapes records have, the reader learns a few, and reads all."""
    reader = CapturedReader()
    lines = [line({f"x{n}": n + 0.5}, event_id=f"e{n}") for n in range(100)]
    records = read(tmp_path, lines, lines, reader=reader)
    assert sorted(record.event_id for record in records) == sorted(f"e{n}" for n in range(100))
    assert reader.counts.num_repeated == 100


JUNK = [
    (b"", 1), (b"0", 0), (b"-", 0), (b'"', 0), (b"\\", 1), (b"\xff", 1), (b"\\\\u00e9", 0),
    (b"\\u00e9", 0), (b"\\\\ud800", 0), (b"\\\\n", 0), (b'\\"', 0), (b"\n", 0),
]  # fmt: skip
"""What is put into a line, in the place of how many bytes."""


@pytest.mark.parametrize(
    "request_text",
    [None, b"/9j/4AAQ", rb"{\"image\": \"/9j/4AAQ\"}"],
    ids=["output", "both", "both-json"],
)
def test_layouts_change_nothing(
    monkeypatch: pytest.MonkeyPatch, request_text: bytes | None
) -> None:
    """Of a line spoiled at any place, the same is read or refused as by the parser alone."""
    good = line({"label": "cat", "x": -0.5}, event_id="a", inference_id="b")
    places = range(len(good))
    if request_text is not None:  # The rest of the line is the same.
        asked = b'"endpointInput":{"data":"%b","encoding":"BASE64"},' % request_text
        start = good.index(b'"endpointOutput"')
        good, places = good[:start] + asked + good[start:], range(start + len(asked))
    spoiled = sorted(
        {good[:place] + junk + good[place + width :] for place in places for junk, width in JUNK}
    )

    def result(bad: bytes) -> object:
        lines = [good.replace(b'"a"', b'"first"'), *bad.split(b"\n")]
        # Thousands of files would take far longer than all that is read.
        monkeypatch.setattr(captured, "read_lines", lambda *_: [(1, lines)])
        reader = CapturedReader()
        records = rows(reader.read([Path("captured.jsonl")]))
        found = [(record.event_id, record.id, record.time, record.answer) for record in records]
        return sorted(found), reader.damage.to_document(), reader.counts

    with_layouts = [result(bad) for bad in spoiled]
    monkeypatch.setattr(captured, "MAX_LAYOUTS", 0)
    assert with_layouts == [result(bad) for bad in spoiled]


@pytest.mark.parametrize(
    ("content", "content_type", "encoding"),
    [
        pytest.param(b'{"x": 0.5, "y": "a"}\n{"x": 1.5, "y": "b"}\n',
                     "application/jsonlines", "JSON", id="json-lines"),
        pytest.param(b'{"x": 0.5, "y": "a"}\n{"x": 1.5, "y": "b"}\n',
                     "application/jsonlines", "BASE64", id="base64"),
        pytest.param(b"0.5,a\n1.5,b\n", "text/csv", "CSV", id="csv"),
        pytest.param(b"0.5,a\n1.5,b\n", "text/csv; charset=utf-8", "BASE64", id="csv-base64"),
    ],
)  # fmt: skip
def test_several_answers_in_one_record(
    tmp_path: Path, content: bytes, content_type: str, encoding: str
) -> None:
    """Each answer is a row of its own, with the id of the record and its position."""
    data = base64.b64encode(content) if encoding == "BASE64" else content
    output = {"observedContentType": content_type, "encoding": encoding, "data": data.decode()}
    columns = {"y": InferredType.STRING, "x": InferredType.FRACTIONAL}
    reader = CapturedReader(csv_columns=columns)
    records = read(tmp_path, [line(output=output, inference_id="order-17")] * 2, reader=reader)
    assert [record.id for record in records] == ["order-17#0", "order-17#1"]
    assert [record.answer for record in records] == [{"x": 0.5, "y": "a"}, {"x": 1.5, "y": "b"}]
    assert (reader.counts.num_events, reader.counts.num_rows) == (1, 2)
    assert reader.counts.num_repeated == 1


def test_cells_of_csv(tmp_path: Path) -> None:
    """A text of digits is a text where texts are expected, and an empty cell is missing."""
    columns = {
        "a": InferredType.FRACTIONAL, "b": InferredType.STRING, "c": InferredType.INTEGRAL,
        "d": InferredType.FRACTIONAL, "e": InferredType.FRACTIONAL,
    }  # fmt: skip
    output = {"data": '1.5,"7,5",7,,nan\ncat,7,true,[,"a"', "encoding": "CSV"}
    reader = CapturedReader(csv_columns=columns)
    records = read(tmp_path, [line(output=output)], reader=reader)
    assert [list(record.answer.values()) for record in records] == [
        [1.5, "7,5", 7, None, "nan"],
        ["cat", "7", "true", "[", "a"],
    ]


def test_the_window_is_half_open(tmp_path: Path) -> None:
    """An event at the start counts, one at the end does not, in any zone."""
    times = {
        "before": "2026-11-21T08:59:59Z",
        "start": "2026-11-21T09:00:00Z",
        "zone": "2026-11-21T10:30:00+01:00",
        "last": "2026-11-21T09:59:59.999Z",
        "end": "2026-11-21T10:00:00Z",
    }
    reader = CapturedReader(start=NINE, end=NINE + timedelta(hours=1))
    records = read(
        tmp_path, [line(event_id=name, time=time) for name, time in times.items()], reader=reader
    )
    assert {record.event_id for record in records} == {"start", "zone", "last"}
    assert all(record.time.tzinfo is UTC for record in records)
    assert (reader.counts.num_events, reader.counts.num_outside) == (3, 2)


def test_an_event_counts_once(tmp_path: Path) -> None:
    """Within a file, across files and across the ways of reading; the first path wins."""
    first, other = line({"x": 0.5}, event_id="a"), line({"x": 1}, event_id="a")
    reader = CapturedReader()
    records = read(
        tmp_path, [first, first, line({"x": 2.5}, event_id="b")], [other, first], reader=reader
    )
    assert sorted((record.event_id, record.answer["x"]) for record in records) == [
        ("a", 0.5), ("b", 2.5),
    ]  # fmt: skip
    assert reader.counts.num_repeated == 3


def test_shadow_variants_are_passed_over(tmp_path: Path) -> None:
    """Answers that went to nobody are counted apart."""
    reader = CapturedReader()
    lines = [
        line(event_id="a"),
        line(event_id="b", invocationSource="ShadowExperiment"),
        line(event_id="c"),
    ]
    records = read(tmp_path, lines, reader=reader)
    assert {record.event_id for record in records} == {"a", "c"}
    assert reader.counts.num_shadow == 1
    assert reader.damage.num_items == 0


@pytest.mark.parametrize(
    ("damaged", "reason", "detail"),
    [
        pytest.param(line()[:100], "the line is not JSON", "", id="cut"),
        pytest.param(b"\x00\x01", "the line is not JSON", "", id="binary"),
        pytest.param(b"[" * 100_000, "the line is not JSON", "", id="deep"),
        pytest.param(line().replace(b"cat", b"c\xe4t"), "the line is no UTF-8 text", "",
                     id="latin"),
        pytest.param(b'{"a": NaN}', "the line is not JSON", "", id="nan-outside"),
        pytest.param(b"[]", "the line is no record of the expected form",
                     "it needs 'eventVersion', 'eventMetadata' and 'captureData'", id="list"),
        pytest.param(b'{"eventVersion":"0","eventMetadata":{},"captureData":[]}',
                     "the line is no record of the expected form",
                     "it needs 'eventVersion', 'eventMetadata' and 'captureData'", id="data"),
        pytest.param(line().replace(b'"eventVersion":"0"', b'"eventVersion":"1"'),
                     "the record has an unknown version", "'1'", id="version"),
        pytest.param(line(event_id=None), "the line is no record of the expected form",
                     "'eventId' is missing", id="no-id"),
        pytest.param(line(event_id=7), "the line is no record of the expected form",
                     "'eventId' is no printable text", id="number-as-id"),
        pytest.param(line(event_id=""), "the line is no record of the expected form",
                     "'eventId' is no printable text", id="empty-id"),
        pytest.param(line(inference_id="a\nb"), "the line is no record of the expected form",
                     "'inferenceId' is no printable text", id="id-of-two-lines"),
        pytest.param(line(time="yesterday"), "the record has no time with a zone", "yesterday",
                     id="time"),
        pytest.param(line(time="2026-11-21T09:00:01"), "the record has no time with a zone",
                     "2026-11-21T09:00:01", id="zone"),
        pytest.param(line(time=["x"]), "the record has no time with a zone", "['x']", id="times"),
        pytest.param(line(time="0001-01-01T00:00:00+09:00"), "the record has no time with a zone",
                     "0001-01-01T00:00:00+09:00", id="before-all-time"),
        pytest.param(line().replace(b"endpointOutput", b"endpointInput"),
                     "the record holds no answer", "", id="input-only"),
        pytest.param(line(output={"encoding": "XML"}), "the encoding is unknown or does not fit",
                     "'XML'", id="encoding"),
        pytest.param(line(output={"encoding": "BASE64"}),
                     "the encoding is unknown or does not fit", "it is no base64", id="no-base64"),
        pytest.param(line(output={"encoding": "BASE64", "data": "é"}),
                     "the encoding is unknown or does not fit", "it is no base64", id="no-ascii"),
        pytest.param(line(output={"data": {}}), "the encoding is unknown or does not fit",
                     "'JSON'", id="object-as-data"),
        pytest.param(line().replace(b'"endpointOutput":{', b'"endpointOutput":[{').replace(
            b'"JSON"}', b'"JSON"}]'), "the encoding is unknown or does not fit", "there is none",
                     id="list-as-output"),
        pytest.param(line('{"x": NaN}'), "the answer cannot be read", "object 1 is not JSON",
                     id="nan"),
        pytest.param(line('{"x": 1e999}'), "the answer cannot be read",
                     "field 'x' of object 1 is no finite number, text or null", id="infinite"),
        pytest.param(line('{"x": 1' + "0" * 5000 + "}"), "the answer cannot be read",
                     "object 1 is not JSON", id="gigantic"),
        pytest.param(line({"x": {"y": 1}}), "the answer cannot be read",
                     "field 'x' of object 1 is no finite number, text or null", id="nested"),
        pytest.param(line(""), "the answer cannot be read", "it is empty", id="empty"),
        pytest.param(line(output={"encoding": "BASE64", "data": "/9j/"}),
                     "the answer cannot be read", "it is no UTF-8 text", id="bytes"),
        pytest.param(line(output={"encoding": "CSV", "data": "1,2"}), "the answer cannot be read",
                     "a line has 2 columns instead of 1", id="csv-columns"),
        pytest.param(line(output={"encoding": "CSV", "data": '"'}), "the answer cannot be read",
                     "it is no CSV text", id="csv-quote"),
        pytest.param(line(output={"encoding": "CSV", "data": "\n"}), "the answer cannot be read",
                     "it is empty", id="csv-empty"),
        pytest.param(line(output={"encoding": "CSV", "data": "1e999"}),
                     "the answer cannot be read", "a number is too large", id="csv-infinite"),
    ],
)  # fmt: skip
def test_damage_is_counted_listed_and_survived(
    tmp_path: Path, damaged: bytes, reason: str, detail: str
) -> None:
    """A spoiled line between good ones costs nothing but itself, whatever it holds."""
    lines = [line(event_id=f"e{number}") for number in range(4)]
    reader = CapturedReader(csv_columns={"x": InferredType.FRACTIONAL})
    records = read(tmp_path, [*lines[:2], b"", damaged, b" ", *lines[2:]], reader=reader)
    assert {record.event_id for record in records} == {"e0", "e1", "e2", "e3"}
    place = {"file": str(tmp_path / "0.jsonl"), "line": 4, "detail": detail}
    assert reader.damage.to_document() == [{"reason": reason, "count": 1, "places": [place]}]
    assert reader.counts.num_events == 4


def test_damage_in_lines_that_look_alike(tmp_path: Path) -> None:
    """A bad time is found in lines of a layout too."""
    reader = CapturedReader()
    lines = [line(event_id="a"), line(event_id="b", time="2026-13-21T09:00:01Z")]
    assert len(read(tmp_path, lines, reader=reader)) == 1
    assert reader.damage.to_document() == [
        {
            "reason": "the record has no time with a zone",
            "count": 1,
            "places": [
                {"file": str(tmp_path / "0.jsonl"), "line": 2, "detail": "2026-13-21T09:00:01Z"}
            ],
        }
    ]


def test_an_answer_in_csv_needs_names(tmp_path: Path) -> None:
    """Columns without names are damage."""
    reader = CapturedReader()
    assert not read(tmp_path, [line(output={"encoding": "CSV", "data": "1,2"})], reader=reader)
    [damage] = reader.damage.to_document()
    assert damage["places"][0]["detail"] == "it is CSV, and the names of the columns are not known"


def test_a_damaged_answer_counts_once(tmp_path: Path) -> None:
    """Of an event that was delivered twice the damage counts once, too."""
    reader = CapturedReader()
    assert not read(tmp_path, [line("{")], [line("{")], reader=reader)
    assert reader.damage.num_items == 1
    assert reader.counts.num_repeated == 1


def test_a_request_that_cannot_be_read(tmp_path: Path) -> None:
    """It is no request, and takes nothing from the answer."""
    [record] = read(tmp_path, [DOCUMENTED.replace(b"/9j/4AAQ", b"/9j/4")])
    assert record.answer["predicted_label"] == "cat"
    assert record.body() is None


@given(st.data())
@settings(max_examples=30)
def test_the_order_of_files_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Events that occur several times, with different answers, give the same rows in any order."""
    directory = tmp_path_factory.mktemp("captured")
    paths = []
    for index in range(3):
        numbers = data.draw(st.lists(st.integers(0, 6), max_size=8))
        paths.append(directory / f"{index}.jsonl")
        paths[-1].write_bytes(
            b"\n".join(line({"x": index + n / 3}, event_id=f"e{n}") for n in numbers)
        )

    def result(order: list[Path]) -> list[tuple[str, Value]]:
        found = rows(CapturedReader().read(order))
        return [(record.event_id, record.answer["x"]) for record in found]

    assert result(paths) == result(data.draw(st.permutations(paths)))


def test_memory_does_not_grow_with_the_number_of_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four times as many take what their ids take more: 24 bytes each, of lines of 300."""
    monkeypatch.setattr(json_lines, "BLOCK_BYTES", 100_000)

    def peak(num_records: int) -> int:
        path = tmp_path / f"{num_records}.jsonl"
        path.write_bytes(b"\n".join(line(event_id=f"e{n}") for n in range(num_records)))
        gc.collect()
        tracemalloc.start()
        try:
            assert sum(block.num_rows for block in CapturedReader().read([path])) == num_records
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(1000)  # What is done once is no part of it.
    few, many = peak(5_000), peak(20_000)
    assert many - few < 24 * 15_000 < 0.1 * 15_000 * len(line())
    assert few < 1e6
