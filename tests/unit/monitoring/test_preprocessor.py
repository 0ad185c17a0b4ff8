"""Tests of monitoring.preprocessor: as a function, and in a child as Model Monitor runs it."""

import ast
import base64
import json
import logging
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.contract import FieldType, response_fields
from inference.serving import output_fn
from monitoring import preprocessor
from monitoring.preprocessor import preprocess_handler
from pipelines.local.serving.capture import Body, CaptureRule, Exchange
from tests.waiting import SECONDS

SCRIPT = Path(preprocessor.__file__)

DRIVER = """
import importlib.util, json, logging, sys, types

def load():
    spec = importlib.util.spec_from_file_location("preprocessor", sys.argv[1])
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

load()
handler = load().preprocess_handler
for line in sys.stdin:
    if sys.argv[2] == "csv":
        record = line
    elif sys.argv[2] == "json":
        record = json.loads(line)
    else:
        document = json.loads(line)
        data = document.get("captureData", {})
        parts = {
            name: types.SimpleNamespace(**data[key]) if key in data else None
            for name, key in [
                ("endpoint_input", "endpointInput"), ("endpoint_output", "endpointOutput")
            ]
        }
        record = types.SimpleNamespace(event_dict=document, event_version="0", **parts)
        if "groundTruthData" in document:
            record.ground_truth = types.SimpleNamespace(**document["groundTruthData"])
    print(json.dumps(handler(record, logging.getLogger("Preprocessing"))))
"""
"""The contract of the container's program: records on standard input, one result on each line."""

ANSWER = {
    field.name: "cat" if field.type is FieldType.STRING else 0.25 for field in response_fields(10)
}
EMPTY = dict.fromkeys(field.name for field in response_fields(1))
"""The row of an answer that cannot be read: what every model answers, without any value."""

CONFIG = {
    "EnableCapture": True,
    "InitialSamplingPercentage": 100,
    "DestinationS3Uri": "s3://bucket/capture",
    "CaptureOptions": [{"CaptureMode": "InputAndOutput"}],
}
HEADERS = {
    "CsvContentTypes": ["text/csv"],
    "JsonContentTypes": ["application/json", "application/jsonlines"],
}


def run(kind: str, *lines: str) -> list[Any]:
    """Results of the script in a process of its own, which has nothing else to import."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", DRIVER, str(SCRIPT), kind],
        input="".join(f"{line}\n" for line in lines),
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def captured(*answers: Any, accept: str = "application/json", is_listed: bool = True) -> str:
    """The line that our own data capture writes of a request with these answers."""
    config = {**CONFIG, "CaptureContentTypeHeader": HEADERS} if is_listed else CONFIG
    body, content_type = output_fn(answers, accept)
    exchange = Exchange(
        variant="AllTraffic",
        request=Body(content_type="image/jpeg", data=b"\xff\xd8"),
        answer=Body(content_type=content_type, data=body),
        inference_id="order-17",
        custom_attributes=None,
        time=datetime(2026, 11, 21, 9, 5, tzinfo=UTC),
    )
    record = CaptureRule(config, endpoint="dogs").record(exchange)
    assert record is not None
    return record.to_line().decode().rstrip("\n")


def output(data: object, encoding: str = "JSON") -> dict[str, Any]:
    """A captured record with this output."""
    return {"captureData": {"endpointOutput": {"data": data, "encoding": encoding}}}


def test_the_fields_are_those_of_the_answers() -> None:
    """The script, which can import nothing, knows the same fields as the response's contract."""
    fields = response_fields(10)
    texts = {field.name for field in fields if field.type is FieldType.STRING}
    assert set(preprocessor.TEXTS) == texts
    assert set(preprocessor.NUMBERS) == {field.name for field in fields} - texts


