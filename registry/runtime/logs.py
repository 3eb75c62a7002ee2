"""The log: one JSON object a line, times in UTC, tracebacks without the values of variables."""

import sys
from typing import Any

import msgspec
import structlog


def configure() -> None:
    """Write log lines to standard error; tracebacks show code, never the values of variables."""
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
