"""Tests of Evaluate's script: the real handler, a real split and real archives, all small."""

import csv
import io
import json
import re
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inference.contract import response_fields
from inference.handler import model_fn
from inference.samples import parse_samples
from inference.serving import input_fn, output_fn, predict_fn
from steps.dataset import Dataset
from steps.evaluate.script import main

CONTENT_TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".bmp": "image/bmp",
}


def evaluate(root: Path, *, model: Path, test: Path, approved: Path, options: list[str]) -> None:
    """Run the script with its outputs under `root`."""
    main(
        [
            f"--model-dir={model}",
            f"--test-dir={test}",
            f"--approved-dir={approved}",
            f"--baseline-dir={root / 'baseline'}",
            f"--evaluation-dir={root / 'evaluation'}",
            f"--samples-dir={root / 'samples'}",
            *options,
        ]
    )


@pytest.fixture(scope="module")
def outputs(
    tmp_path_factory: pytest.TempPathFactory,
    model_dir: Path,
    test_dir: Path,
    make_archive: Callable[..., Path],
) -> Path:
    """What the script writes about a model that is compared with another one."""
    root = tmp_path_factory.mktemp("outputs")
    approved = make_archive(seed=1)
    evaluate(root, model=model_dir, test=test_dir, approved=approved, options=[])
    return root


def read_json(path: Path) -> Any:
    """Content of a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def ask(model_dir: Path, test_dir: Path, scratch: Path) -> dict[str, dict[str, Any]]:
    """The handler's answer to each test image, as an endpoint would give it."""
    with tarfile.open(model_dir / "model.tar.gz") as archive:
        archive.extractall(scratch, filter="data")
    model = model_fn(str(scratch))
    answers = {}
    for file in Dataset.open(test_dir).files:
        path = test_dir / "originals" / file
        data = input_fn(path.read_bytes(), CONTENT_TYPES[path.suffix])
        answers[file] = json.loads(output_fn(predict_fn(data, model), "application/json")[0])
    return answers