def test_the_script_needs_nothing() -> None:
    """It imports the standard library alone, never prints, and is Python 3.7."""
    tree = ast.parse(SCRIPT.read_text(), feature_version=(3, 7))
    modules = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            modules.add(str(node.module))
        assert not (isinstance(node, ast.Name) and node.id == "print")
    assert {name.partition(".")[0] for name in modules} <= sys.stdlib_module_names


@pytest.mark.parametrize("is_listed", [True, False], ids=["JSON", "base64"])
def test_captured_records_in_a_child(is_listed: bool) -> None:
    """One result a record, whichever way the answer was stored, on lines of their own."""
    second = {**ANSWER, "predicted_label": 'a "big",\ndog, 犬', "brightness": 1e-7}
    lines = [captured(answer, is_listed=is_listed) for answer in (ANSWER, second)]
    encodings = [json.loads(line)["captureData"]["endpointOutput"]["encoding"] for line in lines]
    assert encodings == ["JSON" if is_listed else "BASE64"] * 2
    rows = run("capture", *lines)
    assert rows == [ANSWER, second]
    assert [list(row) for row in rows] == [sorted(ANSWER)] * 2


@pytest.mark.parametrize("is_listed", [True, False], ids=["text", "base64"])
@pytest.mark.parametrize("accept", ["application/json", "text/csv"])
def test_several_images_in_one_request(accept: str, is_listed: bool) -> None:
    """A record with several answers is several rows."""
    second = {**ANSWER, "predicted_label": 'a "big",\ndog', "sharpness": 17.5}
    [rows] = run("capture", captured(ANSWER, second, accept=accept, is_listed=is_listed))
    assert rows == [ANSWER, second]


def test_records_without_an_answer_in_a_child() -> None:
    """What holds no answer is skipped, what cannot be read is a row of nulls, and all go on."""
    lines = [
        json.dumps({"captureData": {"endpointInput": {"data": "x", "encoding": "BASE64"}}}),
        json.dumps(output('{"error": "The image cannot be read."}')),
        json.dumps(output('{"brightness": 0.')),
        json.dumps(output("%%%", "BASE64")),
        json.dumps({"eventVersion": "0"}),
        captured(ANSWER),
    ]
    assert run("capture", *lines) == [[], [], EMPTY, EMPTY, [], ANSWER]


@pytest.mark.parametrize("num_labels", [1, 2, 3])
def test_lines_of_csv_in_a_child(num_labels: int) -> None:
    """A baseline in CSV is read by position; its header and empty lines are skipped."""
    answer = {field.name: ANSWER[field.name] for field in response_fields(num_labels)}
    body, _ = output_fn([answer], "text/csv")
    header = ",".join(answer)
    assert run("csv", header, body.decode().rstrip("\n"), "", "1,2") == [[], answer, [], EMPTY]


def test_parsed_answers_in_a_child() -> None:
    """A baseline in JSON Lines is what the model answered, in alphabetical order."""
    line = json.dumps(dict(reversed(ANSWER.items())))
    [row, skipped, unreadable] = run("json", line, '{"error": "no"}', "[1]")
    assert (row, list(row), skipped) == (ANSWER, sorted(ANSWER), [])
    assert unreadable == EMPTY


def test_merged_records_in_a_child() -> None:
    """A record with its label has the columns that model quality looks for."""
    merged = {
        **json.loads(captured(ANSWER)),
        "groundTruthData": {"data": "dog\n", "encoding": "CSV"},
    }
    expected = {f"endpointOutput_{name}": value for name, value in ANSWER.items()}
    expected["groundTruthData_0"] = "dog"
    assert run("capture", json.dumps(merged)) == [expected]
    assert run("json", json.dumps(merged)) == [expected]
    assert preprocess_handler(merged) == expected


def test_a_label_of_several_images_is_nobodys() -> None:
    """Of quality, neither several answers nor an unreadable one say anything."""
    truth = {"groundTruthData": {"data": "dog", "encoding": "CSV"}}
    for line in (captured(ANSWER, ANSWER), json.dumps(output("{"))):
        assert preprocess_handler({**json.loads(line), **truth}) == []
    assert preprocess_handler({**output("{}"), "groundTruthData": None}) == []


