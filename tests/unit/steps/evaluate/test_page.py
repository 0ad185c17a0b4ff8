"""Tests of the evaluation page: what it shows of perfect models and of others."""

import re
from pathlib import Path

import pytest
from PIL import Image

from inference.contract import response_fields
from monitoring.data_statistics import data_statistics
from steps.evaluate.page import MAX_MISTAKES, evaluation_page
from steps.evaluate.prediction import LabelledImage, Model, Prediction, load_model
from steps.evaluate.report import evaluate


@pytest.fixture(scope="module")
def model(model_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A model of three labels."""
    return load_model(model_dir / "model.tar.gz", tmp_path_factory.mktemp("unpacked"))


def page_of(model: Model, guesses: list[tuple[str, float]], folder: Path) -> str:
    """The page of answers (label, probability) to images that are all of label "dog"."""
    predictions = []
    for index, (label, probability) in enumerate(guesses):
        path = folder / "dog" / f"{index:02}.png"
        path.parent.mkdir(exist_ok=True)
        Image.new("RGB", (8, 8), "red").save(path)
        response: dict[str, float | str] = {
            field.name: 0.5 if field.type == "Fractional" else "" for field in response_fields(3)
        }
        response |= {"predicted_label": label, "probability": probability}
        image = LabelledImage(file=f"dog/{index:02}.png", label="dog", path=path)
        predictions.append(Prediction(image=image, response=response))
    evaluation = evaluate(model.artifact.labels, predictions, approved=None, data_digest="d" * 64)
    statistics = data_statistics(
        {"brightness": [float(prediction.response["brightness"]) for prediction in predictions]}
    )
    return evaluation_page(model, evaluation, statistics)


def test_perfect_model(model: Model, tmp_path: Path) -> None:
    """Without mistakes the page says so, and lists no confusions."""
    text = page_of(model, [("dog", 0.9)] * 3, tmp_path)
    assert "The model made no mistake on these images." in text
    assert "Most frequent confusions" not in text
    assert "<img" not in text


def test_mistakes_are_ordered_by_their_certainty(model: Model, tmp_path: Path) -> None:
    """The mistake that the model was most certain of comes first; right answers are not shown."""
    guesses = [("<b>cat", 0.5), ("dog", 0.99), ("ant & bee", 0.8)]
    text = page_of(model, guesses, tmp_path)
    assert re.findall(r'alt="([^"]*)"', text) == [
        "dog/02.png: actual dog, predicted ant &amp; bee",
        "dog/00.png: actual dog, predicted &lt;b&gt;cat",
    ]
    assert "All 2 mistakes, those that the model was most certain of first." in text


def test_only_the_worst_mistakes_are_shown(model: Model, tmp_path: Path) -> None:
    """A bad model does not make an endless page."""
    text = page_of(model, [("ant & bee", 0.5)] * 30, tmp_path)
    assert text.count("<img") == MAX_MISTAKES
    assert f"{MAX_MISTAKES} of 30 mistakes" in text
