"""The log tells of a mistake without telling secrets."""

import structlog

from registry.runtime import logs


def test_a_traceback_has_no_values(capsys) -> None:
    before = structlog.get_config()
    logs.configure()
    try:
        secret = "never to be printed"
        try:
            raise ValueError(len(secret))
        except ValueError as error:
            structlog.get_logger("test").error("unhandled", exc_info=error)
    finally:
        structlog.configure(**before)
    written = capsys.readouterr().err
    assert "Traceback" in written
    assert "test_logs.py" in written
    assert secret not in written