def test_what_the_model_refused_is_no_row() -> None:
    """A refusal is skipped, alone and among answers."""
    refusal = '{"error": "The image cannot be read."}'
    assert preprocess_handler(output(refusal)) == []
    assert preprocess_handler(output(f"{json.dumps(ANSWER)}\n{refusal}\n")) == ANSWER


def test_batch_transform_output() -> None:
    """The output of a batch transform is read as an endpoint's."""
    part = {"data": json.dumps(ANSWER), "encoding": "JSON"}
    assert preprocess_handler({"captureData": {"batchTransformOutput": part}}) == ANSWER
    record = SimpleNamespace(endpoint_output=None, batch_transform_output=SimpleNamespace(**part))
    assert preprocess_handler(record) == ANSWER


@pytest.mark.parametrize(
    "value",
    ["NaN", "Infinity", "-Infinity", "1e999", "9" * 400, "true", "[1]", "{}", "null", '"\\ud800"'],
    ids=str,
)
def test_what_is_no_value_is_missing(value: str) -> None:
    """A table holds finite numbers and texts, and the other fields of the answer stay."""
    answer = '{"brightness": %s, "contrast": 1}' % value  # noqa: UP031 - braces
    assert preprocess_handler(output(answer)) == {"brightness": None, "contrast": 1}


def test_numbers_in_csv_that_are_none_are_missing() -> None:
    """A field that should be a number and is not has no value; an empty text neither."""
    values = ["nan", "", "x", *["0.5"] * 10, "cat", "1", "2", "3", ""]
    row = preprocess_handler(",".join(values))
    assert isinstance(row, dict)
    assert {name for name, value in row.items() if value is None} == {
        "blue_mean", "brightness", "contrast", "size_bucket",
    }  # fmt: skip
    assert row["predicted_label"] == "cat"


@pytest.mark.parametrize(
    "record",
    [
        {"captureData": None},
        {"captureData": {"endpointOutput": "text"}},
        {"captureData": {"endpointOutput": {"encoding": "JSON"}}},
        output(None),
        output(" \n"),
        output("7"),
        output("[]"),
        output('{"a": 1}\n[]'),
        output(base64.b64encode(b"\xff\xfe").decode(), "BASE64"),
        output('{"a":' * 100_000),
        {1: 2, "a": 3},
        "a,b",
        17,
        None,
    ],
    ids=range(14),
)
def test_what_cannot_be_read_is_a_row_without_values(
    record: object, caplog: pytest.LogCaptureFixture
) -> None:
    """No damage ends the job, and the log tells of it without any of the data."""
    with caplog.at_level(logging.WARNING):
        assert preprocess_handler(record) == EMPTY
    [entry] = caplog.records
    assert entry.getMessage().startswith("An answer cannot be read: ")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
_PARTS = st.fixed_dictionaries(
    {"data": _JSON | st.text(), "encoding": st.sampled_from(["JSON", "BASE64", "CSV"]) | _JSON}
)
_RECORDS = (
    _JSON
    | st.text(alphabet=',"\n\r\0a1')
    | st.fixed_dictionaries(
        {"captureData": st.fixed_dictionaries({"endpointOutput": _PARTS}) | _JSON},
        optional={"groundTruthData": _PARTS | _JSON},
    )
)


@given(_RECORDS)
def test_whatever_comes_the_job_goes_on(record: object) -> None:
    """Every result is flat JSON without NaN, in alphabetical columns, and no exception leaves."""
    rows = preprocess_handler(record)
    json.dumps(rows, allow_nan=False)
    for row in rows if isinstance(rows, list) else [rows]:
        assert list(row) == sorted(row)
        assert all(value is None or isinstance(value, int | float | str) for value in row.values())
