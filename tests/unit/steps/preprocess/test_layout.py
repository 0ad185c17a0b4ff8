"""Finding the label folders in the layouts of image collections."""

import os
from pathlib import Path

import pytest

from steps.preprocess.layout import LayoutError, find_images


def touch(root: Path, *names: str) -> Path:
    """Create empty files."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


@pytest.mark.parametrize(
    "home",
    [
        pytest.param("", id="as-is"),
        pytest.param("collection", id="one-down"),
        pytest.param("images", id="cub-200-2011"),
        pytest.param("CUB_200_2011/images", id="cub-200-2011-unpacked"),
        pytest.param("Images", id="stanford-dogs"),
    ],
)
def test_label_folders_are_found(home: str, tmp_path: Path) -> None:
    """Labels are the folders' names as given, wherever the collection keeps them."""
    touch(tmp_path / home, "001.Black cat/a.JPG", "001.Black cat/b.webp", "dog/a.jpg")
    layout = find_images(tmp_path)
    assert [file.key for file in layout.files] == [
        "001.Black cat/a.JPG",
        "001.Black cat/b.webp",
        "dog/a.jpg",
    ]
    assert {file.split for file in layout.files} == {None}
    assert layout.ignored == ()


def test_other_folders_of_a_collection_are_not_images(tmp_path: Path) -> None:
    """Masks in label folders beside `images` are no second collection."""
    touch(tmp_path, "images/cat/a.jpg", "images/dog/a.jpg", "segmentations/cat/a.png", "parts.txt")
    layout = find_images(tmp_path)
    assert [file.key for file in layout.files] == ["cat/a.jpg", "dog/a.jpg"]
    assert layout.ignored == ("parts.txt", "segmentations/")


@pytest.mark.parametrize("home", ["", "dogImages"])
def test_ready_made_splits_are_kept(home: str, tmp_path: Path) -> None:
    """Folders `train`, `valid` and `test` decide the splits of their images."""
    touch(tmp_path / home, "train/cat/a.jpg", "valid/cat/b.jpg", "test/cat/c.jpg", "README")
    layout = find_images(tmp_path)
    assert [(file.key, file.split) for file in layout.files] == [
        ("cat/a.jpg", "train"),
        ("cat/b.jpg", "validation"),
        ("cat/c.jpg", "test"),
    ]
    assert layout.ignored == (str(Path(home, "README")),)


def test_names_that_are_no_images_are_listed(tmp_path: Path) -> None:
    """Notes, hidden files and folders inside a label are ignored, not lost silently."""
    touch(tmp_path, "cat/a.png", "cat/notes.txt", "cat/._a.png", "cat/more/b.png", "index.csv")
    layout = find_images(tmp_path)
    assert [file.key for file in layout.files] == ["cat/a.png"]
    assert layout.ignored == ("cat/._a.png", "cat/more/", "cat/notes.txt", "index.csv")


def test_linked_files_count(tmp_path: Path) -> None:
    """A link to an image is an image."""
    touch(tmp_path, "store/a")
    (tmp_path / "raw" / "cat").mkdir(parents=True)
    (tmp_path / "raw" / "cat" / "a.png").symlink_to(tmp_path / "store" / "a")
    assert [file.key for file in find_images(tmp_path / "raw").files] == ["cat/a.png"]


def error_of(raw_dir: Path) -> str:
    """Message of the error that listing raises."""
    with pytest.raises(LayoutError) as caught:
        find_images(raw_dir)
    return str(caught.value)


def test_folder_without_images_says_what_it_holds(tmp_path: Path) -> None:
    """The message shows what was expected and what is there."""
    touch(tmp_path, "manifest.csv", "deep/er/cat/notes.txt")
    assert error_of(tmp_path) == (
        f"No images found under {tmp_path}. Expected <label>/<name>.{{bmp,jpeg,jpg,png,webp}}; "
        "found: deep/, manifest.csv."
    )


def test_missing_folder_holds_nothing(tmp_path: Path) -> None:
    """A folder that is not there is one without images."""
    assert error_of(tmp_path / "raw").endswith("found: nothing.")


def test_two_collections_are_ambiguous(tmp_path: Path) -> None:
    """Two folders with label folders are a question to the user."""
    touch(tmp_path, "old/cat/a.png", "new/cat/a.png")
    assert error_of(tmp_path) == (
        f"Several folders of {tmp_path} hold images: new/, old/. Pass one of them."
    )


def test_image_in_two_ready_made_splits_is_an_error(tmp_path: Path) -> None:
    """The same file in training and test is a leak."""
    touch(tmp_path, "train/cat/a.jpg", "test/cat/a.jpg")
    assert error_of(tmp_path) == (
        "Image 'cat/a.jpg' is in the splits 'test' and 'train'; "
        "remove one, or training sees what it is tested on."
    )


def test_ready_made_splits_need_one_to_train_on(tmp_path: Path) -> None:
    """Test and validation images alone are no training data."""
    touch(tmp_path, "val/cat/a.jpg", "test/cat/b.jpg")
    assert error_of(tmp_path) == (
        f"Folder {tmp_path} holds ready-made splits without a training split. "
        "Expected 'train/' beside them; found: test/, val/."
    )


def test_names_that_are_no_text_are_refused(tmp_path: Path) -> None:
    """A name that is no UTF-8 could be no key in S3, and no line of a report."""
    touch(tmp_path, "cat/a.png", os.fsdecode(b"cat/caf\xe9.png"), os.fsdecode(b"dog\xff/a.png"))
    assert error_of(tmp_path) == (
        f"2 names of images under {tmp_path} are no UTF-8, for example 'cat/caf\\udce9.png'. "
        "Rename them: keys in S3 are UTF-8."
    )


def test_ignored_names_can_be_written(tmp_path: Path) -> None:
    """The report names every ignored file, whatever its name is made of."""
    touch(tmp_path, "cat/a.png", os.fsdecode(b"caf\xe9.txt"))
    assert find_images(tmp_path).ignored == ("caf\\udce9.txt",)
