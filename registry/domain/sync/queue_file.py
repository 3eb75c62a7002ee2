"""What a phone could not send, as a file that a passphrase opens (PBKDF2-SHA256, AES-256-GCM)."""

import base64
import binascii
from typing import Annotated, Any, Literal

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from msgspec import Meta, Struct, field

from registry.domain.errors import Invalid
from registry.domain.records.resource import Exercise

FORMAT = "registry-field-queue-1"
"""Of the file; it is authenticated with the content."""


class SealedQueue(Struct, frozen=True, kw_only=True):
    """The file: salt, nonce and ciphertext in base64."""

    format: Literal["registry-field-queue-1"]
    iterations: Annotated[int, Meta(ge=100_000, le=5_000_000)]
    salt: str
    nonce: str
    sealed: str


class FieldQueue(Struct, frozen=True, kw_only=True):
    """Operations in the order in which they were made, as the phone would send them, and whose they are."""

    holder: str
    exercise: Exercise | None = None
    operations: list[dict[str, Any]] = field(default_factory=list)


def open_queue(content: bytes, passphrase: str) -> FieldQueue:
    """The queue in a file; Invalid for another passphrase, an altered file, or one that is none."""
    try:
        file = msgspec.json.decode(content, type=SealedQueue)
        salt, nonce, sealed = (
            base64.b64decode(part, validate=True) for part in (file.salt, file.nonce, file.sealed)
        )
    except (msgspec.DecodeError, UnicodeDecodeError, binascii.Error):
        raise Invalid(
            "this is no file that the field page exported", field="file", zh="这不是外勤页导出的文件"
        ) from None
    key = PBKDF2HMAC(SHA256(), length=32, salt=salt, iterations=file.iterations).derive(passphrase.encode())
    try:
        plain = AESGCM(key).decrypt(nonce, sealed, FORMAT.encode())
        return msgspec.json.decode(plain, type=FieldQueue)
    except (InvalidTag, ValueError):
        raise Invalid(
            "the passphrase does not open this file, or the file was altered",
            field="passphrase",
            zh="口令不能打开此文件，或文件已被改动",
        ) from None
