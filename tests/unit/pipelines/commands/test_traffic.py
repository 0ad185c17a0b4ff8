"""The command `traffic`, against a server that answers like an endpoint, and against an account."""

import io
import json
import os
import re
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import ANY
from PIL import Image

from monitoring.ground_truth import read_labels
from pipelines.cli import main
from pipelines.local.locks import locked
from pipelines.local.serving.records import LOCK_FILE, EndpointStatus, State
from tests.unit.stubs import stubbed

PLACE = "sagemaker-us-east-1-111122223333/image-classification/ground-truth/dogs"
GREY = 200
RATE = ["--rate", "500"]


@dataclass
class Endpoint:
    """What a server was asked, and what it does before it answers."""

    directory: Path
    bodies: list[bytes] = field(default_factory=list)
    inference_ids: list[str] = field(default_factory=list)
    act: Callable[[int], bool] = lambda _: True
    """Told the number of the request; whether it is answered."""


@pytest.fixture
def images_dir(tmp_path: Path) -> Path:
    """Four grey pictures of two labels."""
    for name in ("cat/1.png", "cat/2.png", "dog/1.png", "dog/2.png"):
        path = tmp_path / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4), (GREY, GREY, GREY)).save(path)
    return tmp_path / "images"


@pytest.fixture
def endpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    """An endpoint `dogs` under the default root, whose process is this one."""
    monkeypatch.chdir(tmp_path)
    told = Endpoint(tmp_path / ".local" / "endpoints" / "dogs")
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with lock:
                told.bodies.append(body)
                told.inference_ids.append(self.headers["X-Amzn-SageMaker-Inference-Id"])
                is_answered = told.act(len(told.bodies))
            document: dict[str, object] = {"predicted_label": "cat"}
            if not is_answered:
                document = {"OriginalStatusCode": 400, "OriginalMessage": '{"error": "Too dark."}'}
            answer = json.dumps(document).encode()
            self.send_response(200 if is_answered else 424)
            self.send_header("Content-Length", str(len(answer)))
            if not is_answered:
                self.send_header("x-amzn-errortype", "ModelError")
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        add_endpoint(told.directory, server.server_port)
        with locked(told.directory / LOCK_FILE):
            yield told
        server.shutdown()
        thread.join()


def add_endpoint(directory: Path, port: int) -> None:
    """Leave the state of an endpoint."""
    directory.mkdir(parents=True)
    State(
        wanted_id="1",
        status=EndpointStatus.IN_SERVICE,
        config_name="config",
        variants=(),
        failure_reason="",
        port=port,
        pid=1,
        created="",
        modified="",
    ).write(directory)


