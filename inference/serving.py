"""Serving functions: bytes to images, images to answers, answers to bytes.

The handler calls `input_fn`, `predict_fn` and `output_fn` in this order for every request, and
Evaluate does the same. The only error that a request can cause is RequestError.
"""

import base64
import binascii
import csv
import io
import json
import math
from collections.abc import Sequence
from functools import lru_cache
from http import HTTPStatus
from typing import TypeAlias

import numpy as np
import torch
from PIL import Image

from inference.artifact import Artifact
from inference.contract import (
    CONTENT_TYPES,
    IMAGE_CONTENT_TYPES,
    MAX_BODY_BYTES,
    MAX_IMAGE_PIXELS,
    MAX_IMAGES,
    MAX_TOP_LABELS,
    PROJECTION_FIELDS,
    RESPONSE_TYPES,
)
from inference.descriptors import describe
from inference.errors import RequestError
from inference.images import ImageError, ImageTooLargeError, decode, resize

Response: TypeAlias = dict[str, float | str]
"""The answer to one image; its keys are `inference.contract.response_fields`, in that order."""

_JSON, _JSON_LINES, _CSV = RESPONSE_TYPES
_ENCODER = json.JSONEncoder(allow_nan=False, sort_keys=True)  # made once, not per answer


def input_fn(body: bytes | bytearray | str | None, content_type: str | None) -> list[Image.Image]:
    """Decode the images of a request.

    Args:
        body: An encoded image; or JSON, `{"image": "<base64>"}`, with a list in the place of
            the text or of the object for several images. None is an empty body.
        content_type: Media type of the body; parameters such as `charset` are ignored.

    Raises:
        RequestError: 415 for another media type, 413 for too much, 400 for what cannot be read.
    """
    media_type = _media_type(content_type or "")
    if media_type not in CONTENT_TYPES:
        raise RequestError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            f"Unsupported content type '{media_type}'. Supported: {', '.join(CONTENT_TYPES)}.",
        )
    body = body or b""
    if len(body) > MAX_BODY_BYTES:
        raise RequestError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"The body has {len(body)} bytes; at most {MAX_BODY_BYTES} are read.",
        )
    if media_type in IMAGE_CONTENT_TYPES:
        encoded = [body.encode("latin-1", "replace") if isinstance(body, str) else bytes(body)]
    else:
        encoded = _images_in_json(body)
    images: list[Image.Image] = []
    # All images of a request share one allowance: they are in memory at the same time.
    num_pixels_left = MAX_IMAGE_PIXELS
    for content in encoded:
        images.append(_decode(content, num_pixels_left))
        num_pixels_left -= images[-1].width * images[-1].height
    return images


def predict_fn(data: Sequence[Image.Image], model: Artifact) -> list[Response]:
    """Answer each image.

    Images go through the network one by one: in a batch, the sums inside it are ordered
    differently, and an answer would depend on what else was asked.

    Raises:
        ValueError: The network's outputs are no finite numbers: a fault of the model.
    """
    return [_respond(image, model) for image in data]


def output_fn(prediction: Sequence[Response], accept: str | None) -> tuple[bytes, str]:
    """Encode answers: JSON for one image, JSON Lines for several, or CSV.

    Args:
        prediction: One response per image.
        accept: Media types that the caller understands, with or without qualities; nothing means
            JSON. CSV has no header line: its columns are the fields in alphabetical order.

    Returns:
        The body and its media type.

    Raises:
        RequestError: 406; none of the media types can be written.
    """
    media_type = _accepted(accept)
    if media_type == _CSV:
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n").writerows(
            response.values() for response in prediction
        )
        return buffer.getvalue().encode(), _CSV
    lines = [_ENCODER.encode(response) for response in prediction]
    if media_type == _JSON and len(lines) == 1:
        return lines[0].encode(), _JSON
    return "".join(f"{line}\n" for line in lines).encode(), _JSON_LINES


