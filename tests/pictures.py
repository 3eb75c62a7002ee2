"""Pictures for tests, made here: plain ones, ones full of metadata, and ones that no reader should trust."""

import hashlib
import io
import struct
import zlib
from typing import Any

from PIL import Image, PngImagePlugin

GPS = {1: "N", 2: (29.0, 1.0, 48.0), 3: "E", 4: (106.0, 39.0, 0.0)}
SECRET = b"zqcanaryzq"
"""A word that stands in every kind of metadata of these pictures."""
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:exif="http://ns.adobe.com/exif/1.0/" exif:GPSLatitude="29,1.8N" about="'
    + SECRET
    + b'"/></rdf:RDF></x:xmpmeta>'
)


def an_image(width: int = 64, height: int = 48, mode: str = "RGB") -> Image.Image:
    """A picture with a red left upper quarter, so that one can tell how it was turned."""
    image = Image.new("RGB", (width, height), (240, 240, 240))
    image.paste((200, 0, 0), (0, 0, width // 2, height // 2))
    return image.convert(mode)


def exif(orientation: int = 1) -> Image.Exif:
    made = Image.Exif()
    made[0x0112], made[0x010E], made[0x8825] = orientation, SECRET.decode(), GPS
    return made


def encoded(kind: str = "JPEG", image: Image.Image | None = None, **options: Any) -> bytes:
    out = io.BytesIO()
    (image or an_image()).save(out, kind, **options)
    return out.getvalue()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def jpeg_with_everything(orientation: int = 1) -> bytes:
    """EXIF with a position, XMP, a comment, an ICC profile, an own segment, and a file behind the picture."""
    plain = encoded(exif=exif(orientation), xmp=XMP, comment=SECRET, icc_profile=b"icc" + SECRET)
    own = b"\xff\xed" + struct.pack(">H", 2 + len(SECRET)) + SECRET
    return plain[:2] + own + plain[2:] + b"PK\x03\x04" + SECRET


def png_with_everything() -> bytes:
    """EXIF with a position, XMP and words in every kind of text chunk, and bytes behind the end."""
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Comment", SECRET.decode())
    texts.add_text("GPS", SECRET.decode(), zip=True)
    texts.add_itxt("XML:com.adobe.xmp", XMP.decode())
    return encoded("PNG", exif=exif(), pnginfo=texts) + SECRET


def webp_with_everything() -> bytes:
    return encoded("WEBP", exif=exif(), xmp=XMP, icc_profile=b"icc" + SECRET)


def png_of(width: int, height: int, data: bytes, extra: bytes = b"") -> bytes:
    """A PNG that says a size and holds any data."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + extra + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def text_bomb() -> bytes:
    """A text chunk that inflates to 64 MB."""
    body = b"Comment\x00\x00" + zlib.compress(bytes(64 * 2**20))
    chunk = struct.pack(">I", len(body)) + b"zTXt" + body + struct.pack(">I", zlib.crc32(b"zTXt" + body))
    return png_of(4, 4, zlib.compress(bytes(4 * 13)), chunk)


HOSTILE: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "empty_file"),
    "a text": (b"not a picture", "not_a_picture"),
    "a page": (b"<html><script>alert(1)</script></html>", "not_a_picture"),
    "a drawing with a script": (b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>', "not_a_picture"),
    "an archive with a picture behind": (b"PK\x03\x04" + encoded(), "not_a_picture"),
    "a document with a picture behind": (b"%PDF-1.7\n" + encoded(), "not_a_picture"),
    "a page with a picture behind": (b"<!-- " + encoded() + b" -->", "not_a_picture"),
    "a GIF": (encoded("GIF"), "not_a_picture"),
    "a BMP": (encoded("BMP"), "not_a_picture"),
    "a TIFF": (encoded("TIFF"), "not_a_picture"),
    "a TIFF called JPEG": (b"\xff\xd8\xff" + encoded("TIFF"), "damaged"),
    "the mark of a JPEG alone": (b"\xff\xd8\xff\xe0", "damaged"),
    "the mark of a PNG alone": (b"\x89PNG\r\n\x1a\n", "damaged"),
    "the mark of a WebP alone": (b"RIFF\x00\x00\x00\x00WEBP", "damaged"),
    "half a JPEG": (encoded()[: len(encoded()) // 2], "damaged"),
    "half a PNG": (encoded("PNG", an_image(300, 300))[:120], "damaged"),
    "half a WebP": (encoded("WEBP", an_image(300, 300))[:-30], "damaged"),
    "30,000 pixels a side": (png_of(30_000, 30_000, zlib.compress(bytes(1000))), "too_many_pixels"),
    "a long strip": (png_of(13_000, 2, zlib.compress(bytes(2 * 39_001))), "too_many_pixels"),
    "pixels without end": (png_of(2**31 - 1, 2**31 - 1, zlib.compress(b"")), "too_many_pixels"),
    "pixels that are not there": (png_of(5_000, 5_000, zlib.compress(bytes(1000))), "damaged"),
    "a text that inflates": (text_bomb(), "damaged"),
    "a moving PNG": (
        encoded("PNG", save_all=True, append_images=[an_image(mode="L").convert("RGB")]),
        "moving_picture",
    ),
    "a moving WebP": (
        encoded("WEBP", save_all=True, append_images=[Image.new("RGB", (64, 48))]),
        "moving_picture",
    ),
}
"""Files that are refused, each with the code that says why."""
