"""The peppers of a host in a backup, encrypted with a passphrase (scrypt, AES-256-GCM)."""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from registry.domain.access.pepper import Peppers

MIN_CHARACTERS = 12
SALT_BYTES, NONCE_BYTES = 16, 12
COST = 2**15


class WrongPassphrase(Exception):
    """The passphrase is not the one that the peppers of this backup were encrypted with."""


def encrypt(peppers: Peppers, passphrase: str, random: bytes) -> bytes:
    """The peppers as bytes that only the passphrase opens; `random` has 28 bytes."""
    salt, nonce = random[:SALT_BYTES], random[SALT_BYTES : SALT_BYTES + NONCE_BYTES]
    plain = b"\n".join(peppers.every())
    return salt + nonce + AESGCM(_key(passphrase, salt)).encrypt(nonce, plain, None)


def decrypt(sealed: bytes, passphrase: str) -> Peppers:
    """The peppers in such bytes; WrongPassphrase for another passphrase, or bytes that were altered."""
    salt, nonce = sealed[:SALT_BYTES], sealed[SALT_BYTES : SALT_BYTES + NONCE_BYTES]
    try:
        plain = AESGCM(_key(passphrase, salt)).decrypt(nonce, sealed[SALT_BYTES + NONCE_BYTES :], None)
    except InvalidTag:
        raise WrongPassphrase("the passphrase does not open the key pepper of this backup") from None
    current, *former = plain.split(b"\n")
    return Peppers(current, tuple(former))


def _key(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=COST, r=8, p=1).derive(passphrase.encode())
