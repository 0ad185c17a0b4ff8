"""The handler under the real serving toolkit, and under the worker of local endpoints."""

import base64
import io
import json
import os
import struct
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from inference.artifact import Artifact, Spec, write_artifact
from inference.contract import MAX_BODY_BYTES, response_fields
from inference.model import build_classifier
from inference.transforms import IMAGENET
from steps.bundle import ROOT
from tests.waiting import SECONDS

PYTHON = ROOT / ".venv-serving" / "bin" / "python"

pytestmark = [
    pytest.mark.contract,
    pytest.mark.skipif(
        not PYTHON.exists() and "CI" not in os.environ,
        reason="the serving toolkit is not installed; run: make .venv-serving/installed",
    ),
]

TOOLKIT = """
from sagemaker_pytorch_serving_container.handler_service import HandlerService
from ts.context import Context, RequestProcessor

def load(model_dir):
    context = Context("model", model_dir, {}, 1, None, "")
    context.request_processor = [RequestProcessor({})]
    service = HandlerService()
    service.initialize(context)

    def answer(headers, body):
        context.request_processor = [RequestProcessor(headers)]
        [content] = service.handle([{"body": body}], context)
        content = content.encode() if isinstance(content, str) else content
        return context.get_response_status(0)[0], context.get_response_content_type(0), content

    return answer
"""
"""The toolkit's service with TorchServe's context, as TorchServe's workers call it."""

WORKER = """
from pipelines.local.serving.worker import Model

def load(model_dir):
    model = Model(model_dir, os.environ)

    def answer(headers, body):
        request = {
            "content_type": headers.get("Content-Type"),
            "accept": headers.get("Accept"),
            "custom_attributes": None,
        }
        header, content = model.answer(request, body)
        return header["status"], header["content_type"], content

    return answer
"""

