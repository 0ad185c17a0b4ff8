"""The demonstration: the training pipeline on scikit-learn's handwritten digits."""

import sys
from pathlib import Path

from pipelines.local.execution import Status
from pipelines.run import run_pipeline
from pipelines.summary import figures
from steps.site import Site

LABELS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
IMAGE_SIDE = 32
MAX_INK = 16
"""scikit-learn's digits have 8 x 8 pixels of 0 to 16."""


def write_digits(directory: Path) -> None:
    """Write the 1,797 digits as `<label>/<number>.png`, 32 x 32 pixels, where they are not yet.

    Source: E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine
    Learning Repository, 1998, https://doi.org/10.24432/C50P49; the test set is in scikit-learn.
    """
    from PIL import Image
    from sklearn.datasets import load_digits

    digits = load_digits()
    for number, (pixels, target) in enumerate(zip(digits.images, digits.target, strict=True)):
        path = directory / LABELS[target] / f"{number:04}.png"
        if path.exists():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        image = Image.fromarray((pixels * (255 / MAX_INK)).astype("uint8"))
        large = image.resize((IMAGE_SIDE, IMAGE_SIDE), Image.Resampling.BILINEAR)
        # Renamed when whole: a file that is there is not written again.
        large.save(path.with_suffix(".part"), "PNG")
        path.with_suffix(".part").replace(path)


def demo(site: Site, root: Path) -> int:
    """Run the demonstration, print its figures and return the exit code."""
    images_dir = root / "digits"
    print(f"Writing handwritten digits to {images_dir}", file=sys.stderr)
    write_digits(images_dir)
    execution = run_pipeline("training", site, parameters={}, root=root, images_dir=images_dir)
    print()
    for name, value in figures(execution, root).items():
        print(f"{name:<18}{value}")
    return 0 if execution.status is Status.SUCCEEDED else 1
