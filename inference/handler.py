"""What a model server imports: it loads the model and answers every request, refused ones too.

The serving toolkit answers an exception with its traceback, so none leaves `transform_fn`. The
toolkit also takes `transform_fn` for the whole way from bytes to bytes only in a module that has no
`input_fn`, `predict_fn` or `output_fn`: those are in `inference.serving`.
"""

import json
import logging
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import Protocol

import torch

from inference import serving
from inference.artifact import Artifact, load_artifact
from inference.errors import RequestError
from inference.model import prepare_for_inference

logger = logging.getLogger(__name__)

ERROR_TYPE = "application/json"
"""Media type of every refusal, whatever the caller accepts: `{"error": "<sentence>"}`."""


class Context(Protocol):
    """What the handler uses of the model server's context."""

    def set_response_status(self, code: int, phrase: str) -> None:
        """Answer with another status than 200."""


def model_fn(model_dir: str) -> Artifact:
    """Load the artifact to answer with it, on the GPU where there is one."""
    _leave_bodies_undecoded()
    # TF32 keeps 10 of 23 bits: a deep network on a GPU would fail the samples that a CPU answered.
    torch.backends.cudnn.allow_tf32 = False
    artifact = load_artifact(Path(model_dir))
    network = artifact.network.to("cuda" if torch.cuda.is_available() else "cpu")
    return replace(artifact, network=prepare_for_inference(network))


def transform_fn(
    model: Artifact,
    body: bytes | bytearray | str | None,
    content_type: str | None,
    accept: str | None,
    context: Context,
) -> tuple[bytes, str]:
    """Answer a request, or refuse it with a status and one sentence of JSON.

    Args:
        model: What `model_fn` loaded.
        body: See `inference.serving.input_fn`.
        content_type: Media type of the body.
        accept: Media types that the caller understands.
        context: Told the status of a refusal: of the 4xx range for what the caller did wrong,
            500 for a fault of ours, which the log explains and the answer does not.

    Returns:
        The body and its media type.
    """
    try:
        images = serving.input_fn(body, content_type)
        return serving.output_fn(serving.predict_fn(images, model), accept)
    except RequestError as error:
        status, message = error.status, str(error)
    except Exception:  # the one place that answers for whatever went wrong
        logger.exception("A request failed.")
        status = HTTPStatus.INTERNAL_SERVER_ERROR
        message = "The request failed through no fault of the caller; the endpoint's log has more."
    context.set_response_status(code=status.value, phrase=status.phrase)
    return json.dumps({"error": message}).encode(), ERROR_TYPE


def _leave_bodies_undecoded() -> None:
    """Keep the serving toolkit, where there is one, from decoding bodies of JSON and CSV to text.

    It does so before it calls us, so that bytes that are no UTF-8 would be status 500 and a
    traceback instead of a refusal.
    Source: sagemaker_inference/transformer.py of sagemaker-pytorch-inference 2.0.25, transform
    """
    try:
        from sagemaker_inference import content_types  # type: ignore[import-not-found]
    except ImportError:
        return
    content_types.UTF8_TYPES.clear()
