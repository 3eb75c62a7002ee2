"""Everything textual is compressed as the client asks, with validators that stay true."""

import gzip
import zlib

import brotli
import pytest
import zstandard

from registry.api.http.compression import CompressedSender, encoding_for
from tests.builders import a_resource

READ = {
    "zstd": lambda packed: zstandard.ZstdDecompressor().decompressobj().decompress(packed),
    "br": brotli.decompress,
    "gzip": gzip.decompress,
}
OPENED = {
    "zstd": lambda: zstandard.ZstdDecompressor().decompressobj().decompress,
    "br": lambda: brotli.Decompressor().process,
    "gzip": lambda: zlib.decompressobj(31).decompress,
}


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("", None),
        ("identity", None),
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, br", "br"),
        ("br;q=0.5, gzip;q=0.8", "gzip"),
        ("zstd;q=0, br;q=0, gzip", "gzip"),
        ("*", "zstd"),
        ("*;q=0", None),
        ("gzip;q=0.2, identity", None),
        ("x" * 5000, None),
    ],
)
def test_the_client_says_which_encoding(accepted: str, encoding: str | None) -> None:
    assert encoding_for(accepted) == encoding


async def raw(client, path: str, **headers: str) -> tuple[dict[str, str], bytes]:
    async with client.stream("GET", path, headers={"Accept-Encoding": "identity", **headers}) as answer:
        assert answer.status_code == 200, path
        return dict(answer.headers), b"".join([piece async for piece in answer.aiter_raw()])


PATHS = (
    "/v1/resources?limit=100",
    "/ogc/collections/shelters/items?limit=100",
    "/ogc/collections/shelters/items?limit=100&f=html",
    "/ogc/collections/shelters/items?f=csv",
    "/ogc/collections/shelters/items?f=geojsonseq",
    "/ogc/collections/shelters/items?f=kml",
    "/v1/sync/snapshot",
    "/docs/openapi.json",
    "/docs/problems",
)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("encoding", READ)
async def test_what_is_compressed_is_the_same(client, stored, path: str, encoding: str) -> None:
    for number in range(20):
        await a_resource(stored, "shelter", lon=106.5 + number / 1000)
    plain_headers, plain = await raw(client, path)
    headers, packed = await raw(client, path, **{"Accept-Encoding": encoding})
    assert headers["content-encoding"] == encoding
    assert "content-encoding" not in plain_headers
    assert "accept-encoding" in headers["vary"].lower()
    assert "accept-encoding" in plain_headers["vary"].lower()
    assert len(packed) < len(plain)
    if "content-length" in headers:
        assert int(headers["content-length"]) == len(packed)
    if "cursor" not in plain[:200].decode(errors="ignore") and "timeStamp" not in plain[:300].decode(
        errors="ignore"
    ):
        assert READ[encoding](packed) == plain
    else:
        assert READ[encoding](packed)[:1] == plain[:1]


async def test_a_validator_of_other_bytes_is_weak_and_still_fits(client, stored, signed) -> None:
    identity = await a_resource(stored, "shelter")
    path, planner = f"/v1/resources/{identity}", await signed("planner")
    plain, _ = await raw(client, path, **planner)
    packed, _ = await raw(client, path, **{"Accept-Encoding": "gzip"}, **planner)
    assert plain["etag"].startswith('"')
    assert packed["etag"] == "W/" + plain["etag"]
    for tag in (plain["etag"], packed["etag"]):
        same = await client.get(path, headers={"If-None-Match": tag, "Accept-Encoding": "gzip", **planner})
        assert (same.status_code, same.content) == (304, b"")
    changed = await client.patch(
        path,
        json={"properties": {"note": "seen"}},
        headers={"If-Match": packed["etag"], **planner, "Content-Type": "application/merge-patch+json"},
    )
    assert changed.status_code == 200, changed.text


async def test_small_and_packed_bodies_go_as_they_are(client) -> None:
    answer = await client.get("/health/live", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize("encoding", READ)
async def test_every_event_of_a_stream_is_readable_when_it_is_sent(encoding: str) -> None:
    sent: list = []

    async def keep(message) -> None:
        sent.append(message)

    sender = CompressedSender(keep, encoding)
    await sender(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]}
    )
    unpack = OPENED[encoding]()
    for number in range(3):
        event = b"data: %d\n\n" % number
        await sender({"type": "http.response.body", "body": event, "more_body": True})
        assert unpack(sent[-1]["body"]) == event
    await sender({"type": "http.response.body", "body": b"", "more_body": False})
    assert sent[-1]["more_body"] is False
    assert (b"content-encoding", encoding.encode()) in sent[0]["headers"]
