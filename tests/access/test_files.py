"""A file of a collection holds every record that its pages show to the same reader."""

import io
import sqlite3
import tempfile
import zipfile
from pathlib import Path

import pytest

from registry.api.ogc.exports import WRITERS
from registry.domain.ogc import catalogue
from tests.access.worlds import World


def unpacked(content: bytes, form: str) -> bytes:
    """The texts in a file."""
    if form == "xlsx":
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            return b"".join(book.read(name) for name in book.namelist())
    if form == "gpkg":
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "file.gpkg"
            path.write_bytes(content)
            connection = sqlite3.connect(path)
            try:
                return "\n".join(connection.iterdump()).encode()
            finally:
                connection.close()
    return content


@pytest.mark.parametrize("form", sorted(WRITERS))
@pytest.mark.parametrize("role", ["public", "viewer", "field", "planner", "admin"])
async def test_a_file_has_every_record_of_the_pages(full: World, role: str, form: str) -> None:
    shown = 0
    for collection in catalogue.COLLECTIONS:
        url = f"/ogc/collections/{collection}/items"
        page = await full.client.get(f"{url}?limit=1000", headers=full.headers[role])
        assert page.status_code == 200, page.text
        named = {feature["id"] for feature in page.json()["features"]}
        assert len(named) == page.json()["numberMatched"]
        file = await full.client.get(f"{url}?f={form}", headers=full.headers[role])
        assert file.status_code == 200, file.text
        text = unpacked(file.content, form)
        missing = {identity for identity in named if identity.encode() not in text}
        assert not missing, f"{collection}: {len(missing)} of {len(named)} are not in the file"
        shown += len(named)
    assert shown > 15, shown
