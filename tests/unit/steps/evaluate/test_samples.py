"""Tests of the samples: which test images a model package takes along."""

from collections.abc import Callable
from pathlib import Path

import pytest

from inference.samples import MAX_SAMPLE_BYTES, MAX_SAMPLES, parse_samples
from steps.evaluate.prediction import LabelledImage, Prediction
from steps.evaluate.samples import choose_samples, write_samples

Predict = Callable[..., Prediction]


@pytest.fixture
def predict(tmp_path: Path) -> Predict:
    """A function that makes an image file and the answer to it."""

    def make(file: str, *, probability: float, num_bytes: int = 3) -> Prediction:
        path = tmp_path / "originals" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as image:
            image.truncate(num_bytes)
        label = file.partition("/")[0]
        return Prediction(
            image=LabelledImage(file=file, label=label, path=path),
            response={"predicted_label": label, "probability": probability},
        )

    return make


def chosen(predictions: list[Prediction]) -> list[str]:
    """Files of the samples among some answers."""
    return [prediction.image.file for prediction in choose_samples(predictions)]


def test_each_label_gives_its_clearest_answer(predict: Predict) -> None:
    """Of each label the most probable answer is a sample; of equal ones the first file's."""
    predictions = [
        predict("dog/2.png", probability=0.8),
        predict("dog/1.png", probability=0.8),
        predict("ant/2.png", probability=0.9),
        predict("ant/1.png", probability=0.7),
    ]
    assert chosen(predictions) == ["ant/2.png", "dog/1.png"]
    assert chosen(predictions[::-1]) == ["ant/2.png", "dog/1.png"]


def test_many_labels_are_thinned_out_evenly(predict: Predict) -> None:
    """Of 40 labels 16 give samples, from the first one on, two or three apart."""
    predictions = [predict(f"{index:02}/0.png", probability=0.5) for index in range(40)]
    files = chosen(predictions)
    assert len(files) == MAX_SAMPLES
    assert files[:4] == ["00/0.png", "02/0.png", "05/0.png", "07/0.png"]
    assert files[-1] == "37/0.png"


def test_images_that_no_request_can_hold_are_left_out(predict: Predict) -> None:
    """An image of 6 MiB is a sample, and a larger one is none, however clear its answer is."""
    predictions = [
        predict("dog/large.png", probability=0.9, num_bytes=MAX_SAMPLE_BYTES + 1),
        predict("dog/small.png", probability=0.6, num_bytes=MAX_SAMPLE_BYTES),
    ]
    assert chosen(predictions) == ["dog/small.png"]


def test_the_list_and_the_images_are_written(predict: Predict, tmp_path: Path) -> None:
    """The list names each image, its media type and the answer, and the bytes lie beside it."""
    prediction = predict("ant & bee/1.JPG", probability=0.75)
    prediction.image.path.write_bytes(b"the bytes")
    write_samples(tmp_path / "samples", [prediction])
    [sample] = parse_samples((tmp_path / "samples" / "samples.json").read_bytes())
    assert sample.file == "images/ant & bee/1.JPG"
    assert sample.content_type == "image/jpeg"
    assert sample.response == {"predicted_label": "ant & bee", "probability": 0.75}
    assert (tmp_path / "samples" / sample.file).read_bytes() == b"the bytes"


def test_a_package_without_samples_is_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Where no image is small enough the list is empty, and the log says what that means."""
    write_samples(tmp_path, [])
    assert (tmp_path / "samples.json").read_text(encoding="utf-8") == "[]\n"
    assert caplog.messages == [
        "No test image has at most 6291456 bytes: the model package gets no samples, and a "
        "deployment of it would fail its smoke test."
    ]
