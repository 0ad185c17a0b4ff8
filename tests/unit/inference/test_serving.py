"""The serving functions: what goes in, what comes out, and what is refused."""

import base64
import csv
import io
import json
from http import HTTPStatus
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from inference import serving
from inference.artifact import Artifact
from inference.contract import CONTENT_TYPES, RESPONSE_TYPES, FieldType, response_fields
from inference.errors import RequestError
from inference.handler import model_fn
from inference.images import resize
from inference.serving import input_fn, output_fn, predict_fn


def noise(seed: int, size: tuple[int, int] = (20, 16)) -> Image.Image:
    """A random image of its own size."""
    pixels = np.random.default_rng(seed).integers(0, 256, (*size[::-1], 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def encoded(image: Image.Image, kind: str = "PNG") -> bytes:
    """The image as a file, with a line of metadata."""
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(buffer, kind, exif=exif)
    return buffer.getvalue()


BODY = encoded(noise(0))
SAMPLES = [
    encoded(image, kind)
    for image, kind in [
        (noise(0), "PNG"),
        (noise(0), "JPEG"),
        (noise(0), "WEBP"),
        (noise(0), "BMP"),
        (noise(0).convert("P"), "PNG"),
        (noise(0).convert("CMYK"), "JPEG"),
        (Image.new("I;16", (9, 9), 40_000), "PNG"),
    ]
]
TEXT = base64.b64encode(BODY).decode()


@pytest.fixture
def model(model_dir: Path) -> Artifact:
    """The tiny artifact as the handler loads it."""
    return model_fn(str(model_dir))


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        pytest.param(BODY, "image/png", id="bytes"),
        pytest.param(bytearray(BODY), "application/x-image", id="bytearray"),
        pytest.param(BODY, "Image/JPEG; charset=binary", id="parameters"),
        pytest.param(BODY, "image/webp", id="webp"),
        pytest.param(BODY, "image/bmp", id="bmp"),
        pytest.param(json.dumps({"image": TEXT}), "application/json", id="json-text"),
        pytest.param(
            bytearray(json.dumps({"image": TEXT}).encode()),
            "application/json; charset=utf-8",
            id="json-bytearray",
        ),
    ],
)
def test_one_image_in_any_form_is_the_same_image(
    body: bytes | bytearray | str, content_type: str
) -> None:
    """Bytes, bytearrays and base64 in JSON decode to the same pixels."""
    (image,) = input_fn(body, content_type)
    assert image.tobytes() == noise(0).transpose(Image.Transpose.ROTATE_270).tobytes()


@pytest.mark.parametrize(
    "document",
    [
        pytest.param({"image": [TEXT, TEXT]}, id="list-of-texts"),
        pytest.param([{"image": TEXT}, {"image": TEXT}], id="list-of-objects"),
    ],
)
def test_several_images_come_in_one_json_document(document: object) -> None:
    """Either the text or the object may be a list."""
    assert len(input_fn(json.dumps(document), "application/json")) == 2


FORM = 'The JSON body must be {"image": "<base64>"}, or hold a list of images in its place.'


@pytest.mark.parametrize(
    ("body", "content_type", "status", "message"),
    [
        pytest.param(
            BODY,
            "text/plain; charset=utf-8",
            415,
            "Unsupported content type 'text/plain'. "
            "Supported: application/x-image, image/bmp, image/jpeg, image/png, image/webp, "
            "application/json.",
            id="content-type",
        ),
        pytest.param(
            BODY,
            None,
            415,
            "Unsupported content type ''. "
            "Supported: application/x-image, image/bmp, image/jpeg, image/png, image/webp, "
            "application/json.",
            id="no-content-type",
        ),
        pytest.param(b"", "image/png", 400, "The image cannot be read: it is empty.", id="empty"),
        pytest.param(None, "image/png", 400, "The image cannot be read: it is empty.", id="none"),
        pytest.param(
            b"hello",
            "image/png",
            400,
            "The image cannot be read: it is no PNG, JPEG, WebP or BMP image.",
            id="no-image",
        ),
        pytest.param(b"", "application/json", 400, "The body is not JSON.", id="empty-json"),
        pytest.param(b"\xff", "application/json", 400, "The body is not JSON.", id="no-text"),
        pytest.param("[" * 99_999, "application/json", 400, "The body is not JSON.", id="deep"),
        pytest.param("[]", "application/json", 400, FORM, id="no-images"),
        pytest.param('{"image": []}', "application/json", 400, FORM, id="empty-list"),
        pytest.param('{"image": 1}', "application/json", 400, FORM, id="number"),
        pytest.param('{"picture": ""}', "application/json", 400, FORM, id="other-key"),
        pytest.param("3", "application/json", 400, FORM, id="no-object"),
        pytest.param(
            '{"image": "????"}',
            "application/json",
            400,
            "The value of 'image' is not base64.",
            id="no-base64",
        ),
        pytest.param(
            '{"image": "\\u00e9"}',
            "application/json",
            400,
            "The value of 'image' is not base64.",
            id="no-ascii",
        ),
    ],
)
def test_unreadable_requests_are_refused(
    body: bytes | str | None, content_type: str | None, status: int, message: str
) -> None:
    """What a caller did wrong is a status of the 4xx range and one sentence."""
    with pytest.raises(RequestError) as caught:
        input_fn(body, content_type)
    assert (caught.value.status, str(caught.value)) == (status, message)


