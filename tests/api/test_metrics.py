"""Metrics: every gauge has a figure, requests are counted by route, and strangers see none."""

import asyncio
import http.server
import re
import threading

import pytest

from registry.app import create_app
from registry.jobs.measuring import measuring
from registry.runtime import metrics
from registry.runtime.database import as_role
from registry.runtime.settings import Settings
from registry.services.sync.watch_feed_lag import FeedLagWatcher
from tests.api.conftest import PEPPER, serving
from tests.api.test_writes import URL, created
from tests.waiting import soon

ELSEWHERE = {"database_archive_failures_total", "database_archive_age_seconds", "database_replica_lag_bytes"}
"""Only where the log is archived or a standby is connected."""


async def figures(client, headers) -> dict[str, float]:
    answer = await client.get("/metrics", headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=")
    lines = re.findall(r"^(registry_[a-z_]+(?:\{[^}]*\})?) (\S+)$", answer.text, re.MULTILINE)
    return {name: float(value) for name, value in lines}


async def test_every_gauge_has_a_figure(client, stored, signed, tmp_path) -> None:
    state, settings = client.app.state, Settings(backup_dir=tmp_path)
    lag = FeedLagWatcher(state.reader)
    own = {"tiles_cached": 1.0, "tiles_cached_bytes": 2.0, "audit_queued": 0.0, "feed_listeners": 0.0}
    await created(client, await signed("planner"))
    await measuring(state.reader, settings, tmp_path, lag, lambda: own, lambda: {"field": 3}).work()
    shown = await figures(client, await signed("planner"))
    for name in {*metrics.OF_WORKERS, *metrics.OF_DATABASE} - {"requests_running"} - ELSEWHERE:
        assert f"registry_{name}" in shown, name
    assert shown['registry_requests_running{lane="field"}'] == 3
    assert shown["registry_pool_size"] == 8
    assert shown["registry_history_unsealed_changes"] >= 1
    assert shown["registry_database_bytes"] > 1_000_000
    assert shown["registry_disk_free_bytes"] > 0


async def test_requests_are_counted_by_route_and_never_by_record(client, stored, signed) -> None:
    planner = await signed("planner")
    identity, _ = await created(client, planner)
    await client.get(f"{URL}/{identity}", headers=planner)
    text = (await client.get("/metrics", headers=planner)).text
    assert re.search(r'registry_requests_total\{[^}]*path="/v1/resources/\{identity\}"[^}]*\} [1-9]', text)
    assert "registry_request_duration_seconds_bucket" in text
    assert identity not in text


async def test_strangers_see_no_metrics(client, stored, signed) -> None:
    assert (await client.get("/metrics")).status_code == 401
    assert (await client.get("/metrics", headers=await signed("viewer"))).status_code == 403


@pytest.fixture
def collector():
    """A collector that keeps what it is sent."""
    received: list[bytes] = []

    class Collect(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collect)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1/traces", received
    server.shutdown()
    server.server_close()
    thread.join()


async def test_traces_go_to_the_endpoint_that_is_set(api_url: str, collector, monkeypatch) -> None:
    endpoint, received = collector
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
    settings = Settings(pool_size=2, key_pepper=PEPPER, otlp_endpoint=endpoint)
    async with serving(create_app(settings, as_role(api_url))) as client:
        assert (await client.get("/v1/resources")).status_code == 200
        await asyncio.to_thread(soon, lambda: any(b"/v1/resources" in body for body in received))
    sent = b"".join(received)
    assert b"emergency-registry" in sent
    assert b"/v1/resources" in sent
    assert b"SELECT" in sent
