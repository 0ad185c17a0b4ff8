"""Where the images are: finds the label folders in the layouts that image collections come in.

    <label>/<name>                      as is, or in a folder `images` (CUB-200-2011, Stanford Dogs)
    {train,valid,test}/<label>/<name>   ready-made splits (Udacity dogImages); without `valid` or
                                        `test`, some images of `train` become that split

Either may be one folder down, as archives unpack. Labels are the folder names as given.
"""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from steps.preprocess.contract import SUFFIXES
from steps.preprocess.contract import Output as Split
from steps.runtime import InputError

MAX_DEPTH = 2
"""Folders between the input's root and the label folders or ready-made splits."""

_SPLIT_NAMES = {
    "train": Split.TRAIN,
    "val": Split.VALIDATION,
    "valid": Split.VALIDATION,
    "validation": Split.VALIDATION,
    "test": Split.TEST,
}


class LayoutError(InputError):
    """The input is no image folder."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageFile:
    """One image file."""

    label: str
    name: str
    path: Path
    split: Split | None = None
    """The ready-made split that the file was found in."""

    @property
    def key(self) -> str:
        """`<label>/<name>`, what the file is called from here on."""
        return f"{self.label}/{self.name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """What an input holds."""

    files: tuple[ImageFile, ...]
    """Sorted by key."""
    ignored: tuple[str, ...]
    """Paths relative to the input's root, folders with a final slash; sorted."""


def find_images(raw_dir: Path) -> Layout:
    """List the image files of an input folder, by their names alone.

    Raises:
        LayoutError: There are none, several folders could be meant, there are ready-made splits
            without a training split, or a name is there twice or no text.
    """
    root = _image_root(raw_dir, MAX_DEPTH)
    if root is None:
        found = ", ".join(sorted(_shown(path) for path in _entries(raw_dir))[:10]) or "nothing"
        raise LayoutError(
            f"No images found under {raw_dir}. "
            f"Expected <label>/<name>.{{{','.join(suffix[1:] for suffix in SUFFIXES)}}}; "
            f"found: {found}."
        )
    splits = _ready_made_splits(root)
    if splits and Split.TRAIN not in splits.values():
        found = ", ".join(sorted(_shown(path) for path in splits))
        raise LayoutError(
            f"Folder {root} holds ready-made splits without a training split. "
            f"Expected 'train/' beside them; found: {found}."
        )
    homes: Mapping[Path, Split | None] = splits or {root: None}
    files = [
        ImageFile(label=label_dir.name, name=path.name, path=path, split=split)
        for home, split in homes.items()
        for label_dir in _entries(home)
        if label_dir.is_dir()
        for path in _entries(label_dir)
        if _is_image(path)
    ]
    files.sort(key=lambda file: file.key)
    if unreadable := [file for file in files if not _is_text(file.key)]:
        raise LayoutError(
            f"{len(unreadable)} names of images under {raw_dir} are no UTF-8, for example "
            f"'{_shown(unreadable[0].path, raw_dir)}'. Rename them: keys in S3 are UTF-8."
        )
    for first, second in pairwise(files):
        if first.key == second.key:
            raise LayoutError(
                f"Image '{first.key}' is in the splits '{first.split}' and '{second.split}'; "
                "remove one, or training sees what it is tested on."
            )
    taken = {file.path for file in files}
    taken |= {folder for path in taken for folder in path.parents}
    ignored = (_shown(path, raw_dir) for path in _leftovers(raw_dir, taken))
    return Layout(files=tuple(files), ignored=tuple(sorted(ignored)))


def _image_root(directory: Path, depth: int) -> Path | None:
    """The folder at or below `directory` that holds label folders or ready-made splits."""
    if _holds_labels(directory) or _ready_made_splits(directory):
        return directory
    if depth == 0:
        return None
    folders = [path for path in _entries(directory) if path.is_dir()]
    # Collections keep masks and annotations in label folders too, beside their images.
    folders = [path for path in folders if path.name.lower() == "images"] or folders
    roots = [root for path in folders if (root := _image_root(path, depth - 1)) is not None]
    if len(roots) > 1:
        names = ", ".join(sorted(_shown(root, directory) for root in roots)[:10])
        raise LayoutError(f"Several folders of {directory} hold images: {names}. Pass one of them.")
    return roots[0] if roots else None


def _holds_labels(directory: Path) -> bool:
    return any(_is_label(path) for path in _entries(directory))


def _is_label(directory: Path) -> bool:
    return directory.is_dir() and any(_is_image(path) for path in _entries(directory))


def _ready_made_splits(directory: Path) -> dict[Path, Split]:
    return {
        path: _SPLIT_NAMES[path.name.lower()]
        for path in _entries(directory)
        if path.name.lower() in _SPLIT_NAMES and path.is_dir() and _holds_labels(path)
    }


def _leftovers(directory: Path, taken: Container[Path]) -> Iterator[Path]:
    """Everything below `directory` that is not taken; a folder without images counts as one."""
    for path in _entries(directory):
        if path not in taken:
            yield path
        elif path.is_dir():
            yield from _leftovers(path, taken)


def _is_image(path: Path) -> bool:
    # A leading dot marks what tools leave behind, such as `._dog.jpg`, which holds no picture.
    is_named_so = path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
    return is_named_so and path.is_file()


def _entries(directory: Path) -> list[Path]:
    return sorted(directory.iterdir()) if directory.is_dir() else []


def _shown(path: Path, base: Path | None = None) -> str:
    name = path.relative_to(base).as_posix() if base else path.name
    # Bytes that are no text come as surrogates, which no file could be written with.
    name = name.encode("utf-8", "backslashreplace").decode()
    return f"{name}/" if path.is_dir() else name


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