DRIVER = """
import base64, json, os, sys
from pathlib import Path
import PIL, torch
cases, answers, *model_dirs = sys.argv[1:]
{load}
functions = [load(model_dir) for model_dir in model_dirs]
found = []
for case in json.loads(Path(cases).read_bytes()):
    body = bytearray(base64.b64decode(case["body"])) * case["num_repeats"]
    status, content_type, content = functions[case["model"]](case["headers"], body)
    found.append([status, content_type, base64.b64encode(content).decode()])
import inference.handler
Path(answers).write_text(json.dumps({{
    "versions": [torch.__version__, PIL.__version__],
    "code": inference.handler.__file__,
    "answers": found,
}}))
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A request, and the status that a caller should see."""

    name: str
    body: bytes
    content_type: str | None = "application/x-image"
    accept: str | None = None
    status: int = 200
    num_repeats: int = 1
    """Times that the body is repeated."""
    is_broken: bool = False
    """Whether the model's weights are no numbers."""

    @property
    def request(self) -> Mapping[str, object]:
        """The request as the driver reads it."""
        headers = {"Content-Type": self.content_type, "Accept": self.accept}
        return {
            "body": base64.b64encode(self.body).decode(),
            "num_repeats": self.num_repeats,
            "headers": {name: text for name, text in headers.items() if text is not None},
            "model": int(self.is_broken),
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """What a caller gets."""

    status: int
    content_type: str
    body: bytes


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """The image as a file."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def bomb() -> bytes:
    """A BMP of 54 bytes that claims 81 million pixels."""
    header = struct.pack("<IiiHHIIiiII", 40, 9000, 9000, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + header


def cases() -> list[Case]:
    """Every kind of image, media type and mistake."""
    pixels = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    photo = Image.fromarray(pixels).resize((320, 240), Image.Resampling.BICUBIC)
    jpeg, png = encoded(photo, "JPEG"), encoded(photo)
    turned = Image.Exif()
    turned[0x0112] = 6
    text = base64.b64encode(jpeg).decode()
    one, several = json.dumps({"image": text}), json.dumps({"image": [text, text]})
    images = {
        "jpeg": jpeg,
        "png": png,
        "webp": encoded(photo, "WEBP"),
        "bmp": encoded(photo, "BMP"),
        "grey": encoded(photo.convert("L")),
        "bilevel": encoded(photo.convert("1")),
        "rgba": encoded(photo.convert("RGBA").rotate(30)),
        "palette": encoded(photo.convert("P")),
        "transparent palette": encoded(photo.convert("P"), transparency=7),
        "cmyk": encoded(photo.convert("CMYK"), "JPEG"),
        "16-bit": encoded(Image.fromarray(pixels[..., 0].astype(np.uint16) * 257)),
        "turned": encoded(photo, "JPEG", exif=turned),
        "animated": encoded(photo, "WEBP", save_all=True, append_images=[photo.rotate(90)]),
        "tiny": encoded(photo.resize((1, 1))),
    }
    accepts = (
        None, "*/*", "application/json", "application/jsonlines", "text/csv", "application/*",
        "text/html, text/csv;q=0.5, application/json;q=0.1", "Application/JSON; charset=utf-8",
    )  # fmt: skip
    json_type = "application/json"
    return [
        *(Case(name=f"image {name}", body=body) for name, body in images.items()),
        *(
            Case(name=f"content type {name}", body=jpeg, content_type=name)
            for name in ("image/jpeg", "image/png", "image/webp", "image/bmp", "Image/JPEG; a=b")
        ),
        *(Case(name=f"accept {accept}", body=png, accept=accept) for accept in accepts),
        *(
            Case(name=f"several, accept {accept}", body=several.encode(), content_type=json_type,
                 accept=accept)
            for accept in accepts
        ),
        Case(name="json", body=one.encode(), content_type=json_type),
        Case(name="json list", body=f"[{one}, {one}]".encode(), content_type=json_type),
        Case(name="json charset", body=one.encode(), content_type=f"{json_type}; charset=utf-8"),
        Case(name="other type", body=jpeg, content_type="text/plain", status=415),
        Case(name="csv body", body=b"1,2", content_type="text/csv", status=415),
        Case(name="csv body, no utf-8", body=b"\xff", content_type="text/csv", status=415),
        Case(name="no type", body=jpeg, content_type=None, status=415),
        Case(name="other accept", body=jpeg, accept="image/png", status=406),
        Case(name="refused accept", body=jpeg, accept="application/json;q=0", status=406),
        Case(name="empty", body=b"", status=400),
        Case(name="no image", body=b"GIF89a", status=400),
        Case(name="truncated", body=jpeg[: len(jpeg) // 2], status=400),
        Case(name="no json", body=b"{", content_type=json_type, status=400),
        Case(name="empty json", body=b"", content_type=json_type, status=400),
        Case(name="json, no utf-8", body=b'{"image": "\xff"}', content_type=json_type, status=400),
        Case(name="json, other keys", body=b'{"x": 1}', content_type=json_type, status=400),
        Case(name="no base64", body=b'{"image": "?"}', content_type=json_type, status=400),
        Case(name="bomb", body=bomb(), status=413),
        Case(name="too large", body=b"x", num_repeats=MAX_BODY_BYTES + 1, status=413),
        Case(name="fault of ours", body=jpeg, is_broken=True, status=500),
        Case(name="fault of ours, csv", body=jpeg, accept="text/csv", is_broken=True, status=500),
        Case(name="afterwards", body=jpeg),
    ]  # fmt: skip


CASES = cases()


@pytest.fixture(scope="module")
def model_dirs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two artifacts with their code: one that answers, and one whose weights are no numbers."""
    torch.manual_seed(0)
    network = build_classifier("small_cnn", num_labels=3).eval()
    spec = Spec(architecture="small_cnn", image_size=32, normalization=IMAGENET)
    artifact = Artifact(network=network, spec=spec, labels=("cat", "dog", "owl, the"))
    folders = [tmp_path_factory.mktemp(name) for name in ("model", "broken")]
    write_artifact(folders[0], artifact, {})
    network.head.bias.data[0] = torch.nan
    write_artifact(folders[1], artifact, {})
    return folders


def _ask(python: Path, load: str, model_dirs: list[Path], scratch: Path) -> dict[str, Any]:
    """Let a driver answer all cases, with the artifact's code first on its import path."""
    requests, answers = scratch / "cases.json", scratch / "answers.json"
    requests.write_text(json.dumps([case.request for case in CASES]))
    result = subprocess.run(
        [python, "-c", DRIVER.format(load=load), requests, answers, *model_dirs],
        cwd=scratch,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(scratch),
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": str(model_dirs[0] / "code"),
            "SAGEMAKER_PROGRAM": "inference.handler",
        },
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    found: dict[str, Any] = json.loads(answers.read_bytes())
    assert found["code"] == str(model_dirs[0] / "code" / "inference" / "handler.py")
    return found


@pytest.fixture(scope="module")
def real(model_dirs: list[Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the real toolkit makes of the cases."""
    return _ask(PYTHON, TOOLKIT, model_dirs, tmp_path_factory.mktemp("toolkit"))


@pytest.fixture(scope="module")
def ours(model_dirs: list[Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the worker of local endpoints makes of the cases."""
    return _ask(Path(sys.executable), WORKER, model_dirs, tmp_path_factory.mktemp("worker"))


def _answer(found: Mapping[str, Any], case: Case) -> Answer:
    status, content_type, body = found["answers"][CASES.index(case)]
    return Answer(status, content_type, base64.b64decode(body))


def test_both_have_the_same_libraries(real: dict[str, Any], ours: dict[str, Any]) -> None:
    """Answers can be equal to the last bit only where torch and Pillow are the same."""
    assert real["versions"] == ours["versions"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_answers_are_equal_to_the_byte(
    real: dict[str, Any], ours: dict[str, Any], case: Case
) -> None:
    """Status, media type and body of a local endpoint are those of the real toolkit."""
    assert _answer(ours, case) == _answer(real, case)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_toolkit_passes_on_answers_and_refusals(real: dict[str, Any], case: Case) -> None:
    """A caller of the real toolkit sees the right status and an answer or one sentence of JSON."""
    answer = _answer(real, case)
    assert answer.status == case.status
    if case.status == 200:
        first_line = answer.body.decode().splitlines()[0]
        if answer.content_type != "text/csv":
            assert json.loads(first_line).keys() == {field.name for field in response_fields(3)}
        return
    assert answer.content_type == "application/json"
    [(key, sentence)] = json.loads(answer.body).items()
    assert key == "error"
    assert sentence.endswith(".")
    assert "Traceback" not in sentence


def test_the_worker_lives_on(real: dict[str, Any]) -> None:
    """After every mistake and fault, an image has the answer that it had before."""
    assert _answer(real, CASES[-1]) == _answer(real, CASES[0])
