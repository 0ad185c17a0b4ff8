"""A split on disk: arrays that training maps into memory, written in parts, one per host.

    dataset.json            data digest, image size and labels; by the first host
    part-000.images.npy     pixels (N, H, W, 3) uint8 of the first host's images
    part-000.labels.npy     index of each image's label, (N,) int64
    part-000.json           names of the images, digests of both arrays, number of parts
    originals/              in the test split, the image files as they came

Readers merge the parts in the order of the names, so that the number of hosts changes nothing.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, TypedDict

import numpy as np
from numpy.typing import NDArray

from inference.files import write_atomically, write_json
from steps.runtime import InputError

DATASET_FILE = "dataset.json"

ORIGINALS_DIR = "originals"
"""Folder of the test split with the image files themselves, `<label>/<name>`, byte for byte."""


class DatasetError(InputError):
    """A split folder is incomplete or contradicts itself."""


class DatasetFacts(TypedDict):
    """Content of `dataset.json`; the same in every split."""

    data_digest: str
    """SHA-256 over the image files, the image size and the fractions of the splits."""
    image_size: int
    labels: list[str]
    """Label names; a label's index is its place here."""


class PartFacts(TypedDict):
    """Content of `part-<index>.json`."""

    files: list[str]
    """`<label>/<name>` of each row."""
    images_sha256: str
    labels_sha256: str
    num_parts: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Dataset:
    """A split, its rows in the order of the file names."""

    data_digest: str
    image_size: int
    labels: tuple[str, ...]
    files: tuple[str, ...]
    """`<label>/<name>` of each row."""
    label_indices: NDArray[np.int64]
    """Label of each row as an index into `labels`, shape (N,)."""
    part_digests: tuple[str, ...]
    """SHA-256 of the arrays of each part."""
    _parts: tuple[NDArray[np.uint8], ...] = field(repr=False)
    _places: NDArray[np.int64] = field(repr=False)
    """Row of each image in the parts laid end to end, shape (N,)."""

    @classmethod
    def open(cls, directory: Path) -> Self:
        """Read a split folder; pixels stay on disk until they are taken.

        Raises:
            DatasetError: Something is missing, parts disagree, or a label has no image.
        """
        facts = _read_facts(directory)
        parts = [_read_part(directory, index, facts) for index in _part_indices(directory)]
        files = [name for part in parts for name in part[0]["files"]]
        places = np.array(sorted(range(len(files)), key=files.__getitem__), dtype=np.int64)
        if len(set(files)) != len(files):
            raise DatasetError(
                f"Split {directory} holds an image twice; its parts do not belong together."
            )
        label_indices = np.concatenate([part[2] for part in parts])[places]
        missing = sorted(set(range(len(facts["labels"]))) - set(label_indices.tolist()))
        if missing:
            names = ", ".join(f"'{facts['labels'][index]}'" for index in missing[:10])
            raise DatasetError(
                f"Split {directory} has no image of {names}; expected at least one of each label."
            )
        return cls(
            data_digest=facts["data_digest"],
            image_size=facts["image_size"],
            labels=tuple(facts["labels"]),
            files=tuple(files[place] for place in places),
            label_indices=label_indices,
            part_digests=tuple(
                digest
                for part, _, _ in parts
                for digest in (part["images_sha256"], part["labels_sha256"])
            ),
            _parts=tuple(part[1] for part in parts),
            _places=places,
        )

    def __len__(self) -> int:
        return len(self.files)

    def take(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Pixels of some rows in the given order, (len(rows), H, W, 3) in memory of their own."""
        places = self._places[rows]
        if len(self._parts) == 1:
            return self._parts[0][places]
        pixels = np.empty((len(rows), self.image_size, self.image_size, 3), dtype=np.uint8)
        start = 0
        for part in self._parts:
            is_inside = (places >= start) & (places < start + len(part))
            pixels[is_inside] = part[places[is_inside] - start]
            start += len(part)
        return pixels


class PartWriter:
    """Writes one host's part of a split, image by image; nothing is kept in memory."""

    def __init__(self, directory: Path, *, index: int, num_parts: int, image_size: int) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._paths = _part_paths(directory, index)
        self._num_parts = num_parts
        self._image_shape = (image_size, image_size, 3)
        self._files: list[str] = []
        self._label_indices: list[int] = []
        self._digest = hashlib.sha256()
        self._growing = self._paths.images.with_suffix(".growing")
        self._stream: BinaryIO = self._growing.open("wb")
        self._write_header()

    def __enter__(self) -> Self:
        return self

    def add(self, file: str, label_index: int, pixels: NDArray[np.uint8]) -> None:
        """Append an image.

        Args:
            file: `<label>/<name>`.
            label_index: Index of its label.
            pixels: Shape (image_size, image_size, 3).
        """
        content = pixels.tobytes()
        self._digest.update(content)
        self._stream.write(content)
        self._files.append(file)
        self._label_indices.append(label_index)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            self._stream.close()
            self._growing.unlink()
            return
        self._write_header()
        self._stream.close()
        self._growing.replace(self._paths.images)
        labels = np.array(self._label_indices, dtype=np.int64)
        write_atomically(self._paths.labels, lambda path: np.save(path, labels))
        facts: PartFacts = {
            "files": self._files,
            "images_sha256": self._digest.hexdigest(),
            "labels_sha256": hashlib.sha256(labels.tobytes()).hexdigest(),
            "num_parts": self._num_parts,
        }
        write_json(self._paths.facts, facts)

    def _write_header(self) -> None:
        """Write the array's header at the start; numpy pads it so that the first axis may grow."""
        self._stream.seek(0)
        shape = (len(self._files), *self._image_shape)
        header = {"descr": "|u1", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(self._stream, header)


def write_facts(directory: Path, facts: DatasetFacts) -> None:
    """Write what the parts of a split have in common."""
    write_json(directory / DATASET_FILE, facts)


@dataclass(frozen=True, kw_only=True, slots=True)
class _PartPaths:
    images: Path
    labels: Path
    facts: Path


def _part_paths(directory: Path, index: int) -> _PartPaths:
    stem = f"part-{index:03}"
    return _PartPaths(
        images=directory / f"{stem}.images.npy",
        labels=directory / f"{stem}.labels.npy",
        facts=directory / f"{stem}.json",
    )


def _read_facts(directory: Path) -> DatasetFacts:
    path = directory / DATASET_FILE
    if not path.is_file():
        raise DatasetError(f"{directory} is no split: it has no '{DATASET_FILE}'.")
    facts: DatasetFacts = json.loads(path.read_bytes())
    return facts


def _part_indices(directory: Path) -> Sequence[int]:
    found = sorted(
        int(path.stem.removeprefix("part-")) for path in directory.glob("part-[0-9]*.json")
    )
    if not found:
        raise DatasetError(
            f"Split {directory} has no parts; expected part-000.json and its arrays."
        )
    facts: PartFacts = json.loads(_part_paths(directory, found[0]).facts.read_bytes())
    expected = range(facts["num_parts"])
    if found != list(expected):
        raise DatasetError(
            f"Split {directory} has parts {found}; expected {len(expected)}, from 0. "
            "A host of Preprocess did not deliver."
        )
    return found


def _read_part(
    directory: Path, index: int, facts: DatasetFacts
) -> tuple[PartFacts, NDArray[np.uint8], NDArray[np.int64]]:
    paths = _part_paths(directory, index)
    for path in (paths.images, paths.labels):
        if not path.is_file():
            raise DatasetError(
                f"Split {directory} has no '{path.name}' beside '{paths.facts.name}'."
            )
    part: PartFacts = json.loads(paths.facts.read_bytes())
    num_images = len(part["files"])
    # An empty file cannot be mapped.
    images = np.load(paths.images, mmap_mode="r" if num_images else None)
    label_indices = np.load(paths.labels)
    size = facts["image_size"]
    for path, array, shape in (
        (paths.images, images, (num_images, size, size, 3)),
        (paths.labels, label_indices, (num_images,)),
    ):
        if array.shape != shape:
            raise DatasetError(
                f"{path} has shape {array.shape}; expected {shape} after '{paths.facts.name}' "
                f"and '{DATASET_FILE}'."
            )
    return part, images, label_indices
