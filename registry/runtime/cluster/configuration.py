"""The server settings of the embedded cluster."""

import os
import sys
from pathlib import Path

SETTINGS = {
    "listen_addresses": "",
    "max_connections": "60",
    "superuser_reserved_connections": "5",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_lock_waits": "on",
    "log_min_duration_statement": "1s",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_line_prefix": "%m [%p] %q%u@%d %a ",
    "jit": "off",
    "track_commit_timestamp": "on",
    "idle_in_transaction_session_timeout": "30s",
    "client_connection_check_interval": "5s" if sys.platform == "linux" else "0",
    "temp_file_limit": "2GB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "work_mem": "16MB",
}
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "wal_compression": "on"}
THROW_AWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "idle_in_transaction_session_timeout": "0",  # a test may pause in a debugger or on a busy machine
}


def configuration(socket_dir: Path, *, durable: bool, archive_dir: Path | None = None) -> str:
    """The text of `registry.conf`, which postgresql.conf includes."""
    values = SETTINGS | (DURABLE if durable else THROW_AWAY)
    memory_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    values |= {
        "unix_socket_directories": f'"{socket_dir}"',
        "shared_buffers": f"{min(max(memory_mb // 6, 128), 4096)}MB",
        "effective_cache_size": f"{max(memory_mb // 2, 256)}MB",
    }
    if archive_dir is not None:
        values |= _archiving(archive_dir)
    return "".join("{} = '{}'\n".format(name, value.replace("'", "''")) for name, value in values.items())


def _archiving(archive_dir: Path) -> dict[str, str]:
    """The log is archived in whole files, one a minute at least; a file that is there stays as it is."""
    target = f'"{archive_dir}/wal/%f"'
    draft = f'"{archive_dir}/wal/%f.part"'
    copy = f'cp "%p" {draft} && sync {draft} && mv {draft} {target}'
    command = f'if [ -f {target} ]; then cmp -s "%p" {target}; else {copy}; fi'
    return {
        "wal_level": "replica",
        "max_wal_senders": "10",
        "archive_mode": "on",
        "archive_timeout": "60s",
        "archive_command": command,
    }
