"""Tests of asking a model: what happens when the handler does not keep to the contract."""

import logging
from pathlib import Path

import pytest
from PIL import Image

from inference.artifact import Artifact
from steps.dataset import Dataset
from steps.evaluate import prediction
from steps.evaluate.prediction import Model, labelled_images, load_model, predict


@pytest.fixture(scope="module")
def model(model_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A model of three labels."""
    return load_model(model_dir / "model.tar.gz", tmp_path_factory.mktemp("unpacked"))


def test_response_without_a_field(
    model: Model, test_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fields that are missing, of another type or unknown are named."""
    answer = prediction.predict_fn

    def forget(data: list[Image.Image], artifact: Artifact) -> list[dict[str, float | str]]:
        (response,) = answer(data, artifact)
        del response["entropy"]
        return [response | {"brightness": "bright", "colour": "red"}]

    monkeypatch.setattr(prediction, "predict_fn", forget)
    images = labelled_images(Dataset.open(test_dir), test_dir, 1)
    with pytest.raises(ValueError, match=r"^The response") as caught:
        predict(model, images)
    message = str(caught.value)
    assert message.startswith(
        "The response to test image '<b>cat/0.png' does not fit the contract in the fields "
        "brightness, colour, entropy. Expected: blue_mean (float), brightness (float), "
    )


def test_progress_is_logged(
    model: Model,
    test_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A long evaluation says how far it is."""
    monkeypatch.setattr(prediction, "LOG_INTERVAL_SECONDS", 0.0)
    with caplog.at_level(logging.INFO):
        predict(model, labelled_images(Dataset.open(test_dir), test_dir, 2))
    assert caplog.messages[:2] == ["1 of 2 images", "2 of 2 images"]
