"""The file of a phone without a network: opened by its passphrase only, and taken in once."""

import base64
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from registry.cli.main import registry
from registry.domain.errors import Invalid
from registry.domain.sync.queue_file import FORMAT, FieldQueue, open_queue
from tests.sync.test_client import SHELTER

PASSPHRASE = "一二三四五六七八九十甲乙"
BY_WEBCRYPTO = {
    "format": "registry-field-queue-1",
    "iterations": 600_000,
    "salt": "AAECAwQFBgcICQoLDA0ODw==",
    "nonce": "ZGVmZ2hpamtsbW5v",
    "sealed": "/vqaYXc6nnvGL+XtCplOQX56P3W38RgQH6B/2ZUR7FvdzA3c"
    "FzfcWC+cVt8//LCYctTKb1gcv6Et8h+CPNVLEb86us2SQ1Qe",
}
"""Made once with the Web Crypto API of Node.js: a queue of nobody's reports."""


def sealed(queue: dict, iterations: int = 100_000) -> dict:
    """A file as the page makes it, with fewer rounds."""
    salt, nonce = bytes(16), bytes(12)
    key = PBKDF2HMAC(SHA256(), length=32, salt=salt, iterations=iterations).derive(PASSPHRASE.encode())
    parts = {"salt": salt, "nonce": nonce}
    parts["sealed"] = AESGCM(key).encrypt(nonce, msgspec.json.encode(queue), FORMAT.encode())
    texts = {name: base64.b64encode(part).decode() for name, part in parts.items()}
    return {"format": FORMAT, "iterations": iterations} | texts


def test_what_a_browser_sealed_is_opened() -> None:
    assert open_queue(msgspec.json.encode(BY_WEBCRYPTO), PASSPHRASE) == FieldQueue(holder="key:a-phone")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"format": "another"}, "no file"),
        ({"iterations": 1}, "no file"),
        ({"salt": "!"}, "no file"),
        ({"salt": base64.b64encode(b"another salt....").decode()}, "altered"),
        ({"nonce": base64.b64encode(bytes(11)).decode()}, "altered"),
        ({"nonce": ""}, "altered"),
        ({"sealed": base64.b64encode(b"short").decode()}, "altered"),
    ],
)
def test_a_file_that_was_altered_is_refused(change: dict, says: str) -> None:
    file = sealed({"holder": "key:a-phone", "operations": []}) | change
    with pytest.raises(Invalid, match=says):
        open_queue(msgspec.json.encode(file), PASSPHRASE)


def test_another_passphrase_and_other_files_are_refused() -> None:
    with pytest.raises(Invalid, match="passphrase"):
        open_queue(msgspec.json.encode(sealed({"holder": "key:a-phone"})), "another passphrase")
    for content in (b"", b"\xff\xfe", b"[]", b'{"holder": "key:a-phone"}'):
        with pytest.raises(Invalid, match="no file"):
            open_queue(content, PASSPHRASE)


def run(url: str, *arguments: str) -> Result:
    return CliRunner().invoke(registry, list(arguments), env={"DATABASE_URL": url, "COLUMNS": "200"})


def op(kind: str, identity: str, body: dict) -> dict:
    return {"op_id": str(uuid4()), "kind": kind, "resource_id": identity, "body": body}


def test_a_queue_is_taken_in_once_and_says_what_was_refused(new_database, tmp_path: Path) -> None:
    url: str = new_database()
    made = run(url, "key", "create", "--holder", "a-phone", "--role", "field", "--everywhere")
    assert made.exit_code == 0, made.output
    known = str(uuid4())
    operations = [
        op("create", known, SHELTER),
        op("verification", known, {"how": "seen on site"}),
        op("verification", str(uuid4()), {"how": "of a record that is not there"}),
        {"op_id": "none"},
    ]
    file = tmp_path / "field.json"
    file.write_bytes(msgspec.json.encode(sealed({"holder": "key:a-phone", "operations": operations})))
    take = ("sync", "import", str(file), "--passphrase", PASSPHRASE)
    first = run(url, *take)
    assert (first.exit_code, "2 applied, 2 rejected" in first.output) == (3, True), first.output
    assert run(url, "key", "revoke", made.output[4:12]).exit_code == 0
    again = run(url, *take)
    assert "2 duplicate, 2 rejected" in again.output, again.output
    wrong = run(url, *take[:-1], "another passphrase")
    assert wrong.exit_code not in (0, 3)
    stranger = {"holder": "key:nobody", "operations": operations[:1]}
    file.write_bytes(msgspec.json.encode(sealed(stranger)))
    assert run(url, *take).exit_code not in (0, 3)
