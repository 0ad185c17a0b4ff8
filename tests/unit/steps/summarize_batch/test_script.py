"""Tests of SummarizeBatch's script: counts, failures and the table of predictions."""

import csv
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from steps.runtime import InputError
from steps.summarize_batch.script import main


def summarize(images_dir: Path, answers_dir: Path) -> str:
    """Run the script; its output goes to the folder `summary` beside the images."""
    return main(
        [
            f"--images-dir={images_dir}",
            f"--answers-dir={answers_dir}",
            f"--summary-dir={images_dir.parent / 'summary'}",
        ]
    )


def summary(images_dir: Path) -> Any:
    """The written summary."""
    return json.loads((images_dir.parent / "summary" / "summary.json").read_text(encoding="utf-8"))


def predictions(images_dir: Path) -> list[dict[str, str]]:
    """The written table."""
    path = images_dir.parent / "summary" / "predictions.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_whole_batch(images_dir: Path, answers_dir: Path) -> None:
    """Every image has its answer: labels are counted and every field is in the table."""
    assert summarize(images_dir, answers_dir) == "images=3 answers=3 failures=0"
    assert summary(images_dir) == {
        "failures": [],
        "ignored": [],
        "labels": {"<b>dog": 1, "cat": 2},
        "num_answers": 3,
        "num_failures": 0,
        "num_images": 3,
        "unmatched_answers": [],
    }
    assert predictions(images_dir) == [
        {"file": file, "brightness": "0.25", "predicted_label": label, "probability": probability}
        for file, label, probability in (
            ("a/one.png", "cat", "0.9"),
            ("a/two.jpg", "<b>dog", "0.5"),
            ("three.PNG", "cat", "0.7"),
        )
    ]
    files = sorted(path.name for path in (images_dir.parent / "summary").iterdir())
    assert files == ["predictions.csv", "report.html", "summary.json"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(None, "there is none", id="missing"),
        pytest.param("", "it is empty", id="empty"),
        pytest.param("dog,0.5", "object 1 is not JSON", id="csv"),
        pytest.param(
            '{"predicted_label": "dog", "probability": 0.5}\n' * 2,
            "it holds 2 objects, and one image was asked about",
            id="two",
        ),
        pytest.param(
            '{"error": "The image cannot be read."}',
            "it lacks the text 'predicted_label' or the number 'probability'",
            id="error",
        ),
        pytest.param(
            '{"predicted_label": "dog", "probability": null}',
            "it lacks the text 'predicted_label' or the number 'probability'",
            id="no-probability",
        ),
    ],
)
def test_failures(content: str | None, reason: str, images_dir: Path, answers_dir: Path) -> None:
    """An image without an answer that can be read is listed with the reason; the job succeeds."""
    answer = answers_dir / "a" / "two.jpg.out"
    if content is None:
        answer.unlink()
    else:
        answer.write_text(content)
    assert summarize(images_dir, answers_dir) == "images=3 answers=2 failures=1"
    document = summary(images_dir)
    assert document["failures"] == [{"file": "a/two.jpg", "reason": f"No answer to use: {reason}."}]
    assert document["labels"] == {"cat": 2}
    assert [row["file"] for row in predictions(images_dir)] == ["a/one.png", "three.PNG"]


def test_no_answer_at_all(images_dir: Path, tmp_path: Path) -> None:
    """A transform that answered nothing leaves a summary of failures, and a page that opens."""
    assert summarize(images_dir, tmp_path / "none") == "images=3 answers=0 failures=3"
    assert predictions(images_dir) == []
    page = (tmp_path / "summary" / "report.html").read_text(encoding="utf-8")
    assert "3 images, 0 answered" in page


def test_other_files(images_dir: Path, answers_dir: Path) -> None:
    """What is no image by its name is listed, and so are answers to anything else."""
    (images_dir / "README.txt").write_text("hello")
    (images_dir / "a" / "._one.png").write_text("left behind by a tool")
    (answers_dir / "README.txt.out").write_text("{}")
    (answers_dir / "log.txt").write_text("no answer by its name")
    assert summarize(images_dir, answers_dir) == "images=3 answers=3 failures=0"
    document = summary(images_dir)
    assert document["ignored"] == ["README.txt", "a/._one.png"]
    assert document["unmatched_answers"] == ["README.txt.out"]


def test_fields_that_only_some_answers_have(images_dir: Path, answers_dir: Path) -> None:
    """The table has a column for every field, empty where an answer lacks it."""
    answer = {"predicted_label": "cat", "probability": 0.9, "top_3_label": "owl"}
    (answers_dir / "a" / "one.png.out").write_text(json.dumps(answer))
    summarize(images_dir, answers_dir)
    rows = predictions(images_dir)
    assert [row["top_3_label"] for row in rows] == ["owl", "", ""]
    assert [row["brightness"] for row in rows] == ["", "0.25", "0.25"]


def test_name_that_is_no_text(images_dir: Path, answers_dir: Path) -> None:
    """A name whose bytes are no UTF-8 is written in a form that can be read."""
    shutil.copy(images_dir / "a" / "one.png", os.fsencode(images_dir) + b"/\xff.png")
    assert summarize(images_dir, answers_dir) == "images=4 answers=3 failures=1"
    [failure] = summary(images_dir)["failures"]
    assert failure["file"] == r"\udcff.png"


@pytest.mark.parametrize("files", [[], ["notes.txt", "table.csv"]], ids=["empty", "others"])
def test_no_images(files: list[str], tmp_path: Path, answers_dir: Path) -> None:
    """A batch without any image is an error that says what is there, and writes nothing."""
    images = tmp_path / "none"
    images.mkdir()
    for name in files:
        (images / name).write_text("text")
    with pytest.raises(InputError) as caught:
        summarize(images, answers_dir)
    assert str(caught.value) == (
        f"Input 'images' at {images} holds no images. Expected names that end in .bmp, .jpeg, "
        f".jpg, .png, .webp; found: {', '.join(files) or 'nothing'}."
    )
    assert not (tmp_path / "summary").exists()
