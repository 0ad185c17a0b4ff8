"""Image descriptors against closed forms."""

import numpy as np
import pytest
from PIL import Image
from PIL.ImageFilter import GaussianBlur

from inference.descriptors import describe, size_bucket


def test_flat_image_has_its_own_means_and_no_contrast() -> None:
    """One colour gives its channel values, its luma, and neither contrast nor sharpness."""
    found = describe(Image.new("RGB", (300, 200), (255, 51, 0)))
    # 0.299 * 255 + 0.587 * 51 = 106.2, which 8-bit luma rounds.
    assert found.pop("brightness") == pytest.approx(106 / 255)
    assert found == {
        "blue_mean": 0.0,
        "contrast": pytest.approx(0.0, abs=1e-12),
        "green_mean": pytest.approx(0.2),
        "red_mean": pytest.approx(1.0),
        "sharpness": 0.0,
        "size_bucket": "128_to_255",
    }


def test_checkerboard_has_the_largest_laplacian() -> None:
    """Of black and white pixels in turn, contrast is 1/2 and the Laplacian is 4 or -4."""
    board = np.indices((40, 40)).sum(axis=0) % 2 * np.uint8(255)
    found = describe(Image.fromarray(board.astype(np.uint8)).convert("RGB"))
    assert found["contrast"] == pytest.approx(0.5)
    assert found["sharpness"] == pytest.approx(16.0)


def test_descriptors_follow_their_definitions() -> None:
    """On an image that is smaller than grid and window, every pixel counts."""
    pixels = np.random.default_rng(1).integers(0, 256, (30, 50, 3), dtype=np.uint8)
    image = Image.fromarray(pixels)
    luma = np.asarray(image.convert("L")) / 255
    laplacian = [
        luma[y - 1, x] + luma[y + 1, x] + luma[y, x - 1] + luma[y, x + 1] - 4 * luma[y, x]
        for y in range(1, 29)
        for x in range(1, 49)
    ]
    means = pixels.mean(axis=(0, 1)) / 255
    assert describe(image) == {
        "blue_mean": pytest.approx(means[2]),
        "brightness": pytest.approx(luma.mean()),
        "contrast": pytest.approx(luma.std()),
        "green_mean": pytest.approx(means[1]),
        "red_mean": pytest.approx(means[0]),
        "sharpness": pytest.approx(np.var(laplacian)),
        "size_bucket": "16_to_31",
    }


def test_blur_lowers_sharpness_of_large_images() -> None:
    """A blur is seen although the image is far larger than the network's input."""
    noise = Image.effect_noise((640, 480), 60).convert("RGB")
    sharp = float(describe(noise)["sharpness"])
    blurred = float(describe(noise.filter(GaussianBlur(2)))["sharpness"])
    assert blurred < sharp / 10


def test_grid_of_a_large_image_represents_it() -> None:
    """The sampled mean of a large image is close to the mean of all pixels."""
    pixels = np.random.default_rng(0).integers(0, 256, (700, 900, 3), dtype=np.uint8)
    assert describe(Image.fromarray(pixels))["green_mean"] == pytest.approx(
        pixels[..., 1].mean() / 255, abs=0.01
    )


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (2, 3), (3, 3)])
def test_tiny_images_have_finite_descriptors(size: tuple[int, int]) -> None:
    """An image without inner pixels has a sharpness of 0, not of nothing."""
    found = describe(Image.new("RGB", size, (9, 9, 9)))
    assert found["sharpness"] == 0.0


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (1, 1, "1_to_1"),
        (640, 480, "256_to_511"),
        (256, 9999, "256_to_511"),
        (255, 9999, "128_to_255"),
    ],
)
def test_size_bucket_is_the_range_of_the_shorter_side(
    width: int, height: int, expected: str
) -> None:
    """Sizes fall into ranges between powers of two."""
    assert size_bucket(width, height) == expected
