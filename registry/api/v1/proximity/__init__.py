"""Proximity over HTTP: every question about what is near."""

from litestar import Router
from litestar.di import Provide

from registry.api.v1.proximity import alerts, batch, covering, nearest, params, situation, spots, supplies

router = Router(
    "/v1/proximity",
    route_handlers=[
        nearest.find_nearest,
        nearest.ask_nearest,
        nearest.find_within,
        nearest.ask_within,
        covering.find_covering,
        covering.ask_covering,
        batch.ask_batch,
        situation.ask_situation,
        supplies.ask_supplies,
        spots.find_position,
        spots.find_room,
        alerts.ask_alert_area,
    ],
    dependencies={
        "conditions": Provide(params.conditions, sync_to_thread=False),
        "origin": Provide(params.origin, sync_to_thread=False),
    },
    tags=["proximity"],
)
