"""Corruptions against closed forms."""

import io
import math

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from inference.images import decode
from monitoring.corruptions import KINDS, Corruption

SOME = {
    "blur": 2.0,
    "brightness": -0.2,
    "contrast": -0.5,
    "crop": 0.3,
    "jpeg_quality": 10.0,
    "noise": 0.1,
    "rotation": 15.0,
}
"""A severity of every kind that changes a picture."""


def picture(width: int = 120, height: int = 96, *, seed: int = 0) -> Image.Image:
    """A picture without any order."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def grey(values_hw: NDArray[np.number]) -> Image.Image:
    """An RGB image of grey values."""
    return Image.fromarray(values_hw.astype(np.uint8)).convert("RGB")


def corrupt(kind: str, severity: float, image: Image.Image) -> NDArray[np.float64]:
    """The changed pixels, (H, W, 3)."""
    corruption = Corruption(kind=kind, severity=severity)
    changed = corruption(image, np.random.default_rng(1))
    return np.asarray(changed).astype(np.float64)


def test_every_kind_is_tested() -> None:
    """The table of this module names each kind."""
    assert sorted(SOME) == sorted(KINDS)


@pytest.mark.parametrize("kind", SOME)
def test_a_corruption_is_a_pure_function(kind: str) -> None:
    """The same state gives the same image of the same size, and the given image stays as it was."""
    image = picture()
    before = image.tobytes()
    changed = corrupt(kind, SOME[kind], image)
    assert image.tobytes() == before
    assert changed.shape == (96, 120, 3)
    assert (changed == corrupt(kind, SOME[kind], image)).all()
    assert (changed != np.asarray(image)).any()


@pytest.mark.parametrize("kind", sorted(set(SOME) - {"jpeg_quality"}))
def test_severity_of_zero_changes_nothing(kind: str) -> None:
    """What has a neutral severity has it at 0."""
    assert (corrupt(kind, 0.0, picture()) == np.asarray(picture())).all()


@pytest.mark.parametrize("kind", SOME)
@pytest.mark.parametrize("size", [(1, 1), (1, 7), (7, 1), (3, 2)])
def test_the_smallest_images_are_taken(kind: str, size: tuple[int, int]) -> None:
    """An image of a pixel or of one row keeps its size at the ends of the severities."""
    for severity in (KINDS[kind].minimum, KINDS[kind].maximum):
        assert corrupt(kind, severity, picture(*size)).shape == (size[1], size[0], 3)


@pytest.mark.parametrize("kind", SOME)
def test_metadata_stays_behind(kind: str) -> None:
    """An orientation that decoding applied is not told to the next reader."""
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    picture().save(buffer, format="JPEG", exif=exif)
    upright = decode(buffer.getvalue())
    assert upright.size == (96, 120)
    changed = Corruption(kind=kind, severity=SOME[kind])(upright, np.random.default_rng(1))
    assert changed.size == (96, 120)
    assert not changed.getexif()
    assert not changed.info


@pytest.mark.parametrize("severity", [-1.0, -0.4, -0.2, 0.2])
def test_brightness_changes_by_exactly_the_fraction(severity: float) -> None:
    """Where no rounding and no white is met, the mean is 1 + severity times what it was."""
    values = np.random.default_rng(0).integers(0, 42, (50, 40)) * 5
    assert corrupt("brightness", severity, grey(values)).mean() == pytest.approx(
        values.mean() * (1 + severity), rel=1e-12
    )


def test_brighter_than_white_is_white() -> None:
    """Values are cut at white and rounded to the nearest."""
    image = grey(np.array([[0, 1, 101, 200]]))
    assert corrupt("brightness", 0.5, image)[0, :, 0].tolist() == [0, 2, 152, 255]
    assert corrupt("brightness", -0.75, image)[0, :, 0].tolist() == [0, 0, 25, 50]


@pytest.mark.parametrize("severity", [-1.0, -0.5, -0.25, 0.5])
def test_contrast_changes_the_deviation_and_not_the_mean(severity: float) -> None:
    """The standard deviation is 1 + severity times what it was, about the same mean."""
    values = 100 + 8 * np.tile([-3, -1, 1, 3], (10, 10))
    changed = corrupt("contrast", severity, grey(values))
    assert changed.mean() == pytest.approx(values.mean())
    assert changed.std() == pytest.approx(values.std() * (1 + severity))


def test_contrast_is_about_the_luma_of_the_image() -> None:
    """No contrast at all leaves a grey of the luma, in every channel."""
    flat = corrupt("contrast", -1.0, Image.new("RGB", (8, 8), (200, 100, 50)))
    # 0.299 * 200 + 0.587 * 100 + 0.114 * 50 = 124.2
    assert (flat == 124).all()


@pytest.mark.parametrize(
    ("size", "sigma", "expected"),
    [
        pytest.param((97, 97), 2.0, 2.0, id="reference"),
        pytest.param((193, 193), 2.0, 4.0, id="twice-the-side"),
        pytest.param((301, 97), 3.0, 3.0, id="shorter-side"),
    ],
)
def test_blur_has_the_width_of_its_severity(
    size: tuple[int, int], sigma: float, expected: float
) -> None:
    """A bright column spreads with the standard deviation that was asked for."""
    width, height = size
    values = np.zeros((height, width))
    middle = width // 2
    # Three columns, because one alone leaves too little light for 8 bits; they add 2/3 of variance.
    values[:, middle - 1 : middle + 2] = 255
    row = corrupt("blur", sigma, grey(values))[height // 2, :, 0]
    offsets = np.arange(width) - middle
    variance = (row @ offsets**2) / row.sum() - 2 / 3
    assert math.sqrt(variance) == pytest.approx(expected, rel=0.05)


def test_blur_lowers_the_variance_of_the_laplacian() -> None:
    """The measure of sharpness falls with every step of severity."""
    sharpness = []
    for sigma in (0.0, 0.5, 1.0, 2.0, 4.0):
        luma = corrupt("blur", sigma, picture())[:, :, 0]
        laplacian = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:]
        sharpness.append(float((laplacian - 4 * luma[1:-1, 1:-1]).var()))
    assert sharpness == sorted(sharpness, reverse=True)
    assert len(set(sharpness)) == len(sharpness)


def test_noise_has_the_deviation_of_its_severity() -> None:
    """On grey, noise of 0.1 has a deviation of 25.5 and rounding adds 1/12 to its variance."""
    changed = corrupt("noise", 0.1, Image.new("RGB", (300, 200), (128, 128, 128)))
    assert changed.mean() == pytest.approx(128, abs=0.3)
    assert changed.std() == pytest.approx(math.sqrt(25.5**2 + 1 / 12), rel=0.01)
    correlations = np.corrcoef(changed.reshape(-1, 3).T)
    assert np.abs(correlations - np.eye(3)).max() < 0.02


def test_noise_stays_within_black_and_white() -> None:
    """Half of the noise on white is cut off and none of it becomes black."""
    changed = corrupt("noise", 0.1, Image.new("RGB", (300, 200), "white"))
    assert (changed == 255).mean() == pytest.approx(0.5, abs=0.02)
    assert changed.min() > 100


def test_noise_is_another_with_every_draw() -> None:
    """Two images that share a generator get different noise."""
    generator = np.random.default_rng(0)
    noise = Corruption(kind="noise", severity=0.1)
    assert noise(picture(), generator).tobytes() != noise(picture(), generator).tobytes()


@pytest.mark.parametrize(
    ("degrees", "turns"),
    [
        pytest.param(90.0, 1, id="left"),
        pytest.param(-90.0, -1, id="right"),
        pytest.param(180.0, 2, id="half"),
    ],
)
def test_right_angles_move_pixels_and_change_none(degrees: float, turns: int) -> None:
    """A square image turns as its matrix does, counter-clockwise."""
    image = picture(96, 96)
    expected = np.rot90(np.asarray(image), turns)
    assert np.abs(corrupt("rotation", degrees, image) - expected).max() <= 1


def test_rotation_is_about_the_centre() -> None:
    """The grey value of a ramp grows along the turned direction, and the centre keeps its own."""
    columns, rows = np.meshgrid(np.arange(101) - 50, np.arange(101) - 50)
    turned = corrupt("rotation", 30.0, grey(128 + 2 * columns))[:, :, 0]
    # Rows count downwards, so that to the left is a rotation of the ramp's direction upwards.
    expected = 128 + 2 * (columns * math.cos(math.radians(30)) - rows * math.sin(math.radians(30)))
    inside = columns**2 + rows**2 < 48**2
    assert np.abs(turned - expected)[inside].max() < 1.5


def test_rotation_brings_no_new_colour_in() -> None:
    """The corners repeat the edge: one colour stays one colour."""
    flat = corrupt("rotation", 37.0, Image.new("RGB", (120, 60), (10, 200, 90)))
    assert (flat == (10, 200, 90)).all()


def test_jpeg_of_lower_quality_is_further_from_the_image() -> None:
    """The error falls as the quality rises."""
    rows, columns = np.mgrid[0:96, 0:96]
    image = grey(128 + 100 * np.sin(rows / 5) * np.cos(columns / 3))
    errors = [
        float(np.abs(corrupt("jpeg_quality", quality, image) - np.asarray(image)).mean())
        for quality in (95.0, 50.0, 20.0, 5.0, 1.0)
    ]
    assert errors == sorted(errors)
    assert errors[0] < 1.5
    assert errors[-1] > 10


def test_crop_enlarges_what_is_around_the_centre() -> None:
    """A ramp is flatter by the fraction that was cut off, about the same middle."""
    values = np.tile(np.arange(200), (100, 1))
    row = corrupt("crop", 0.4, grey(values))[50, :, 0]
    centres = np.arange(200) + 0.5
    assert np.abs(row - (100 + (centres - 100) * 0.6 - 0.5)).max() <= 1


@pytest.mark.parametrize(
    ("kind", "severity", "message"),
    [
        pytest.param(
            "fog",
            1.0,
            "Corruption 'fog' is not known. Known: blur, brightness, contrast, crop, "
            "jpeg_quality, noise, rotation.",
            id="kind",
        ),
        pytest.param(
            "brightness",
            -20.0,
            "Severity of corruption 'brightness' is -20; expected a number from -1 to 1: "
            "relative change, -0.2 for 20 % darker.",
            id="percent",
        ),
        pytest.param(
            "blur",
            math.nan,
            "Severity of corruption 'blur' is nan; expected a number from 0 to 48: "
            "standard deviation in pixels at a shorter side of 96.",
            id="nan",
        ),
    ],
)
def test_unknown_kinds_and_severities_are_refused(kind: str, severity: float, message: str) -> None:
    """The message names what there is."""
    with pytest.raises(ValueError, match=r"\.$") as caught:
        Corruption(kind=kind, severity=severity)
    assert str(caught.value) == message


def test_images_of_other_modes_are_refused() -> None:
    """What is not decoded to RGB has no corruption."""
    with pytest.raises(ValueError, match=r"\.$") as caught:
        Corruption(kind="blur", severity=1.0)(Image.new("L", (4, 4)), np.random.default_rng())
    assert str(caught.value) == "A corruption takes RGB images, got one of mode 'L'."
