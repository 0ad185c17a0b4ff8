"""Decoding every kind of image to the same pixels, and the reasons why some cannot be."""

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageFile

from inference.images import ImageError, ImageTooLargeError, decode, resize

RED, WHITE = (255, 0, 0), (255, 255, 255)


def palette(*, transparent: bool) -> Image.Image:
    """A palette image of one colour, red, which may be the transparent one."""
    image = Image.new("P", (4, 4), 1)
    image.putpalette([0, 0, 255, *RED])
    if transparent:
        image.info["transparency"] = 1
    return image


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        pytest.param(Image.new("RGB", (4, 4), RED), RED, id="rgb"),
        pytest.param(Image.new("L", (4, 4), 100), (100, 100, 100), id="grey"),
        pytest.param(Image.new("1", (4, 4), 1), WHITE, id="bilevel"),
        pytest.param(Image.new("RGBA", (4, 4), (255, 0, 0, 255)), RED, id="opaque"),
        pytest.param(Image.new("RGBA", (4, 4), (255, 0, 0, 0)), WHITE, id="transparent"),
        pytest.param(Image.new("LA", (4, 4), (0, 0)), WHITE, id="transparent-grey"),
        pytest.param(palette(transparent=False), RED, id="palette"),
        pytest.param(palette(transparent=True), WHITE, id="transparent-palette"),
        pytest.param(Image.new("I;16", (4, 4), 0x8040), (0x80,) * 3, id="16-bit"),
        pytest.param(Image.new("I;16", (4, 4), 0xFFFF), WHITE, id="16-bit-white"),
    ],
)
def test_every_mode_becomes_rgb_on_white(
    image: Image.Image, expected: tuple[int, int, int], encode: Callable[..., bytes]
) -> None:
    """Grey, palette, transparent and 16-bit images decode to the 8-bit RGB that a person sees."""
    decoded = decode(encode(image))
    assert decoded.mode == "RGB"
    assert decoded.getcolors() == [(16, expected)]


def test_half_transparent_pixels_mix_with_white(encode: Callable[..., bytes]) -> None:
    """A pixel of opacity 51/255 keeps a fifth of its colour."""
    decoded = decode(encode(Image.new("RGBA", (1, 1), (0, 100, 255, 51))))
    assert decoded.getpixel((0, 0)) == (204, 224, 255)


