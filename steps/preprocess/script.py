"""Preprocess: verify the images of a folder, split them, and write arrays that training can map.

Several hosts may share the work: each lists all names and reaches the same decisions, decodes every
n-th file into its own part, and the first host also writes what the parts have in common.
"""

import argparse
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference.files import write_json
from inference.images import ImageError, decode, resize
from steps.dataset import ORIGINALS_DIR, DatasetFacts, PartWriter, write_facts
from steps.preprocess.contract import (
    MAX_IMAGE_SIZE,
    MIN_IMAGE_SIZE,
    REPORT_FILE,
    TEST_FRACTION,
    VALIDATION_FRACTION,
    Output,
    PreprocessReport,
    Quarantined,
)
from steps.preprocess.layout import ImageFile, find_images
from steps.preprocess.split import SPLITS, Assignment, assign_splits
from steps.runtime import JobParser, run

CHUNK = 256
"""Images that are in memory at a time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Host:
    """This machine among those of the job."""

    index: int
    num_hosts: int

    @classmethod
    def read(cls, path: Path) -> "Host":
        """Read the job's `resourceconfig.json`; without the file there is one host.

        Source: Amazon SageMaker AI Developer Guide, "How Amazon SageMaker Processing Configures
            Your Processing Container",
            https://docs.aws.amazon.com/sagemaker/latest/dg/build-your-own-processing-container.html
        """
        if not path.is_file():
            return cls(index=0, num_hosts=1)
        config = json.loads(path.read_bytes())
        hosts = sorted(config["hosts"])
        return cls(index=hosts.index(config["current_host"]), num_hosts=len(hosts))


def main(argv: Sequence[str] | None = None) -> str:
    """Run the job and return its exit message."""
    options = _parse(argv)
    host = Host.read(options.resource_config)
    split_dirs = {
        Output.TRAIN: options.train_dir,
        Output.VALIDATION: options.validation_dir,
        Output.TEST: options.test_dir,
    }
    layout = find_images(options.raw_dir)
    assignment = assign_splits(layout.files, cache(_is_readable))
    labels = sorted({file.label for file in layout.files})
    if host.index == 0:
        facts: DatasetFacts = {
            "data_digest": data_digest(layout.files, options.image_size),
            "image_size": options.image_size,
            "labels": labels,
        }
        for directory in split_dirs.values():
            write_facts(directory, facts)
    own = layout.files[host.index :: host.num_hosts]
    report = _write_parts(
        own,
        host=host,
        assignment=assignment,
        labels=labels,
        split_dirs=split_dirs,
        image_size=options.image_size,
    )
    report["ignored"] = list(layout.ignored)
    write_json(options.report_dir / REPORT_FILE.format(host=host.index), report)
    totals = {split: sum(report["counts"][split].values()) for split in split_dirs}
    counts = " ".join(f"{split}={total}" for split, total in totals.items())
    # Of several hosts, each knows its own files only.
    share = f"host {host.index + 1} of {host.num_hosts}: " if host.num_hosts > 1 else ""
    return f"{share}{counts} quarantined={len(report['quarantined'])}"


def data_digest(files: Sequence[ImageFile], image_size: int) -> str:
    """SHA-256 over everything that decides the arrays, given the code: 64 hexadecimal digits."""
    digest = hashlib.sha256()
    digest.update(f"{image_size} {VALIDATION_FRACTION} {TEST_FRACTION}\n".encode())
    for file in files:
        content = hashlib.sha256(file.path.read_bytes()).hexdigest()
        name = f"{file.split or ''}/{file.key}".encode()
        digest.update(len(name).to_bytes(8, "big") + name + content.encode())
    return digest.hexdigest()


def _write_parts(
    files: Sequence[ImageFile],
    *,
    host: Host,
    assignment: Assignment,
    labels: Sequence[str],
    split_dirs: Mapping[Output, Path],
    image_size: int,
) -> PreprocessReport:
    """Decode this host's files into its parts; the report lacks the ignored files."""
    counts = {split.value: dict.fromkeys(labels, 0) for split in SPLITS}
    quarantined: list[Quarantined] = []
    label_indices = {label: index for index, label in enumerate(labels)}
    with ExitStack() as stack:
        writers = {
            split: stack.enter_context(
                PartWriter(
                    directory,
                    index=host.index,
                    num_parts=host.num_hosts,
                    image_size=image_size,
                )
            )
            for split, directory in split_dirs.items()
        }
        for file, decoded in _decode_all(files, image_size):
            if isinstance(decoded, ImageError):
                quarantined.append({"file": file.key, "reason": str(decoded)})
                continue
            split = assignment.splits[file.key]
            writers[split].add(file.key, label_indices[file.label], decoded)
            counts[split][file.label] += 1
            if split is Output.TEST:
                original = split_dirs[split] / ORIGINALS_DIR / file.label / file.name
                original.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file.path, original)
    return {
        "counts": counts,
        "ignored": [],
        "moved": list(assignment.moved),
        "quarantined": quarantined,
    }


def _decode_all(
    files: Sequence[ImageFile], image_size: int
) -> Iterator[tuple[ImageFile, NDArray[np.uint8] | ImageError]]:
    """Each file with its pixels, or the reason why it has none, in the order of the files."""

    def attempt(file: ImageFile) -> NDArray[np.uint8] | ImageError:
        try:
            return resize(decode(file.path.read_bytes()), image_size)
        except ImageError as error:
            return error

    # Decoders work outside the interpreter's lock: two threads are 1.9 times as fast as one.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for start in range(0, len(files), CHUNK):
            chunk = files[start : start + CHUNK]
            yield from zip(chunk, pool.map(attempt, chunk), strict=True)


def _is_readable(file: ImageFile) -> bool:
    try:
        decode(file.path.read_bytes())
    except ImageError:
        return False
    return True


def _image_size(text: str) -> int:
    if not text.isdecimal() or not MIN_IMAGE_SIZE <= int(text) <= MAX_IMAGE_SIZE:
        raise argparse.ArgumentTypeError(
            f"'{text}' is no side in pixels of {MIN_IMAGE_SIZE} to {MAX_IMAGE_SIZE}"
        )
    return int(text)


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = JobParser(__doc__)
    parser.add_folders(inputs=["raw"], outputs=Output)
    parser.add_argument("--image-size", type=_image_size, default=32, help="side in pixels")
    parser.add_argument(
        "--resource-config", type=Path, default=Path("/opt/ml/config/resourceconfig.json")
    )
    return parser.parse_args(argv)


if __name__ == "__main__":
    run(main)
