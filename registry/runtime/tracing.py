"""Traces of requests and statements, sent by OpenTelemetry where an endpoint is set."""

from collections.abc import Callable
from typing import Any

from registry.runtime.settings import Settings, SettingsError

SERVICE = "emergency-registry"


def begin(settings: Settings) -> tuple[list[Any], list[Callable[[], None]]]:
    """Litestar's OpenTelemetry plugin, and what ends it; neither without REGISTRY_OTLP_ENDPOINT.

    Its packages are imported only then. Statements are traced without their values.
    """
    if settings.otlp_endpoint is None:
        return [], []
    try:
        from litestar.plugins.opentelemetry import OpenTelemetryConfig, OpenTelemetryPlugin
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise SettingsError(
            f"REGISTRY_OTLP_ENDPOINT needs the packages of emergency-registry[tracing]: {error}"
        ) from None
    provider = TracerProvider(resource=Resource.create({"service.name": SERVICE}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=settings.otlp_endpoint)))
    statements = AsyncPGInstrumentor()  # type: ignore[no-untyped-call]
    statements.instrument(tracer_provider=provider)

    def end() -> None:
        statements.uninstrument()
        provider.shutdown()

    return [OpenTelemetryPlugin(OpenTelemetryConfig(tracer_provider=provider))], [end]
