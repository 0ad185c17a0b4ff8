"""Which split each image goes to: decided by its name alone, so that new images move no old one.

A hash places every `<label>/<name>` between 0 and 1; the test split takes the lowest places,
validation the next, training the rest. Ready-made splits stay; of those that are missing, the hash
makes some out of the training split. Only where a split of a label stays empty does the nearest
image move into it.
"""

import hashlib
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

from steps.preprocess.contract import (
    MINIMUM_IMAGES_PER_LABEL,
    TEST_FRACTION,
    VALIDATION_FRACTION,
    Moved,
)
from steps.preprocess.contract import Output as Split
from steps.preprocess.layout import ImageFile
from steps.runtime import InputError

SPLITS = (Split.TEST, Split.VALIDATION, Split.TRAIN)
MINIMUM_LABELS = 2

_INTERVALS = {
    Split.TEST: (0.0, TEST_FRACTION),
    Split.VALIDATION: (TEST_FRACTION, TEST_FRACTION + VALIDATION_FRACTION),
    Split.TRAIN: (TEST_FRACTION + VALIDATION_FRACTION, 1.0),
}


class SplitError(InputError):
    """The images cannot be split."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Assignment:
    """Where each image goes."""

    splits: Mapping[str, Split]
    """By `<label>/<name>`."""
    moved: tuple[Moved, ...]


def hashed_split(key: str) -> Split:
    """The split that the hash of `<label>/<name>` decides."""
    place = _place(key)
    return next(split for split in SPLITS if place < _INTERVALS[split][1])


def assign_splits(
    files: Sequence[ImageFile], is_readable: Callable[[ImageFile], bool]
) -> Assignment:
    """Assign every file to a split, such that each label has a readable image in each.

    Args:
        files: All image files, sorted.
        is_readable: Whether a file can be decoded; asked only until each split of a label has one.

    Raises:
        SplitError: There are too few labels, or labels with too few readable images.
    """
    by_label: dict[str, list[ImageFile]] = {}
    for file in files:
        by_label.setdefault(file.label, []).append(file)
    if len(by_label) < MINIMUM_LABELS:
        raise SplitError(
            f"Found 1 label, '{next(iter(by_label))}'; telling images apart needs at least "
            f"{MINIMUM_LABELS} label folders."
        )
    ready_made = {file.split for file in files if file.split}
    splits: dict[str, Split] = {}
    moved: list[Moved] = []
    problems: list[str] = []
    for label, members in by_label.items():
        natural = {file.key: _natural_split(file, ready_made) for file in members}
        empty = [
            split
            for split in SPLITS
            if not any(is_readable(file) for file in members if natural[file.key] is split)
        ]
        splits |= natural
        if empty:
            readable = [file.key for file in members if is_readable(file)]
            if len(readable) < MINIMUM_IMAGES_PER_LABEL:
                problems.append(_too_few(label, len(readable)))
                continue
            moves = _fill(empty, {key: natural[key] for key in readable})
            moved += moves
            splits |= {move["file"]: Split(move["target"]) for move in moves}
    if problems:
        raise SplitError(" ".join(problems[:10]))
    return Assignment(splits=splits, moved=tuple(moved))


def _natural_split(file: ImageFile, ready_made: Container[Split]) -> Split:
    """The split of a file where none is empty, given the ready-made splits."""
    hashed = hashed_split(file.key)
    if file.split is None or (file.split is Split.TRAIN and hashed not in ready_made):
        return hashed
    return file.split


def _fill(empty: Iterable[Split], splits: dict[str, Split]) -> list[Moved]:
    """Move one image into each empty split, from a split that keeps another one."""
    moves: list[Moved] = []
    for target in empty:
        counts = {split: list(splits.values()).count(split) for split in SPLITS}
        donors = [key for key, split in splits.items() if counts[split] > 1]
        key = min(donors, key=lambda key: (_distance(key, target), key))
        moves.append({"file": key, "source": splits[key].value, "target": target.value})
        splits[key] = target
    return moves


def _place(key: str) -> float:
    digest = hashlib.blake2b(key.encode(), digest_size=8).digest()
    # 53 bits fit a float, so that the largest place stays below 1.
    return (int.from_bytes(digest, "big") >> 11) / 2**53


def _distance(key: str, split: Split) -> float:
    low, high = _INTERVALS[split]
    return max(low - _place(key), _place(key) - high, 0.0)


def _too_few(label: str, num_readable: int) -> str:
    images = "image" if num_readable == 1 else "images"
    return (
        f"Label '{label}' has {num_readable} readable {images}; a stratified split into train, "
        f"validation and test needs at least {MINIMUM_IMAGES_PER_LABEL}."
    )
