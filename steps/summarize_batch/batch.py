"""Brings the images of a batch and the answers to them together."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from inference.contract import CONTENT_TYPE_BY_SUFFIX
from monitoring.answers import ANSWER_SUFFIX, AnswerError, Record, answer_files, parse_answers
from steps.runtime import InputError
from steps.summarize_batch.contract import BatchSummary, Failure, Input


@dataclass(frozen=True, kw_only=True, slots=True)
class ScoredImage:
    """An image and the answer to it."""

    file: str
    """Path relative to the input."""
    path: Path
    response: Record
    """Every field of the answer."""
    predicted_label: str
    probability: float
    """Of the predicted label."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """A batch after its transform; every list is sorted by file."""

    scored: Sequence[ScoredImage]
    failures: Sequence[Failure]
    ignored: Sequence[str]
    unmatched_answers: Sequence[str]

    def label_counts(self) -> list[tuple[str, int]]:
        """Predicted labels and their numbers of images, the most frequent first."""
        counts = Counter(image.predicted_label for image in self.scored)
        return sorted(counts.items(), key=lambda item: (-item[1], item[0]))

    def summary(self) -> BatchSummary:
        """Content of `summary.json`."""
        return {
            "failures": list(self.failures),
            "ignored": list(self.ignored),
            "labels": dict(self.label_counts()),
            "num_answers": len(self.scored),
            "num_failures": len(self.failures),
            "num_images": len(self.scored) + len(self.failures),
            "unmatched_answers": list(self.unmatched_answers),
        }


def read_batch(images_dir: Path, answers_dir: Path) -> Batch:
    """Look for the answer to every image, which bears the image's name and a suffix.

    Raises:
        InputError: There is no image.
    """
    files = sorted(path for path in images_dir.rglob("*") if path.is_file())
    images = [path for path in files if _is_image(path)]
    if not images:
        found = ", ".join(_shown(path, images_dir) for path in files[:10]) or "nothing"
        raise InputError(
            f"Input '{Input.IMAGES}' at {images_dir} holds no images. Expected names that end in "
            f"{', '.join(CONTENT_TYPE_BY_SUFFIX)}; found: {found}."
        )
    scored: list[ScoredImage] = []
    failures: list[Failure] = []
    answers = set(answer_files(answers_dir))
    for image in images:
        relative = image.relative_to(images_dir)
        answer = answers_dir / relative.with_name(relative.name + ANSWER_SUFFIX)
        file = _shown(image, images_dir)
        try:
            scored.append(_scored(file, image, answer))
        except AnswerError as error:
            failures.append({"file": file, "reason": f"No answer to use: {error}."})
        answers.discard(answer)
    return Batch(
        scored=scored,
        failures=failures,
        ignored=[_shown(path, images_dir) for path in files if not _is_image(path)],
        unmatched_answers=[_shown(path, answers_dir) for path in sorted(answers)],
    )


def _scored(file: str, image: Path, answer: Path) -> ScoredImage:
    if not answer.is_file():
        raise AnswerError("there is none")
    records = parse_answers(answer.read_bytes())
    if len(records) != 1:
        raise AnswerError(f"it holds {len(records)} objects, and one image was asked about")
    label, probability = records[0].get("predicted_label"), records[0].get("probability")
    if not isinstance(label, str) or not isinstance(probability, int | float):
        raise AnswerError("it lacks the text 'predicted_label' or the number 'probability'")
    return ScoredImage(
        file=file,
        path=image,
        response=records[0],
        predicted_label=label,
        probability=probability,
    )


def _is_image(path: Path) -> bool:
    # A leading dot marks what tools leave behind, such as `._dog.jpg`, which holds no picture.
    return path.suffix.lower() in CONTENT_TYPE_BY_SUFFIX and not path.name.startswith(".")


def _shown(path: Path, directory: Path) -> str:
    name = path.relative_to(directory).as_posix()
    # Bytes that are no text come as surrogates, which no file could be written with.
    return name.encode("utf-8", "backslashreplace").decode()
