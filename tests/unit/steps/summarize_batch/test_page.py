"""Tests of the batch page."""

import re
from pathlib import Path

from PIL import Image

from steps.summarize_batch.batch import Batch, ScoredImage, read_batch
from steps.summarize_batch.page import MAX_BARS, MAX_PICTURES, MAX_ROWS, summary_page


def batch(images: list[tuple[str, float]], folder: Path, *, num_ignored: int = 0) -> Batch:
    """A batch of answers (label, probability) to images that look alike."""
    path = folder / "image.png"
    Image.new("RGB", (8, 8), "red").save(path)
    return Batch(
        scored=[
            ScoredImage(
                file=f"{index:03}.png",
                path=path,
                response={},
                predicted_label=label,
                probability=probability,
            )
            for index, (label, probability) in enumerate(images)
        ],
        failures=[],
        ignored=[f"{index}.txt" for index in range(num_ignored)],
        unmatched_answers=[],
    )


def test_page_is_self_contained_and_escaped(images_dir: Path, answers_dir: Path) -> None:
    """The page shows every part of a batch, loads nothing, and escapes what models answer."""
    (answers_dir / "three.PNG.out").unlink()
    (images_dir / "notes.txt").write_text("hello")
    (answers_dir / "notes.txt.out").write_text("{}")
    text = summary_page(read_batch(images_dir, answers_dir))
    assert re.findall(r"<h2>(.*?)</h2>", text) == [
        "Failures",
        "Labels",
        "Least certain",
        "Ignored files",
        "Unmatched answers",
    ]
    assert "3 images, 2 answered" in text
    assert "the transform job&#x27;s log says why the model refused one." in text
    assert "<td>No answer to use: there is none.</td>" in text
    assert "<b>" not in text
    assert "&lt;b&gt;dog" in text
    assert set(re.findall(r'src="([^,]*),', text)) == {"data:image/png;base64"}
    assert re.findall(r"<script|<link|https?:|url\(|@import", text) == []


def test_least_certain_images_come_first(tmp_path: Path) -> None:
    """The images with the lowest probabilities are shown, and of a large batch only these."""
    answers = [("cat", 0.3 + (index * 7 % 30) / 100) for index in range(30)]
    text = summary_page(batch(answers, tmp_path))
    shown = re.findall(r'alt="(\d+)\.png', text)
    assert (
        shown
        == [f"{index:03}" for index in sorted(range(30), key=lambda index: index * 7 % 30)][
            :MAX_PICTURES
        ]
    )


def test_picture_that_cannot_be_decoded(images_dir: Path, answers_dir: Path) -> None:
    """An image that the page cannot show is named in its place."""
    (images_dir / "a" / "one.png").write_bytes(b"no picture")
    text = summary_page(read_batch(images_dir, answers_dir))
    assert '<p class="note">a/one.png: predicted cat</p>' in text
    assert text.count("<img") == 2


def test_many_labels(tmp_path: Path) -> None:
    """More labels than the chart has bars are all in a table, the most frequent first."""
    answers = [(f"label-{index:02}", 0.5) for index in range(MAX_BARS + 1)]
    text = summary_page(batch([*answers, ("label-40", 0.5)], tmp_path))
    assert text.count("<title>label-") == MAX_BARS
    assert re.findall(r'<th scope="row">(label-\d+)</th>', text)[:2] == ["label-40", "label-00"]
    assert text.count('<th scope="row">label-') == MAX_BARS + 1


def test_long_lists_are_cut(tmp_path: Path) -> None:
    """A list with too many rows ends with a line that says where the rest is."""
    text = summary_page(batch([("cat", 0.5)], tmp_path, num_ignored=MAX_ROWS + 3))
    assert text.count(".txt</th>") == MAX_ROWS
    assert "3 more are in summary.json." in text


def test_one_image(tmp_path: Path) -> None:
    """A page about one image speaks of one image."""
    text = summary_page(batch([("cat", 0.5)], tmp_path))
    assert "1 image, 1 answered" in text
    assert "1 images" not in text
