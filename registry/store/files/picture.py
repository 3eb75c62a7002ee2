"""Make of a picture that somebody sent a new one: its pixels, upright, bounded, and nothing else of it.

To encode it anew drops every kind of metadata and whatever else a file carries behind or between its pixels.
It runs in the process that reads files, which is limited and thrown away.
"""

import io
import warnings

from PIL import Image

from registry.domain.attachments.picture import MOST_BYTES, Picture
from registry.domain.intake.files.refusal import RefusedFile

MOST_PIXELS = 32_000_000
MOST_SIDE_PX = 12_000
LONG_EDGE_PX = 2_560
THUMBNAIL_PX = 320
QUALITY, THUMBNAIL_QUALITY = 80, 75
ORIENTATION = 0x0112
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""How to turn a picture by its EXIF orientation."""
WHITE = (255, 255, 255)
SIXTEEN_BITS = ("I", "I;16", "I;16L", "I;16B", "I;16N")


def clean_picture(content: bytes) -> Picture:
    """The picture of a JPEG, PNG or WebP file; RefusedFile for any other, damaged or too large."""
    if not content:
        raise RefusedFile("empty_file")
    if len(content) > MOST_BYTES:
        raise RefusedFile("too_large", megabytes=MOST_BYTES // 2**20)
    kind = picture_format(content)
    Image.MAX_IMAGE_PIXELS = None  # the bounds are our own, below
    try:
        with (
            warnings.catch_warnings(action="ignore"),
            Image.open(io.BytesIO(content), formats=(kind,)) as image,
        ):
            _demand_bounds(image)
            return _picture(image)
    except (RefusedFile, MemoryError):
        raise
    except Exception as error:  # the decoders raise whatever a hostile file makes them
        raise RefusedFile("damaged") from error


def picture_format(content: bytes) -> str:
    """The format by the first bytes, whatever the file calls itself; RefusedFile for none of ours."""
    if content.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "WEBP"
    raise RefusedFile("not_a_picture")


def _demand_bounds(image: Image.Image) -> None:
    """RefusedFile before a pixel is decoded."""
    width, height = image.size
    if width * height > MOST_PIXELS or max(width, height) > MOST_SIDE_PX:
        raise RefusedFile("too_many_pixels", width=width, height=height)
    if image.format != "MPO" and getattr(image, "n_frames", 1) > 1:  # a phone's MPO is one photo, twice
        raise RefusedFile("moving_picture")


def _picture(image: Image.Image) -> Picture:
    turn = UPRIGHT.get(_orientation(image))
    image.draft("RGB", (LONG_EDGE_PX, LONG_EDGE_PX))
    plain = _opaque(image)
    plain.thumbnail((LONG_EDGE_PX, LONG_EDGE_PX), Image.Resampling.LANCZOS)
    upright = plain if turn is None else plain.transpose(turn)
    small = upright.copy()
    small.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX), Image.Resampling.LANCZOS)
    return Picture(
        content=_encoded(upright, QUALITY),
        thumbnail=_encoded(small, THUMBNAIL_QUALITY),
        width_px=upright.width,
        height_px=upright.height,
    )


def _orientation(image: Image.Image) -> int:
    """The orientation that the file states; broken metadata state none."""
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except Exception:
        return 1


def _opaque(image: Image.Image) -> Image.Image:
    """The pixels on white in eight bits; a new image, so that nothing that was beside them comes along."""
    if image.mode in SIXTEEN_BITS:
        eight_bits = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
        return eight_bits.convert("RGB")
    pixels = image.convert("RGBA" if image.has_transparency_data else "RGB")
    plain = Image.new("RGB", pixels.size, WHITE)
    plain.paste(pixels, mask=pixels if pixels.mode == "RGBA" else None)
    return plain


def _encoded(image: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, optimize=True)
    return out.getvalue()