def test_too_large_a_body_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit counts bytes of the body."""
    monkeypatch.setattr(serving, "MAX_BODY_BYTES", 10)
    with pytest.raises(RequestError) as caught:
        input_fn(BODY, "image/png")
    assert caught.value.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert str(caught.value) == f"The body has {len(BODY)} bytes; at most 10 are read."


def test_images_of_a_request_share_one_allowance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many images cannot unpack to more than one image may."""
    monkeypatch.setattr(serving, "MAX_IMAGE_PIXELS", 500)
    with pytest.raises(RequestError) as caught:
        input_fn(json.dumps({"image": [TEXT, TEXT]}), "application/json")
    assert caught.value.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert str(caught.value) == (
        "The image cannot be read: it has 20 x 16 pixels; at most 180 are read."
    )


def test_too_many_images_are_refused_before_they_are_decoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The limit counts the images of a JSON document, however they are listed."""
    monkeypatch.setattr(serving, "MAX_IMAGES", 2)
    document = [{"image": ["?", "?"]}, {"image": "?"}]
    with pytest.raises(RequestError) as caught:
        input_fn(json.dumps(document), "application/json")
    assert (caught.value.status, str(caught.value)) == (
        413,
        "The request holds 3 images; at most 2 are answered.",
    )


def attempt(body: bytes | str, content_type: str) -> int:
    """Status of a request's decoding: 200 where it gives RGB images."""
    try:
        images = input_fn(body, content_type)
    except RequestError as error:
        return int(error.status)
    return HTTPStatus.OK if {image.mode for image in images} == {"RGB"} else 0


@given(
    st.sampled_from([b"", BODY[:40], b"\xff\xd8\xff\xe0", b"RIFF\x10\x00\x00\x00WEBPVP8 ", b"BM"]),
    st.binary(max_size=60) | st.integers(0, len(BODY)).map(lambda end: BODY[40:end]),
    st.sampled_from([*CONTENT_TYPES, "text/csv"]) | st.text(max_size=5),
)
def test_arbitrary_bodies_raise_the_declared_error_only(
    start: bytes, rest: bytes, content_type: str
) -> None:
    """Bytes that resemble an image are decoded or refused, and raise nothing else."""
    assert attempt(start + rest, content_type) in {200, 400, 413, 415}


@given(
    st.sampled_from(SAMPLES),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=4),
    st.floats(0, 1),
)
@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, about the metadata
def test_damaged_images_raise_the_declared_error_only(
    sample: bytes, changes: list[tuple[float, int]], kept: float
) -> None:
    """An image with a few bytes changed and its end cut is decoded or refused."""
    body = bytearray(sample)
    for place, value in changes:
        body[int(place * len(body))] = value
    assert attempt(bytes(body[: round(kept * len(body))]), "image/png") in {200, 400, 413}


@given(
    st.recursive(
        st.none() | st.text(max_size=8) | st.just(TEXT) | st.floats(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["image", "x"]), inner, max_size=2)
        ),
        max_leaves=6,
    )
)
def test_arbitrary_json_raises_the_declared_error_only(document: object) -> None:
    """Any JSON document is images or refused, and raises nothing else."""
    assert attempt(json.dumps(document), "application/json") in {200, 400}


def test_response_has_the_contracts_fields(model: Artifact) -> None:
    """The keys are those of the contract, in order, and each value is of its field's type."""
    (response,) = predict_fn([noise(1)], model)
    fields = response_fields(len(model.labels))
    assert list(response) == [field.name for field in fields]
    for field in fields:
        value = response[field.name]
        assert isinstance(value, str if field.type is FieldType.STRING else float)
        assert not field.is_non_negative or float(value) >= 0


def test_probabilities_and_entropy_are_the_networks(model: Artifact) -> None:
    """The ranking, its probabilities and their entropy follow from the logits of the pixels."""
    image = noise(2)
    (response,) = predict_fn([image], model)
    pixels = resize(image, 16) / 255
    normalized = (pixels - model.spec.normalization.mean) / model.spec.normalization.std
    tensor = model.network.head.weight.new_tensor(normalized.transpose(2, 0, 1)[None])
    logits = model.network(tensor)[0].detach().numpy().astype(np.float64)
    expected = np.exp(logits) / np.exp(logits).sum()
    order = np.argsort(expected)[::-1]
    names = ["probability", "top_2_probability", "top_3_probability"]
    np.testing.assert_allclose(
        [float(response[name]) for name in names], expected[order], rtol=1e-5
    )
    assert [response[name] for name in ("predicted_label", "top_2_label", "top_3_label")] == [
        model.labels[index] for index in order
    ]
    assert response["entropy"] == pytest.approx(-(expected * np.log(expected)).sum(), rel=1e-5)


