"""Preprocess from an image folder to arrays."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from inference.images import decode, resize
from steps.dataset import Dataset
from steps.preprocess.contract import Output
from steps.preprocess.script import main

SIZE = 8


def noise(seed: int) -> Image.Image:
    """A random image, wider than high."""
    pixels = np.random.default_rng(seed).integers(0, 256, (10, 14, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


@pytest.fixture
def raw_dir(tmp_path: Path) -> Path:
    """Two labels of 40 images."""
    for place, label in enumerate(["cat", "dog"]):
        (tmp_path / "raw" / label).mkdir(parents=True)
        for index in range(40):
            noise(100 * place + index).save(tmp_path / "raw" / label / f"{index:02}.png")
    return tmp_path / "raw"


@pytest.fixture
def preprocess(raw_dir: Path, tmp_path: Path) -> Callable[..., Path]:
    """Runs the job on a number of hosts; returns the folder of the outputs."""

    def preprocess(name: str = "out", *, num_hosts: int = 1, image_size: int = SIZE) -> Path:
        hosts = [f"algo-{index + 1}" for index in range(num_hosts)]
        for host in hosts:
            config = tmp_path / f"{host}.json"
            config.write_text(json.dumps({"current_host": host, "hosts": hosts[::-1]}))
            argv = ["--raw-dir", str(raw_dir), "--image-size", str(image_size)]
            argv += ["--resource-config", str(config)]
            for output in Output:
                argv += [f"--{output}-dir", str(tmp_path / name / output)]
            message = main(argv)
        (tmp_path / name / "message").write_text(message)
        return tmp_path / name

    return preprocess


def report(out: Path, host: int = 0) -> dict[str, Any]:
    """The report of one host."""
    content: dict[str, Any] = json.loads((out / f"report/preprocess-{host:03}.json").read_text())
    return content


def test_every_image_is_in_one_split_with_its_pixels(
    preprocess: Callable[..., Path], raw_dir: Path
) -> None:
    """Rows hold what the shared decoding makes of the files, and their labels."""
    out = preprocess()
    found: list[str] = []
    for split in ("train", "validation", "test"):
        dataset = Dataset.open(out / split)
        found += dataset.files
        for row in range(len(dataset)):
            body = (raw_dir / dataset.files[row]).read_bytes()
            assert (dataset.take(np.array([row]))[0] == resize(decode(body), SIZE)).all()
            label = dataset.labels[dataset.label_indices[row]]
            assert dataset.files[row].startswith(f"{label}/")
    assert sorted(found) == [f"{label}/{i:02}.png" for label in ("cat", "dog") for i in range(40)]


def test_test_split_carries_the_original_bytes(
    preprocess: Callable[..., Path], raw_dir: Path
) -> None:
    """Evaluate gets the very files that a caller would send."""
    out = preprocess()
    originals = out / "test" / "originals"
    files = sorted(p.relative_to(originals).as_posix() for p in originals.glob("*/*"))
    assert tuple(files) == Dataset.open(out / "test").files
    for file in files:
        assert (originals / file).read_bytes() == (raw_dir / file).read_bytes()


@pytest.mark.parametrize("num_hosts", [2, 3])
def test_number_of_hosts_changes_nothing(
    num_hosts: int, preprocess: Callable[..., Path], raw_dir: Path
) -> None:
    """The union of the hosts' parts is what one host writes, damaged files included."""
    (raw_dir / "cat" / "broken.png").write_bytes(b"no image")
    (raw_dir / "rare").mkdir()
    for index in range(3):
        noise(index).save(raw_dir / "rare" / f"{index}.png")
    one, many = preprocess("one"), preprocess("many", num_hosts=num_hosts)
    for split in ("train", "validation", "test"):
        first, second = Dataset.open(one / split), Dataset.open(many / split)
        assert (first.files, first.data_digest) == (second.files, second.data_digest)
        assert (first.label_indices == second.label_indices).all()
        rows = np.arange(len(first))
        assert (first.take(rows) == second.take(rows)).all()
    reports = [report(many, host) for host in range(num_hosts)]
    assert {len(each["moved"]) for each in reports} == {len(report(one)["moved"])}
    quarantined = [entry for each in reports for entry in each["quarantined"]]
    assert quarantined == report(one)["quarantined"]


def test_damaged_files_fill_no_split(preprocess: Callable[..., Path], raw_dir: Path) -> None:
    """Of five files of a label, the three readable ones are spread over the splits."""
    (raw_dir / "rare").mkdir()
    for index in range(5):
        path = raw_dir / "rare" / f"{index}.png"
        noise(index).save(path)
        if index < 2:
            path.write_bytes(path.read_bytes()[:60])
    out = preprocess()
    counts = report(out)["counts"]
    assert [counts[split]["rare"] for split in ("train", "validation", "test")] == [1, 1, 1]
    assert {entry["file"] for entry in report(out)["quarantined"]} == {"rare/0.png", "rare/1.png"}


