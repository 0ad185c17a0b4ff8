"""Assigning images to splits by their names."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steps.preprocess.contract import Output as Split
from steps.preprocess.layout import ImageFile
from steps.preprocess.split import SPLITS, SplitError, assign_splits, hashed_split


def files(label: str, names: Iterable[str], split: Split | None = None) -> list[ImageFile]:
    """Image files of one label."""
    return [
        ImageFile(label=label, name=name, path=Path(label, name), split=split)
        for name in sorted(names)
    ]


OTHER = files("other", [f"{index}.png" for index in range(60)])
names = st.sets(st.text(min_size=1, max_size=3), min_size=3, max_size=12)


@given(names, names)
def test_adding_files_moves_no_old_one(old: set[str], new: set[str]) -> None:
    """An image keeps its split for ever, but for those that were moved to fill an empty one."""
    before = assign_splits([*files("cat", old), *OTHER], lambda _: True)
    after = assign_splits([*files("cat", old | new), *OTHER], lambda _: True)
    moved = {move["file"] for move in (*before.moved, *after.moved)}
    for key, split in before.splits.items():
        assert after.splits[key] is split or key in moved


@given(names, st.data())
def test_each_split_of_a_label_has_a_readable_image(members: set[str], data: st.DataObject) -> None:
    """Whichever images are damaged, three readable ones are enough for three splits."""
    damaged = data.draw(st.sets(st.sampled_from(sorted(members)), max_size=len(members) - 3))
    cats = files("cat", members)
    assignment = assign_splits(
        [*cats, *OTHER], lambda file: not (file.label == "cat" and file.name in damaged)
    )
    readable = [file for file in cats if file.name not in damaged]
    assert {assignment.splits[file.key] for file in readable} == set(SPLITS)
    for move in assignment.moved:
        assert move["source"] == hashed_split(move["file"])
        assert move["target"] == assignment.splits[move["file"]]


def test_fractions_are_those_of_the_contract() -> None:
    """Of many names, 15 of 100 go to test and 15 to validation."""
    splits = [hashed_split(f"cat/{index}.png") for index in range(10_000)]
    assert splits.count(Split.TEST) == pytest.approx(1500, abs=110)
    assert splits.count(Split.VALIDATION) == pytest.approx(1500, abs=110)


def test_splits_are_the_same_on_every_machine() -> None:
    """The hash is fixed: these names will not change their splits."""
    found = {index: hashed_split(f"cat/{index}.png").value for index in (0, 1, 5)}
    assert found == {0: "validation", 1: "train", 5: "test"}


def test_ready_made_splits_stay(tmp_path: Path) -> None:
    """Images that came in splits keep them."""
    found = [
        *files("cat", ["a", "b"], Split.TEST),
        *files("cat", ["c"], Split.TRAIN),
        *files("cat", ["d"], Split.VALIDATION),
        *files("dog", ["a", "b"], Split.TEST),
        *files("dog", ["c"], Split.TRAIN),
        *files("dog", ["d"], Split.VALIDATION),
    ]
    assignment = assign_splits(found, lambda _: True)
    assert assignment.moved == ()
    assert [assignment.splits[f"cat/{name}"].value for name in "abcd"] == [
        "test",
        "test",
        "train",
        "validation",
    ]


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        pytest.param({Split.TEST}, {Split.VALIDATION}, id="no-validation"),
        pytest.param({Split.VALIDATION}, {Split.TEST}, id="no-test"),
        pytest.param(set(), {Split.TEST, Split.VALIDATION}, id="train-only"),
    ],
)
def test_missing_ready_made_splits_come_out_of_train(
    given: set[Split], missing: set[Split]
) -> None:
    """The hash gives a missing split its share of the training images; other splits stay."""
    train = [
        file
        for label in ("cat", "dog")
        for file in files(label, [f"{index}.png" for index in range(1000)], Split.TRAIN)
    ]
    other = [
        file
        for split in given
        for label in ("cat", "dog")
        for file in files(label, [f"{split}{index}.png" for index in range(20)], split)
    ]
    assignment = assign_splits([*train, *other], lambda _: True)
    assert assignment.moved == ()
    for file in other:
        assert assignment.splits[file.key] is file.split
    for file in train:
        hashed = hashed_split(file.key)
        assert assignment.splits[file.key] is (hashed if hashed in missing else Split.TRAIN)
    counts = [list(assignment.splits.values()).count(split) for split in missing]
    assert counts == [pytest.approx(300, abs=50)] * len(missing)


def test_few_files_are_asked_for(tmp_path: Path) -> None:
    """Decoding is dear: one readable image of each split of a label is enough to know."""
    asked: list[str] = []

    def is_readable(file: ImageFile) -> bool:
        asked.append(file.key)
        return True

    assign_splits([*files("cat", [f"{index}" for index in range(60)]), *OTHER], is_readable)
    assert len(asked) == 2 * len(SPLITS)


def test_too_few_readable_images_are_an_error() -> None:
    """Every label at fault is named."""
    found = [*files("cat", ["a", "b", "c"]), *files("dog", ["a"]), *OTHER]
    with pytest.raises(SplitError) as caught:
        assign_splits(found, lambda file: file.key != "cat/b")
    assert str(caught.value) == (
        "Label 'cat' has 2 readable images; a stratified split into train, validation and test "
        "needs at least 3. "
        "Label 'dog' has 1 readable image; a stratified split into train, validation and test "
        "needs at least 3."
    )


def test_one_label_is_an_error() -> None:
    """There is nothing to tell apart."""
    with pytest.raises(SplitError) as caught:
        assign_splits(OTHER, lambda _: True)
    assert str(caught.value) == (
        "Found 1 label, 'other'; telling images apart needs at least 2 label folders."
    )
