"""The log: one JSON object a line, times in UTC, tracebacks without the values of variables."""

import sys
from pathlib import Path
from typing import Any

import msgspec
import structlog


def configure(file: Path | None = None) -> None:
    """Write log lines to standard error or append them to a file; tracebacks show no values of variables."""
    target = sys.stderr if file is None else file.open("a", buffering=1, encoding="utf-8")
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(_encode),
        ],
        logger_factory=structlog.WriteLoggerFactory(target),
    )


def _encode(line: dict[str, Any], **_: Any) -> str:
    return msgspec.json.encode(line, enc_hook=str).decode()