def test_damaged_files_are_quarantined_with_their_reasons(
    preprocess: Callable[..., Path], raw_dir: Path
) -> None:
    """Corrupt and empty files are listed, and the others, of any kind, are used."""
    whole = (raw_dir / "cat" / "00.png").read_bytes()
    (raw_dir / "cat" / "cut.png").write_bytes(whole[:100])
    (raw_dir / "cat" / "empty.jpg").touch()
    (raw_dir / "cat" / "notes.txt").write_text("what a cat")
    noise(1).convert("CMYK").save(raw_dir / "cat" / "cmyk.jpg")
    noise(2).convert("P").save(raw_dir / "cat" / "palette.png")
    Image.new("I;16", (9, 9), 40_000).save(raw_dir / "cat" / "deep.png")
    out = preprocess()
    found = report(out)
    assert found["quarantined"] == [
        {"file": "cat/cut.png", "reason": "it is damaged: image file is truncated"},
        {"file": "cat/empty.jpg", "reason": "it is empty"},
    ]
    assert found["ignored"] == ["cat/notes.txt"]
    used = {file for split in ("train", "validation", "test") for file in files_of(out, split)}
    assert {"cat/cmyk.jpg", "cat/palette.png", "cat/deep.png"} <= used
    assert sum(found["counts"][split]["cat"] for split in found["counts"]) == 43
    totals = {split: sum(found["counts"][split].values()) for split in found["counts"]}
    assert (out / "message").read_text() == (
        f"train={totals['train']} validation={totals['validation']} test={totals['test']} "
        "quarantined=2"
    )


def files_of(out: Path, split: str) -> tuple[str, ...]:
    """Names of a split's images."""
    return Dataset.open(out / split).files


def test_images_that_fill_an_empty_split_are_reported(
    preprocess: Callable[..., Path], raw_dir: Path
) -> None:
    """Where the names leave a split empty, an image moves there and the report says so."""
    (raw_dir / "rare").mkdir()
    for index in range(3):
        noise(index).save(raw_dir / "rare" / f"{index}.png")
    out = preprocess()
    moved = report(out)["moved"]
    assert moved
    for move in moved:
        assert move["file"] in files_of(out, move["target"])
        assert move["file"] not in files_of(out, move["source"])


def test_digest_follows_content_names_and_size(
    preprocess: Callable[..., Path], raw_dir: Path
) -> None:
    """Whatever changes an array, or could, changes the data digest; nothing else does."""

    def digest(name: str, **options: int) -> str:
        return Dataset.open(preprocess(name, **options) / "train").data_digest

    first = digest("first")
    assert digest("again") == first
    assert digest("larger", image_size=9) != first
    (raw_dir / "cat" / "notes.txt").touch()
    assert digest("notes") == first
    (raw_dir / "cat" / "00.png").rename(raw_dir / "cat" / "zz.png")
    renamed = digest("renamed")
    assert renamed != first
    noise(999).save(raw_dir / "cat" / "zz.png")
    assert digest("changed") not in {first, renamed}


def test_without_resource_config_there_is_one_host(
    preprocess: Callable[..., Path], raw_dir: Path, tmp_path: Path
) -> None:
    """On a machine that is no job, one process does it all."""
    argv = ["--raw-dir", str(raw_dir), "--resource-config", str(tmp_path / "none.json")]
    for output in Output:
        argv += [f"--{output}-dir", str(tmp_path / "alone" / output)]
    main([*argv, "--image-size", str(SIZE)])
    alone, one = Dataset.open(tmp_path / "alone" / "train"), Dataset.open(preprocess() / "train")
    assert (alone.files, alone.part_digests) == (one.files, one.part_digests)


@pytest.mark.parametrize("text", ["0", "7", "1025", "big"])
def test_an_image_size_out_of_bounds_is_refused(text: str) -> None:
    """Sizes that no network takes are refused before a file is read."""
    with pytest.raises(SystemExit) as caught:
        main(["--image-size", text])
    assert caught.value.code == (
        f"Wrong options: argument --image-size: '{text}' is no side in pixels of 8 to 1024."
    )


def test_each_of_several_hosts_says_which_one_it_is(preprocess: Callable[..., Path]) -> None:
    """A host's message counts its own files, and does not pass for the whole."""
    out = preprocess(num_hosts=2)
    assert (out / "message").read_text().startswith("host 2 of 2: train=")