def test_cmyk_jpeg_decodes_to_the_inks_colour(encode: Callable[..., bytes]) -> None:
    """Full magenta and yellow ink without cyan is red."""
    body = encode(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG", quality=100)
    assert np.abs(np.asarray(decode(body)).astype(int) - RED).max() <= 2


@pytest.mark.parametrize("kind", ["BMP", "JPEG", "PNG", "WEBP"])
def test_each_format_is_read(kind: str, encode: Callable[..., bytes]) -> None:
    """The formats of the input's suffixes are told apart by their content."""
    decoded = decode(encode(Image.new("RGB", (8, 8), (40, 80, 120)), kind))
    assert np.abs(np.asarray(decoded).astype(int) - (40, 80, 120)).max() <= 3


@pytest.mark.parametrize(
    ("orientation", "corner"),
    [
        (1, (0, 0)), (2, (1, 0)), (3, (1, 2)), (4, (0, 2)),
        (5, (0, 0)), (6, (2, 0)), (7, (2, 1)), (8, (0, 1)),
    ],
)  # fmt: skip
def test_exif_orientation_turns_the_image_upright(
    orientation: int, corner: tuple[int, int], encode: Callable[..., bytes]
) -> None:
    """The stored top left pixel of a 2 x 3 image lands where the orientation says."""
    image = Image.new("RGB", (2, 3))
    image.putpixel((0, 0), WHITE)
    exif = Image.Exif()
    exif[0x0112] = orientation
    decoded = decode(encode(image, exif=exif))
    assert decoded.size == ((2, 3) if orientation < 5 else (3, 2))
    rows, columns = np.asarray(decoded.convert("L")).nonzero()
    assert list(zip(columns.tolist(), rows.tolist(), strict=True)) == [corner]


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data:UserWarning")
def test_damaged_exif_is_no_reason_to_refuse_pixels(encode: Callable[..., bytes]) -> None:
    """Pixels with unreadable metadata count as upright."""
    for exif in (b"Exif\x00\x00MM\x00*\xff\xff\xff\xff", b"Exif\x00\x00no such format"):
        assert decode(encode(Image.new("RGB", (2, 3), RED), exif=exif)).size == (2, 3)


def png(width: int, height: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG of a size, of the chunks after its header."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n"
    for kind, data in ((b"IHDR", header), *chunks, (b"IEND", b"")):
        check = struct.pack(">I", zlib.crc32(kind + data))
        content += struct.pack(">I", len(data)) + kind + data + check
    return content


def huge_png(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims a size."""
    return png(width, height, (b"IDAT", b""))


def animated_webp(width: int, height: int) -> bytes:
    """A WebP animation of one small frame that claims a size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return kind + struct.pack("<I", len(data)) + data

    buffer = io.BytesIO()
    Image.new("RGB", (16, 16)).save(buffer, "WEBP", lossless=True)
    frame = bytes(6) + bytes([15, 0, 0, 15, 0, 0, 100, 0, 0, 0]) + buffer.getvalue()[12:]
    canvas = b"\x02\0\0\0" + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = chunk(b"VP8X", canvas) + chunk(b"ANIM", bytes(6)) + chunk(b"ANMF", frame)
    return chunk(b"RIFF", b"WEBP" + body)


INFLATED = zlib.compress(bytes(50_000_000), 9)
"""A few kilobytes that unpack to much more."""


@pytest.mark.parametrize(
    ("body", "kind", "reason"),
    [
        pytest.param(b"", ImageError, "it is empty", id="empty"),
        pytest.param(b"GIF89a", ImageError, "it is no PNG, JPEG, WebP or BMP image", id="other"),
        pytest.param(
            huge_png(9000, 9000),
            ImageTooLargeError,
            "it has 9000 x 9000 pixels; at most 80000000 are read",
            id="large",
        ),
        pytest.param(
            huge_png(50000, 50000),
            ImageTooLargeError,
            "it has more than 80000000 pixels",
            id="bomb",
        ),
        pytest.param(
            animated_webp(16_383, 16_383),
            ImageTooLargeError,
            "it has more than 80000000 pixels",
            id="bomb-webp",
        ),
        pytest.param(
            b"BM"
            + struct.pack("<IHHI", 54, 0, 0, 54)
            + struct.pack("<IiiHHIIiiII", 40, 60_000, -60_000, 1, 24, 0, 0, 0, 0, 0, 0),
            ImageTooLargeError,
            "it has more than 80000000 pixels",
            id="bomb-bmp",
        ),
        *(
            pytest.param(
                png(2, 2, (kind, start + INFLATED)),
                ImageError,
                "it is damaged: Decompressed data too large for PngImagePlugin.MAX_TEXT_CHUNK",
                id=f"bomb-{kind.decode()}",
            )
            for kind, start in (
                (b"zTXt", b"k\0\0"),
                (b"iTXt", b"k\0\1\0\0\0"),
                (b"iCCP", b"k\0\0"),
            )
        ),
        pytest.param(
            huge_png(2, 2),
            ImageError,
            "it is damaged: image file is truncated (0 bytes not processed)",
            id="no-pixels",
        ),
    ],
)
def test_unreadable_bytes_have_a_reason(body: bytes, kind: type[ImageError], reason: str) -> None:
    """What is no image, or claims to be huge, is refused in words that do not change."""
    with pytest.raises(ImageError) as caught:
        decode(body)
    assert (type(caught.value), str(caught.value)) == (kind, reason)


@pytest.mark.parametrize(
    ("kind", "options"),
    [("PNG", {}), ("WEBP", {"lossless": True}), ("MPO", {"quality": 100})],
    ids=["apng", "webp", "mpo"],
)
def test_of_several_frames_the_first_is_read(
    kind: str, options: dict[str, object], encode: Callable[..., bytes]
) -> None:
    """An animation, or the stereo image of a camera, is its first picture."""
    others = [Image.new("RGB", (16, 16), WHITE)]
    body = encode(
        Image.new("RGB", (16, 16), RED), kind, save_all=True, append_images=others, **options
    )
    assert np.abs(np.asarray(decode(body)).astype(int) - RED).max() <= 2


def test_pixels_beyond_the_size_are_not_unpacked() -> None:
    """Compressed pixels that go on after the last row are ignored."""
    assert decode(png(2, 2, (b"IDAT", INFLATED))).getcolors() == [(4, (0, 0, 0))]


def test_truncated_image_is_damaged(encode: Callable[..., bytes]) -> None:
    """A file that ends early is refused instead of being filled up with grey."""
    body = encode(Image.effect_noise((64, 64), 50).convert("RGB"), "JPEG")
    with pytest.raises(ImageError, match=r"^it is damaged: image file is truncated"):
        decode(body[: len(body) // 2])


def test_reason_without_words_is_the_errors_name(
    encode: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some of the decoder's errors have no text."""

    def fail(_: object) -> None:
        raise EOFError

    body = encode(Image.new("RGB", (4, 4)))
    monkeypatch.setattr(ImageFile.ImageFile, "load", fail)
    with pytest.raises(ImageError) as caught:
        decode(body)
    assert str(caught.value) == "it is damaged: EOFError"


def test_lack_of_memory_is_no_fault_of_the_image(
    encode: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine without memory must not quarantine good images."""

    def fail(_: object) -> None:
        raise MemoryError

    body = encode(Image.new("RGB", (4, 4)))
    monkeypatch.setattr(ImageFile.ImageFile, "load", fail)
    with pytest.raises(MemoryError):
        decode(body)


def test_resize_takes_the_centred_square() -> None:
    """The sides of a wide image are cut off, and a fitting image is not touched."""
    pixels = np.zeros((4, 8, 3), dtype=np.uint8)
    pixels[:, 2:6] = 200
    assert (resize(Image.fromarray(pixels), 4) == 200).all()
    exact = np.random.default_rng(0).integers(0, 256, (5, 5, 3), dtype=np.uint8)
    assert (resize(Image.fromarray(exact), 5) == exact).all()


def test_resize_of_a_png_is_that_of_its_pixels(encode: Callable[..., bytes]) -> None:
    """Encoding and decoding without loss changes no input of the network."""
    image = Image.effect_noise((50, 40), 60).convert("RGB")
    again = decode(io.BytesIO(encode(image)).getvalue())
    assert (resize(again, 16) == resize(image, 16)).all()
