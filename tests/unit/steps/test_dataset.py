"""Writing a split in parts and reading it back as one."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from steps.dataset import Dataset, DatasetError, PartWriter, write_facts

SIZE = 4
FILES = [("cat/a.png", 0), ("cat/b.png", 0), ("dog/a.png", 1), ("dog/z.png", 1), ("owl/c.png", 2)]


def pixels(index: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """An image of one value."""
    return np.full((SIZE, SIZE, 3), index * 10, dtype=np.uint8)


def write(directory: Path, num_parts: int) -> Path:
    """Write all files, every `num_parts`-th one into the same part."""
    for part in range(num_parts):
        with PartWriter(directory, index=part, num_parts=num_parts, image_size=SIZE) as writer:
            for index in range(part, len(FILES), num_parts):
                writer.add(*FILES[index], pixels(index))
    write_facts(
        directory, {"data_digest": "0f", "image_size": SIZE, "labels": ["cat", "dog", "owl"]}
    )
    return directory


@pytest.mark.parametrize("num_parts", [1, 2, 3, 7])
def test_number_of_parts_changes_nothing(num_parts: int, tmp_path: Path) -> None:
    """However many hosts wrote, and were some of them idle, the rows are the sorted files."""
    dataset = Dataset.open(write(tmp_path, num_parts))
    assert dataset.files == tuple(name for name, _ in FILES)
    assert dataset.label_indices.tolist() == [label for _, label in FILES]
    assert (dataset.labels, dataset.data_digest, len(dataset)) == (("cat", "dog", "owl"), "0f", 5)
    rows = np.array([4, 0, 3, 3])
    assert dataset.take(rows)[:, 0, 0, 0].tolist() == [40, 0, 30, 30]
    assert dataset.take(rows).shape == (4, SIZE, SIZE, 3)


def test_arrays_are_plain_npy_files_with_their_digests(tmp_path: Path) -> None:
    """Each part is what numpy reads, and its facts hold the digests of the values."""
    write(tmp_path, 1)
    images = np.load(tmp_path / "part-000.images.npy")
    labels = np.load(tmp_path / "part-000.labels.npy")
    facts = json.loads((tmp_path / "part-000.json").read_text())
    assert (images == np.stack([pixels(index) for index in range(5)])).all()
    assert labels.dtype == np.int64
    assert facts == {
        "files": [name for name, _ in FILES],
        "images_sha256": hashlib.sha256(images.tobytes()).hexdigest(),
        "labels_sha256": hashlib.sha256(labels.tobytes()).hexdigest(),
        "num_parts": 1,
    }
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "dataset.json",
        "part-000.images.npy",
        "part-000.json",
        "part-000.labels.npy",
    ]


def test_pixels_stay_on_disk_and_taken_ones_are_copies(tmp_path: Path) -> None:
    """Changing what was taken changes no file."""
    dataset = Dataset.open(write(tmp_path, 1))
    taken = dataset.take(np.array([1]))
    taken += 1
    assert dataset.take(np.array([1]))[0, 0, 0].tolist() == [10, 10, 10]
    assert taken[0, 0, 0].tolist() == [11, 11, 11]


def test_failed_writer_leaves_no_part(tmp_path: Path) -> None:
    """A part that broke off halfway is not taken for a whole one."""

    def break_off() -> None:
        with PartWriter(tmp_path, index=0, num_parts=1, image_size=SIZE) as writer:
            writer.add("cat/a.png", 0, pixels(0))
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        break_off()
    assert list(tmp_path.iterdir()) == []


def open_error(directory: Path) -> str:
    """Message of the error that opening a folder raises."""
    with pytest.raises(DatasetError) as caught:
        Dataset.open(directory)
    return str(caught.value)


def test_folder_without_a_dataset_is_no_split(tmp_path: Path) -> None:
    """An empty channel is named."""
    assert open_error(tmp_path) == f"{tmp_path} is no split: it has no 'dataset.json'."


def test_split_without_parts_is_an_error(tmp_path: Path) -> None:
    """Facts alone are no images."""
    write(tmp_path, 0)
    assert open_error(tmp_path) == (
        f"Split {tmp_path} has no parts; expected part-000.json and its arrays."
    )


def test_missing_part_is_an_error(tmp_path: Path) -> None:
    """A host that failed to deliver is noticed."""
    write(tmp_path, 3)
    (tmp_path / "part-001.json").unlink()
    assert open_error(tmp_path) == (
        f"Split {tmp_path} has parts [0, 2]; expected 3, from 0. "
        "A host of Preprocess did not deliver."
    )


def test_missing_array_is_an_error(tmp_path: Path) -> None:
    """A part needs both of its arrays."""
    write(tmp_path, 1)
    (tmp_path / "part-000.images.npy").unlink()
    assert open_error(tmp_path) == (
        f"Split {tmp_path} has no 'part-000.images.npy' beside 'part-000.json'."
    )


def test_arrays_that_do_not_fit_their_facts_are_an_error(tmp_path: Path) -> None:
    """A row more or less is noticed before training."""
    write(tmp_path, 1)
    np.save(tmp_path / "part-000.labels.npy", np.zeros(4, dtype=np.int64))
    assert open_error(tmp_path) == (
        f"{tmp_path}/part-000.labels.npy has shape (4,); "
        "expected (5,) after 'part-000.json' and 'dataset.json'."
    )


def test_image_in_two_parts_is_an_error(tmp_path: Path) -> None:
    """Parts of different jobs do not mix."""
    write(tmp_path, 2)
    facts = json.loads((tmp_path / "part-001.json").read_text())
    facts["files"][0] = "cat/a.png"
    (tmp_path / "part-001.json").write_text(json.dumps(facts))
    assert open_error(tmp_path) == (
        f"Split {tmp_path} holds an image twice; its parts do not belong together."
    )


def test_label_without_images_is_an_error(tmp_path: Path) -> None:
    """A label that a split lacks cannot be learnt or measured."""
    write(tmp_path, 1)
    facts = {"data_digest": "0f", "image_size": SIZE, "labels": ["cat", "dog", "owl", "yak"]}
    (tmp_path / "dataset.json").write_text(json.dumps(facts))
    assert open_error(tmp_path) == (
        f"Split {tmp_path} has no image of 'yak'; expected at least one of each label."
    )
