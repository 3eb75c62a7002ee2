"""Pictures are made anew: upright, bounded, without a byte of metadata; what is none is refused with why."""

import io
import struct
import zlib
from collections.abc import Callable

import pytest
from PIL import Image

from registry.domain.attachments.picture import MOST_BYTES
from registry.domain.intake.files.refusal import RefusedFile
from registry.store.files.child_process import clean_in_child
from registry.store.files.picture import LONG_EDGE_PX, THUMBNAIL_PX, clean_picture
from tests import pictures
from tests.pictures import HOSTILE, SECRET, an_image, encoded, exif

FULL: dict[str, Callable[[], bytes]] = {
    "JPEG": pictures.jpeg_with_everything,
    "PNG": pictures.png_with_everything,
    "WebP": pictures.webp_with_everything,
}


def segments(jpeg: bytes) -> list[int]:
    """The markers of the segments before the pixels; a scan of our own."""
    found, at = [], 2
    while jpeg[at + 1] != 0xDA:
        assert jpeg[at] == 0xFF
        found.append(jpeg[at + 1])
        at += 2 + struct.unpack(">H", jpeg[at + 2 : at + 4])[0]
    return found


def is_bare(jpeg: bytes) -> bool:
    """Whether a JPEG has no segment but those that its pixels need, and nothing behind them."""
    told = {marker for marker in segments(jpeg) if 0xE1 <= marker <= 0xEF or marker == 0xFE}
    return not told and jpeg.endswith(b"\xff\xd9") and jpeg.count(b"\xff\xd9") == 1


def red_corner(content: bytes) -> tuple[bool, bool]:
    """Whether the red quarter is on the left, and whether it is above."""
    with Image.open(io.BytesIO(content)) as image:
        width, height = image.size
        at = {
            (left, above): image.convert("RGB").getpixel(
                (width // 4 if left else width * 3 // 4, height // 4 if above else height * 3 // 4)
            )
            for left in (True, False)
            for above in (True, False)
        }
    return min(at, key=lambda place: at[place][1])


@pytest.mark.parametrize("kind", FULL)
async def test_nothing_but_pixels_is_kept(kind: str) -> None:
    content = FULL[kind]()
    assert SECRET in content
    made = await clean_in_child(content)
    for kept in (made.content, made.thumbnail):
        assert is_bare(kept)
        assert SECRET not in kept
        with Image.open(io.BytesIO(kept)) as image:
            assert (image.format, image.mode) == ("JPEG", "RGB")
            assert not image.getexif()
            assert not image.info.keys() & {"exif", "xmp", "comment", "icc_profile"}
            assert image.size == (made.width_px, made.height_px)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_stands_upright(orientation: int) -> None:
    made = clean_picture(encoded(exif=exif(orientation)))
    turned = orientation >= 5
    assert (made.width_px, made.height_px) == ((48, 64) if turned else (64, 48))
    left, above = {1: (1, 1), 2: (0, 1), 3: (0, 0), 4: (1, 0), 5: (1, 1), 6: (0, 1), 7: (0, 0), 8: (1, 0)}[
        orientation
    ]
    assert red_corner(made.content) == (bool(left), bool(above))
    assert red_corner(made.thumbnail) == (bool(left), bool(above))


def test_a_large_picture_is_made_smaller_and_a_small_one_stays() -> None:
    made = clean_picture(encoded(image=an_image(4_000, 3_000)))
    assert (made.width_px, made.height_px) == (LONG_EDGE_PX, LONG_EDGE_PX * 3 // 4)
    with Image.open(io.BytesIO(made.thumbnail)) as small:
        assert small.size == (THUMBNAIL_PX, THUMBNAIL_PX * 3 // 4)
    one = clean_picture(encoded("PNG", an_image(1, 1)))
    assert (one.width_px, one.height_px) == (1, 1)


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "I;16", "CMYK"])
def test_every_sort_of_pixels_is_read(mode: str) -> None:
    if mode == "I;16":
        image = Image.new("I;16", (64, 48), 240 * 256)
        image.paste(40 * 256, (0, 0, 32, 24))
    else:
        image = an_image(mode=mode)
    made = clean_picture(encoded("JPEG" if mode == "CMYK" else "PNG", image))
    assert red_corner(made.content) == (True, True)
    with Image.open(io.BytesIO(made.content)) as kept:
        assert min(kept.convert("L").getpixel((60, 44)), 255) > 200  # type: ignore[type-var]


def test_what_is_transparent_is_white() -> None:
    made = clean_picture(encoded("PNG", Image.new("RGBA", (8, 8), (0, 0, 0, 0))))
    with Image.open(io.BytesIO(made.content)) as kept:
        assert kept.getpixel((4, 4)) == (255, 255, 255)


def test_broken_metadata_do_not_refuse_a_good_picture() -> None:
    plain = encoded()
    broken = b"\xff\xe1" + struct.pack(">H", 2 + 14) + b"Exif\x00\x00II*\x00\xff\xff\xff\xff"
    assert is_bare(clean_picture(plain[:2] + broken + plain[2:]).content)


@pytest.mark.parametrize("name", HOSTILE)
async def test_what_is_no_picture_is_refused_with_a_reason(name: str) -> None:
    content, code = HOSTILE[name]
    with pytest.raises(RefusedFile) as refused:
        await clean_in_child(content)
    assert refused.value.code == code


async def test_a_file_that_is_too_large_is_refused() -> None:
    with pytest.raises(RefusedFile) as refused:
        await clean_in_child(encoded() + bytes(MOST_BYTES))
    assert refused.value.code == "too_large"


async def test_a_decoder_that_needs_too_much_ends_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("registry.store.files.child_process.PICTURE_MEMORY_BYTES", 96 * 2**20)
    with pytest.raises(RefusedFile) as refused:
        await clean_in_child(pictures.png_of(5_600, 5_600, zlib.compress(bytes(5_600 * 16_801))))
    assert refused.value.code == "limits_exceeded"
