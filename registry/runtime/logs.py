"""The log: one JSON object a line, times in UTC, tracebacks without the values they met."""

import sys
from typing import Any

import msgspec
import structlog


def configure() -> None:
    """Write log lines to standard error; a traceback shows lines of code, never the credentials they held."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(_encode),
        ],
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )


def _encode(line: dict[str, Any], **_: Any) -> str:
    return msgspec.json.encode(line, enc_hook=str).decode()