def test_predictions_are_the_handler_s_answers(
    outputs: Path, model_dir: Path, test_dir: Path, tmp_path: Path
) -> None:
    """The CSV holds, ordered by file, what the handler answers to the original bytes."""
    text = (outputs / "evaluation" / "predictions.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    answers = ask(model_dir, test_dir, tmp_path)
    assert [row["file"] for row in rows] == sorted(answers)
    assert list(rows[0]) == ["file", "actual_label", *sorted(next(iter(answers.values())))]
    for row in rows:
        answer = {name: str(value) for name, value in answers[row["file"]].items()}
        assert row == {
            "file": row["file"],
            "actual_label": row["file"].partition("/")[0],
            **answer,
        }


def test_report_counts_the_predictions(
    outputs: Path, model_dir: Path, test_dir: Path, tmp_path: Path
) -> None:
    """The report's figures are those of the answers, counted one by one."""
    report = read_json(outputs / "evaluation" / "evaluation.json")
    answers = ask(model_dir, test_dir, tmp_path)
    pairs = [
        (file.partition("/")[0], answer["predicted_label"]) for file, answer in answers.items()
    ]
    assert report["num_images"] == len(pairs) == 12
    accuracy = sum(actual == predicted for actual, predicted in pairs) / 12
    assert report["metrics"]["accuracy"]["value"] == pytest.approx(accuracy)
    counts = {
        actual: {
            predicted: pairs.count((actual, predicted))
            for predicted in sorted({guess for label, guess in pairs if label == actual})
        }
        for actual in sorted({actual for actual, _ in pairs})
    }
    assert report["confusion_matrix"] == counts
    assert report["per_label"]["dog"]["num_images"] == 4
    assert report["per_label"]["dog"]["recall"] == counts["dog"].get("dog", 0) / 4
    assert report["data_digest"] == "d" * 64


def test_comparison_counts_what_only_one_model_gets_right(
    outputs: Path,
    model_dir: Path,
    test_dir: Path,
    tmp_path: Path,
    make_archive: Callable[..., Path],
) -> None:
    """The comparison says how many images were gained and lost, and the difference in accuracy."""
    new = ask(model_dir, test_dir, tmp_path / "new")
    old = ask(make_archive(seed=1), test_dir, tmp_path / "old")
    right = {
        name: {
            file
            for file, answer in answers.items()
            if file.partition("/")[0] == answer["predicted_label"]
        }
        for name, answers in (("new", new), ("old", old))
    }
    assert right["new"] != right["old"], "the two models must differ for this test to say anything"
    assert read_json(outputs / "evaluation" / "evaluation.json")["comparison"] == {
        "has_approved_model": True,
        "approved_accuracy": {"value": pytest.approx(len(right["old"]) / 12)},
        "accuracy_change": {"value": pytest.approx((len(right["new"]) - len(right["old"])) / 12)},
        "num_images_gained": len(right["new"] - right["old"]),
        "num_images_lost": len(right["old"] - right["new"]),
    }


def test_baselines_describe_the_responses(outputs: Path) -> None:
    """The four files hold every response field, its sign and its domain, without exponents."""
    folder = outputs / "baseline"
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.json"))
    assert files == [
        "data_quality/constraints.json",
        "data_quality/statistics.json",
        "model_quality/constraints.json",
        "model_quality/statistics.json",
    ]
    fields = response_fields(3)
    statistics = read_json(folder / "data_quality" / "statistics.json")
    constraints = read_json(folder / "data_quality" / "constraints.json")
    assert statistics["dataset"] == {"item_count": 12}
    types = [(feature["name"], feature["inferred_type"]) for feature in statistics["features"]]
    assert types == [(field.name, field.type) for field in fields]
    by_name = {feature["name"]: feature for feature in constraints["features"]}
    for field in fields:
        if field.type == "Fractional":
            expected = {"is_non_negative": field.is_non_negative}
            assert by_name[field.name]["num_constraints"] == expected
    domain = {"domains": ["<b>cat", "ant & bee", "dog"]}
    assert by_name["predicted_label"]["string_constraints"] == domain
    assert by_name["top_3_label"]["string_constraints"] == domain
    quality = read_json(folder / "model_quality" / "statistics.json")
    metrics = quality["multiclass_classification_metrics"]
    report = read_json(outputs / "evaluation" / "evaluation.json")
    assert metrics["accuracy"] == {
        "value": report["metrics"]["accuracy"]["value"],
        "standard_deviation": "NaN",
    }
    for name in files:
        text = re.sub(r'"[^"]*"', "", (folder / name).read_text(encoding="utf-8"))
        assert re.findall(r"[0-9.][eE]", text) == []


def test_page_is_self_contained_and_escaped(outputs: Path) -> None:
    """The page shows every part, embeds its pictures, loads nothing, and escapes the labels."""
    text = (outputs / "evaluation" / "report.html").read_text(encoding="utf-8")
    titles = re.findall(r"<h2>(.*?)</h2>", text)
    assert titles == [
        "Against the approved model",
        "Confusion matrix",
        "Calibration",
        "Worst mistakes",
        "Labels",
        "Training",
        "Baseline",
        "Figures for the gate",
    ]
    assert "<b>" not in text
    assert "&lt;b&gt;cat" in text
    assert "epoch 1 is kept" in text
    assert set(re.findall(r'src="([^,]*),', text)) == {"data:image/png;base64"}
    assert re.findall(r"<script|<link|https?:|url\(|@import", text) == []


def test_no_model_is_approved_yet(
    tmp_path: Path, model_dir: Path, test_dir: Path, placeholder_dir: Path
) -> None:
    """With the placeholder there is nothing to lose: the change is 0, and the page says why."""
    evaluate(tmp_path, model=model_dir, test=test_dir, approved=placeholder_dir, options=[])
    assert read_json(tmp_path / "evaluation" / "evaluation.json")["comparison"] == {
        "has_approved_model": False,
        "approved_accuracy": {"value": 0.0},
        "accuracy_change": {"value": 0.0},
        "num_images_gained": 0,
        "num_images_lost": 0,
    }
    page = (tmp_path / "evaluation" / "report.html").read_text(encoding="utf-8")
    assert "No model was approved when this one was evaluated." in page


def test_same_inputs_same_bytes(
    outputs: Path,
    tmp_path: Path,
    model_dir: Path,
    test_dir: Path,
    make_archive: Callable[..., Path],
) -> None:
    """Running again writes the same files, byte for byte."""
    approved = make_archive(seed=1)
    evaluate(tmp_path, model=model_dir, test=test_dir, approved=approved, options=[])
    paths = [path.relative_to(outputs) for path in sorted(outputs.rglob("*")) if path.is_file()]
    assert len(paths) == 11
    assert [(tmp_path / path).read_bytes() for path in paths] == [
        (outputs / path).read_bytes() for path in paths
    ]


def test_samples_are_the_handler_s_answers_to_the_original_bytes(
    outputs: Path, model_dir: Path, test_dir: Path, tmp_path: Path
) -> None:
    """One sample of each label goes along: its bytes, its media type and what was answered."""
    answers = ask(model_dir, test_dir, tmp_path)
    samples = parse_samples((outputs / "samples" / "samples.json").read_bytes())
    files = [sample.file.removeprefix("images/") for sample in samples]
    assert sorted(file.partition("/")[0] for file in files) == ["<b>cat", "ant & bee", "dog"]
    for file, sample in zip(files, samples, strict=True):
        assert sample.response == answers[file]
        assert sample.content_type == CONTENT_TYPES[Path(file).suffix]
        original = (test_dir / "originals" / file).read_bytes()
        assert (outputs / "samples" / sample.file).read_bytes() == original


def test_smoke_run_takes_evenly_spaced_images(
    tmp_path: Path, model_dir: Path, test_dir: Path, placeholder_dir: Path
) -> None:
    """With `--max-images 3`, three images are asked about, of all three labels."""
    evaluate(
        tmp_path,
        model=model_dir,
        test=test_dir,
        approved=placeholder_dir,
        options=["--max-images=3"],
    )
    report = read_json(tmp_path / "evaluation" / "evaluation.json")
    assert report["num_images"] == 3
    assert [figures["num_images"] for figures in report["per_label"].values()] == [1, 1, 1]


@pytest.mark.parametrize("approved", ["missing", "empty"])
def test_missing_approved_input_is_an_error(
    approved: str, tmp_path: Path, model_dir: Path, test_dir: Path
) -> None:
    """An input that did not arrive is never taken for "no model is approved"."""
    folder = tmp_path / approved
    if approved == "empty":
        folder.mkdir()
    with pytest.raises(FileNotFoundError) as caught:
        evaluate(tmp_path, model=model_dir, test=test_dir, approved=folder, options=[])
    assert str(caught.value) == (
        f"Input 'approved' at {folder} is empty. Expected 'model.tar.gz', or the placeholder that "
        "says that no model is approved."
    )
    assert not (tmp_path / "evaluation").exists()


def test_missing_model(tmp_path: Path, test_dir: Path, placeholder_dir: Path) -> None:
    """Without an archive the job stops, and says what it found."""
    with pytest.raises(FileNotFoundError) as caught:
        evaluate(
            tmp_path, model=placeholder_dir, test=test_dir, approved=placeholder_dir, options=[]
        )
    assert str(caught.value) == f"No 'model.tar.gz' in {placeholder_dir}. Found: README.txt."


def test_archive_that_leaves_its_folder(
    tmp_path: Path, test_dir: Path, placeholder_dir: Path
) -> None:
    """An archive whose members climb out of the folder is refused before anything is written."""
    folder = tmp_path / "model"
    folder.mkdir()
    with tarfile.open(folder / "model.tar.gz", "w:gz") as archive:
        archive.add(placeholder_dir / "README.txt", arcname="../../escaped.txt")
    with pytest.raises(tarfile.OutsideDestinationError):
        evaluate(tmp_path, model=folder, test=test_dir, approved=placeholder_dir, options=[])


def test_labels_that_differ(
    tmp_path: Path, test_dir: Path, placeholder_dir: Path, make_archive: Callable[..., Path]
) -> None:
    """A model for other labels than the test split's is refused, with the difference."""
    model = make_archive(labels=("ant & bee", "dog", "owl"))
    with pytest.raises(ValueError, match=r"^The model") as caught:
        evaluate(tmp_path, model=model, test=test_dir, approved=placeholder_dir, options=[])
    assert str(caught.value) == (
        "The model tells 3 labels apart and the test split has 3; they differ in: <b>cat, owl. "
        "Evaluate on a split of the same data."
    )


def test_original_that_is_missing(
    tmp_path: Path, model_dir: Path, test_dir: Path, placeholder_dir: Path
) -> None:
    """An image that the split lists and does not hold stops the job."""
    split = tmp_path / "split"
    shutil.copytree(test_dir, split)
    (split / "originals" / "dog" / "1.jpg").unlink()
    with pytest.raises(FileNotFoundError) as caught:
        evaluate(tmp_path, model=model_dir, test=split, approved=placeholder_dir, options=[])
    assert str(caught.value) == (
        f"Test split {split} lists 1 images that 'originals' does not hold, for example "
        "'dog/1.jpg'. Run Preprocess again."
    )


def test_original_that_the_handler_refuses(
    tmp_path: Path, model_dir: Path, test_dir: Path, placeholder_dir: Path
) -> None:
    """An image that gets no answer stops the job, with its name and the handler's reason."""
    split = tmp_path / "split"
    shutil.copytree(test_dir, split)
    (split / "originals" / "dog" / "1.jpg").write_bytes(b"")
    with pytest.raises(ValueError, match=r"^The handler") as caught:
        evaluate(tmp_path, model=model_dir, test=split, approved=placeholder_dir, options=[])
    assert str(caught.value) == (
        "The handler refuses test image 'dog/1.jpg': The image cannot be read: it is empty."
    )


def test_training_that_is_not_told(
    tmp_path: Path, test_dir: Path, placeholder_dir: Path, make_archive: Callable[..., Path]
) -> None:
    """An artifact without a history says so."""
    model = make_archive(training={"hyperparameters": {}})
    with pytest.raises(ValueError, match=r"^training") as caught:
        evaluate(tmp_path, model=model, test=test_dir, approved=placeholder_dir, options=[])
    assert str(caught.value) == (
        "training.json of the model lacks 'history'. Expected the history of its epochs, the index "
        "of the best one, and the hyperparameters."
    )


@pytest.mark.parametrize("number", ["0", "-1"])
def test_number_of_images_below_one(number: str) -> None:
    """A smoke run asks about one image at least."""
    with pytest.raises(SystemExit) as caught:
        main([f"--max-images={number}"])
    assert caught.value.code == (
        f"Wrong options: argument --max-images: expected 1 or more, got {number}."
    )
