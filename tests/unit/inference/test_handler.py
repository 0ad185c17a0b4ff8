"""What a model server imports: answers, refusals and faults."""

import io
import json
import logging
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch
from PIL import Image

from inference import handler
from inference.artifact import Artifact
from inference.handler import model_fn, transform_fn
from inference.serving import input_fn, output_fn, predict_fn


class Context:
    """Remembers the status; of a request that is answered nobody sets one."""

    status: tuple[int, str] | None = None

    def set_response_status(self, code: int, phrase: str) -> None:
        """Remember it."""
        self.status = (code, phrase)


@pytest.fixture
def model(model_dir: Path) -> Artifact:
    """The tiny artifact as the handler loads it."""
    return model_fn(str(model_dir))


@pytest.fixture
def context() -> Context:
    """The context of one request."""
    return Context()


@pytest.fixture
def body() -> bytes:
    """An image."""
    buffer = io.BytesIO()
    Image.effect_noise((40, 30), 60).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_gpu_drops_no_bits(model_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Samples recorded on a CPU are answered alike on a GPU: its convolutions do not use TF32."""
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    model_fn(str(model_dir))
    assert not torch.backends.cudnn.allow_tf32


def test_a_request_is_answered_by_the_serving_functions(
    model: Artifact, context: Context, body: bytes
) -> None:
    """The answer is that of the three functions in turn, and the status is left alone."""
    answer = transform_fn(model, bytearray(body), "image/png", "text/csv", context)
    assert answer == output_fn(predict_fn(input_fn(body, "image/png"), model), "text/csv")
    assert answer[1] == "text/csv"
    assert context.status is None


@pytest.mark.parametrize(
    ("content_type", "accept", "status", "message"),
    [
        pytest.param(
            "image/gif",
            "application/json",
            (415, "Unsupported Media Type"),
            "Unsupported content type 'image/gif'. Supported: application/x-image, image/bmp, "
            "image/jpeg, image/png, image/webp, application/json.",
            id="input",
        ),
        pytest.param(
            "image/png",
            "text/html",
            (406, "Not Acceptable"),
            "Unsupported accept 'text/html'. Supported: application/json, application/jsonlines, "
            "text/csv.",
            id="output",
        ),
        pytest.param(
            "application/json",
            "text/csv",
            (400, "Bad Request"),
            "The body is not JSON.",
            id="body",
        ),
    ],
)
def test_a_refusal_is_json_with_its_status(
    model: Artifact,
    context: Context,
    body: bytes,
    *,
    content_type: str,
    accept: str,
    status: tuple[int, str],
    message: str,
) -> None:
    """Whatever the caller accepts, a refusal is one sentence under the key `error`."""
    content, media_type = transform_fn(model, body, content_type, accept, context)
    assert (json.loads(content), media_type) == ({"error": message}, "application/json")
    assert context.status == status


def test_a_fault_of_ours_is_logged_and_not_told(
    model: Artifact, context: Context, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """A network whose numbers are none is status 500; the traceback is in the log alone."""
    model.network.head.bias.data[0] = torch.nan
    with caplog.at_level(logging.ERROR):
        content, media_type = transform_fn(model, body, "image/png", None, context)
    assert json.loads(content) == {
        "error": "The request failed through no fault of the caller; the endpoint's log has more."
    }
    assert (media_type, context.status) == ("application/json", (500, "Internal Server Error"))
    [record] = caplog.records
    assert record.exc_info is not None
    assert record.exc_info[0] is ValueError


def test_the_toolkit_takes_the_module_for_a_whole_transform() -> None:
    """Beside `transform_fn` the toolkit tolerates none of the three other functions."""
    assert not {"input_fn", "predict_fn", "output_fn"} & vars(handler).keys()


def test_the_toolkit_no_longer_decodes_bodies(
    model_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the toolkit is installed, loading the model empties its list of text types."""
    package, module = ModuleType("sagemaker_inference"), ModuleType("content_types")
    text_types = ["application/json", "text/csv"]
    package.__dict__["content_types"] = module
    module.__dict__["UTF8_TYPES"] = text_types
    monkeypatch.setitem(sys.modules, package.__name__, package)
    model_fn(str(model_dir))
    assert text_types == []