def labels_in(directory: Path) -> dict[str, str]:
    """The labels below a folder, by inference id; nothing is damaged, and no file is left over."""
    paths = [path for path in directory.rglob("*") if path.is_file()]
    labels = read_labels(paths)
    assert all(path.suffix == ".jsonl" for path in paths)
    assert labels.damage.num_items == 0
    return dict(labels.by_id)


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_answers_are_labelled_where_monitoring_looks(
    endpoint: Endpoint, images_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every request has a file of the folder and an id, under which its label is written."""
    assert main(["traffic", "dogs", str(images_dir), "--num-requests", "20", *RATE]) == 0
    captured = capsys.readouterr()
    folder = Path(".local/s3", PLACE).absolute()
    assert captured.out == f"asked 20, answered 20, failed 0, labels 20 in {folder}\n"
    assert captured.err == (
        "Asking endpoint 'dogs' about 20 pictures, 500 a second; Ctrl-C ends it.\n"
    )
    labels = labels_in(folder)
    assert labels.keys() == set(endpoint.inference_ids)
    assert set(labels.values()) == {"cat", "dog"}
    assert set(endpoint.bodies) == {(images_dir / "cat" / "1.png").read_bytes()}


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_pictures_are_corrupted_and_labels_are_wrong_on_request(
    endpoint: Endpoint, images_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """At half the brightness grey is half as bright; all labels are of the other class."""
    words = ["traffic", "dogs", str(images_dir / ".." / "images"), "--num-requests", "5", *RATE]
    words += ["--corruption", "brightness", "--severity", "-0.5", "--labels", str(tmp_path / "a")]
    assert main(words) == 0
    assert main([*words[:-1], str(tmp_path / "b"), "--label-noise", "1"]) == 0
    for body in endpoint.bodies:
        assert Image.open(io.BytesIO(body)).getpixel((0, 0)) == (GREY / 2, GREY / 2, GREY / 2)
    said, wrong = (labels_in(tmp_path / name) for name in ("a", "b"))
    index = {key.rpartition("-")[2]: label for key, label in said.items()}
    assert len(wrong) == 5
    assert all(index[key.rpartition("-")[2]] != label for key, label in wrong.items())
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"asked 5, answered 5, failed 0, labels 5 in {tmp_path / 'a'}"


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_what_is_not_answered_has_no_label(
    endpoint: Endpoint, images_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each reason is told once with a picture, and the exit code tells that there was one."""
    endpoint.act = lambda number: number % 2 == 0
    words = ["traffic", "dogs", str(images_dir), "--num-requests", "6", *RATE]
    assert main([*words, "--labels", str(tmp_path / "labels")]) == 1
    captured = capsys.readouterr()
    assert captured.out == f"asked 6, answered 3, failed 3, labels 3 in {tmp_path / 'labels'}\n"
    [line] = captured.err.splitlines()[1:]
    assert re.fullmatch(
        rf"No answer for {images_dir}/(cat|dog)/[12].png: PredictionError: Too dark\.", line
    )
    assert len(labels_in(tmp_path / "labels")) == 3


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_an_interruption_leaves_whole_files(
    endpoint: Endpoint, images_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C sends no more; what was answered is labelled, and the summary comes all the same."""

    def act(number: int) -> bool:
        if number == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return True

    endpoint.act = act
    words = ["traffic", "dogs", str(images_dir), "--num-requests", "1000", "--rate", "20"]
    assert main([*words, "--labels", str(tmp_path / "labels")]) == 130
    number = len(endpoint.bodies)
    assert 3 <= number < 1000
    captured = capsys.readouterr()
    assert captured.out == (
        f"asked {number}, answered {number}, failed 0, labels {number} in {tmp_path / 'labels'}\n"
    )
    assert captured.err.endswith("pipelines: Interrupted.\n")
    assert labels_in(tmp_path / "labels").keys() == set(endpoint.inference_ids)


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Stubbed clients by service, which boto3 gives out for the site's region."""
    generators = {name: stubbed(name) for name in ("sagemaker-runtime", "s3")}
    stubs = {name: next(generator) for name, generator in generators.items()}

    def client(service: str, *, region_name: str, **options: Any) -> Any:
        assert region_name == "us-east-1"
        assert options.get("endpoint_url") is None
        return stubs[service].client

    monkeypatch.setattr(boto3, "client", client)
    yield stubs
    for generator in generators.values():
        assert next(generator, None) is None


def answer(account: dict[str, Any], number: int) -> None:
    """Let the account's endpoint answer so many requests."""
    for _ in range(number):
        account["sagemaker-runtime"].add_response(
            "invoke_endpoint",
            {"Body": io.BytesIO(b'{"predicted_label": "cat"}')},
            {
                "EndpointName": "dogs",
                "ContentType": "image/png",
                "Accept": "application/json",
                "Body": ANY,
                "InferenceId": ANY,
            },
        )


class Key:
    """Equals the key of a file of labels in the bucket."""

    def __eq__(self, other: object) -> bool:
        pattern = rf"{PLACE.partition('/')[2]}/\d{{4}}/\d\d/\d\d/\d\d/[\w-]+\.jsonl"
        return re.fullmatch(pattern, str(other)) is not None

    __hash__ = None  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("settings", "encryption"),
    [
        ({}, {}),
        ({"SITE_OUTPUT_KMS_KEY": "k"}, {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "k"}),
    ],
)
def test_labels_of_an_account_are_uploaded(
    *,
    account: dict[str, Any],
    images_dir: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    settings: dict[str, str],
    encryption: dict[str, str],
) -> None:
    """The endpoint is boto3's, and its labels go to the site's bucket, with the site's key."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    answer(account, 3)
    request = {"Bucket": PLACE.partition("/")[0], "Key": Key(), "Body": ANY, **encryption}
    account["s3"].add_response("put_object", {}, request)
    words = ["traffic", "dogs", str(images_dir), "--account", "--num-requests", "3", *RATE]
    assert main(words) == 0
    assert capsys.readouterr().out == (f"asked 3, answered 3, failed 0, labels 3 in s3://{PLACE}\n")
    assert [path.name for path in tmp_path.iterdir()] == ["images"]


def test_labels_that_cannot_be_uploaded_are_kept(
    account: dict[str, Any],
    images_dir: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The message says what was refused and where the labels are."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    answer(account, 2)
    account["s3"].add_client_error("put_object", "AccessDenied", "Access Denied")
    words = ["traffic", "dogs", str(images_dir), "--account", "--num-requests", "2", *RATE]
    assert main([*words, "--labels", "s3://elsewhere/labels/"]) == 1
    (folder,) = tmp_path.glob("labels-*")
    captured = capsys.readouterr()
    assert captured.out == f"asked 2, answered 2, failed 0, labels 2 in {folder}\n"
    _, line = captured.err.splitlines()
    assert line.startswith(
        "pipelines: Not all labels were written to 's3://elsewhere/labels/'; all of them are in "
        f"'{folder}'. The credentials in use do not allow PutObject; "
    )
    assert len(labels_in(folder)) == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(
            ["cats", "images"], "There is no endpoint 'cats'. Endpoints: dead.", id="unknown"
        ),
        pytest.param(
            ["dead", "images"],
            "Endpoint 'dead' does not answer: its process has ended. Start it again with "
            "'pipelines run deployment -p EndpointName=dead'.",
            id="dead",
        ),
        pytest.param(
            ["dead", "nowhere"],
            "No images found in 'nowhere'. Expected: <label>/*.bmp, <label>/*.jpeg, <label>/*.jpg, "
            "<label>/*.png, <label>/*.webp.",
            id="no pictures",
        ),
        pytest.param(
            ["dead", "images", "--rate", "0"],
            "--rate of the traffic is 0; expected a number from 0.001 to 1000.",
            id="rate",
        ),
        pytest.param(
            ["dead", "images", "--label-noise", "2"],
            "--label-noise of the traffic is 2; expected a number from 0 to 1.",
            id="noise",
        ),
        pytest.param(
            ["dead", "images", "--severity", "1"],
            "--severity is that of a corruption; name one with --corruption.",
            id="severity of nothing",
        ),
        pytest.param(
            ["dead", "images", "--corruption", "blur"],
            "Severity of corruption 'blur' is nan; expected a number from ",
            id="no severity",
        ),
        pytest.param(
            ["dead", "images", "--corruption", "rain", "--severity", "1"],
            "Corruption 'rain' is not known. Known: blur, ",
            id="unknown corruption",
        ),
        pytest.param(
            ["dead", "images", "--account", "--labels", "s3://bucket"],
            "--labels: 's3://bucket/' is not the URI of an object; expected s3://<bucket>/<key>.",
            id="bucket alone",
        ),
        pytest.param(
            ["alive", "images", "--labels", "s3://bucket/../other"],
            "--labels: The key of 's3://bucket/../other/_' leaves its bucket; expected one "
            "without '..'.",
            id="key that leaves",
        ),
    ],
)
@pytest.mark.usefixtures("images_dir")
def test_wrong_use_sends_nothing(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    message: str,
) -> None:
    """It is said before the first request, in the words of the command."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    monkeypatch.chdir(tmp_path)
    name = "alive" if words[0] == "alive" else "dead"
    directory = tmp_path / ".local" / "endpoints" / name
    add_endpoint(directory, 1)
    with locked(directory / (LOCK_FILE if name == "alive" else "other")):
        assert main(["traffic", *words]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(f"pipelines: {message}")
    assert captured.out == ""