def test_an_answer_does_not_depend_on_the_other_images(model: Artifact) -> None:
    """Every answer in a list is, to the bit, the answer to the image alone."""
    images = [noise(seed, size) for seed, size in enumerate([(20, 16), (16, 16), (40, 60)])]
    together = predict_fn(images, model)
    assert together == [predict_fn([image], model)[0] for image in images]


def test_one_answer_is_json(model: Artifact) -> None:
    """JSON is the default: one object, keys sorted."""
    prediction = predict_fn([noise(0)], model)
    for accept in (None, "", "*/*", "application/json", "text/html, application/*;q=0.8"):
        body, content_type = output_fn(prediction, accept)
        assert (json.loads(body), content_type) == (prediction[0], "application/json")
        assert list(json.loads(body)) == sorted(prediction[0])


def test_several_answers_are_json_lines(model: Artifact) -> None:
    """Each line is one answer, in the order of the images."""
    prediction = predict_fn([noise(0), noise(1)], model)
    for accept in ("application/json", "application/jsonlines"):
        body, content_type = output_fn(prediction, accept)
        assert content_type == "application/jsonlines"
        assert body.endswith(b"\n")
        assert [json.loads(line) for line in body.splitlines()] == prediction


def test_csv_has_the_fields_as_columns(model: Artifact) -> None:
    """Each row holds the values of one answer, in the order of the fields."""
    prediction = predict_fn([noise(0), noise(1)], model)
    body, content_type = output_fn(prediction, "text/csv")
    rows = list(csv.reader(io.StringIO(body.decode())))
    assert content_type == "text/csv"
    assert rows == [[str(value) for value in response.values()] for response in prediction]


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        pytest.param("text/csv;q=0.5, application/json;q=0.9", "application/json", id="quality"),
        pytest.param("text/csv, application/json", "text/csv", id="first-of-equals"),
        pytest.param("text/html, text/*;q=0.1", "text/csv", id="range"),
        pytest.param("*/*, application/json;q=0", "application/jsonlines", id="refused"),
        pytest.param("*/*;q=0, text/csv", "text/csv", id="all-others-refused"),
        pytest.param("application/json;Q=0.2;charset=utf-8, TEXT/CSV", "text/csv", id="case"),
        pytest.param("text/csv;q=high, */*;q=0.1", "application/json", id="no-number"),
        pytest.param("text/csv;charset=utf-8", "text/csv", id="parameter"),
    ],
)
def test_the_best_liked_media_type_is_written(model: Artifact, accept: str, expected: str) -> None:
    """The more specific range decides, then the quality, then the order."""
    assert output_fn(predict_fn([noise(0)], model), accept)[1] == expected


@pytest.mark.parametrize("accept", ["image/png", "application/json;q=0", "text/csv;q=nan"])
def test_unsupported_accept_is_refused(model: Artifact, accept: str) -> None:
    """A media type that cannot be written is status 406."""
    with pytest.raises(RequestError) as caught:
        output_fn(predict_fn([noise(0)], model), accept)
    assert (caught.value.status, str(caught.value)) == (
        406,
        f"Unsupported accept '{accept}'. "
        "Supported: application/json, application/jsonlines, text/csv.",
    )


@given(st.text(max_size=40) | st.text("aqcstvx/*;=,.01", max_size=40))
def test_arbitrary_accept_headers_raise_the_declared_error_only(accept: str) -> None:
    """Any header selects a media type or is refused, and raises nothing else."""
    try:
        found = output_fn([{"probability": 0.5}], accept)[1]
    except RequestError as error:
        found = str(error)
    refusal = f"Unsupported accept '{accept}'. Supported: {', '.join(RESPONSE_TYPES)}."
    assert found in {*RESPONSE_TYPES, refusal}


@pytest.mark.parametrize("name", ["head.bias", "projections"])
def test_outputs_that_are_no_numbers_are_no_answer(model: Artifact, name: str) -> None:
    """A fault of the model is an error, in whatever form the answer would be."""
    model.network.state_dict()[name][0] = float("nan")
    with pytest.raises(ValueError, match=r"^The network's outputs are no finite numbers\.$"):
        predict_fn([noise(0)], model)


def test_certain_answers_have_no_entropy(model: Artifact) -> None:
    """A probability of 0 adds nothing, and the entropy of a certainty is 0, without a sign."""
    model.network.head.bias.data += model.network.head.bias.new_tensor([5000.0, 0.0, 0.0])
    (response,) = predict_fn([noise(3)], model)
    assert (response["predicted_label"], response["probability"]) == ("cat", 1.0)
    assert str(response["entropy"]) == "0.0"