def _respond(image: Image.Image, model: Artifact) -> Response:
    # A copy, because a tensor cannot share read-only memory.
    pixels_1hw3 = torch.from_numpy(resize(image, model.spec.image_size).copy()[np.newaxis])
    network = model.network
    with torch.inference_mode():
        images_13hw = model.spec.normalization(pixels_1hw3.to(network.projections.device))
        features_1f = network.embed(images_13hw)
        projections = network.project(features_1f)[0].tolist()
        probabilities = network.classify(features_1f)[0].double().softmax(dim=0).cpu()
        # In nats: -sum(p * ln(p)), where 0 * ln(0) is 0.
        entropy = float(torch.special.entr(probabilities).sum())
        # Stable, so that of equal probabilities the first label wins.
        ranked, ranking = probabilities.sort(descending=True, stable=True)
    if not math.isfinite(sum(projections, start=entropy)):
        raise ValueError("The network's outputs are no finite numbers.")
    response = describe(image)
    response.update(zip(PROJECTION_FIELDS, projections, strict=True))
    response["entropy"] = entropy
    best, *others = zip(
        ranked[:MAX_TOP_LABELS].tolist(), ranking[:MAX_TOP_LABELS].tolist(), strict=True
    )
    response["probability"], response["predicted_label"] = best[0], model.labels[best[1]]
    for rank, (probability, index) in enumerate(others, start=2):
        response[f"top_{rank}_probability"] = probability
        response[f"top_{rank}_label"] = model.labels[index]
    return dict(sorted(response.items()))


def _images_in_json(body: bytes | bytearray | str) -> list[bytes]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RequestError(HTTPStatus.BAD_REQUEST, "The body is not JSON.") from error
    texts: list[object] = []
    for item in document if isinstance(document, list) else [document]:
        if not isinstance(item, dict) or item.keys() != {"image"}:
            raise _not_our_json()
        texts += item["image"] if isinstance(item["image"], list) else [item["image"]]
    if not texts or not all(isinstance(text, str) for text in texts):
        raise _not_our_json()
    if len(texts) > MAX_IMAGES:
        raise RequestError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"The request holds {len(texts)} images; at most {MAX_IMAGES} are answered.",
        )
    try:
        return [base64.b64decode(str(text), validate=True) for text in texts]
    except (binascii.Error, ValueError) as error:
        raise RequestError(HTTPStatus.BAD_REQUEST, "The value of 'image' is not base64.") from error


def _not_our_json() -> RequestError:
    return RequestError(
        HTTPStatus.BAD_REQUEST,
        'The JSON body must be {"image": "<base64>"}, or hold a list of images in its place.',
    )


def _decode(content: bytes, max_pixels: int) -> Image.Image:
    try:
        return decode(content, max_pixels=max_pixels)
    except ImageError as error:
        is_large = isinstance(error, ImageTooLargeError)
        status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE if is_large else HTTPStatus.BAD_REQUEST
        raise RequestError(status, f"The image cannot be read: {error}.") from error


def _media_type(text: str) -> str:
    return text.partition(";")[0].strip().lower()


@lru_cache(maxsize=64)  # callers repeat themselves
def _accepted(accept: str | None) -> str:
    """The media type that the caller likes best; of equal ones the first, which may be a range.

    Source: RFC 9110, HTTP Semantics, section 12.5.1, Accept,
        https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1
    """
    preferences = {
        _media_type(item): (_quality(item), -place)
        for place, item in enumerate((accept or "*/*").split(","))
    }

    def preference(offered: str) -> tuple[float, int]:
        # The most specific range decides, so that "*/*, text/csv;q=0" is anything but CSV.
        ranges = (offered, f"{offered.partition('/')[0]}/*", "*/*")
        return next((preferences[name] for name in ranges if name in preferences), (0.0, 0))

    best = max(RESPONSE_TYPES, key=preference)
    quality, _ = preference(best)
    if quality > 0:
        return best
    raise RequestError(
        HTTPStatus.NOT_ACCEPTABLE,
        f"Unsupported accept '{accept}'. Supported: {', '.join(RESPONSE_TYPES)}.",
    )


def _quality(item: str) -> float:
    """Weight of a media type in an Accept header; 1 where it has none, 0 where it is no number."""
    for parameter in item.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
