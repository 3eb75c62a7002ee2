"""`./dev clients`: generate the typed clients in clients/ from the OpenAPI document; a warning fails."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import msgspec

from registry.api.http.contract import openapi
from registry.app import create_app
from registry.runtime.settings import Settings

CLIENTS = Path(__file__).parent.parent / "clients"
PYTHON, TYPESCRIPT = CLIENTS / "python", CLIENTS / "typescript"
WITHOUT_BODY = ("414",)
"""Answered before the registry sees the request; with them every typed answer might be anything."""


def document() -> bytes:
    """The OpenAPI document of /v1, as generators of clients take it."""
    app = create_app(Settings(), "postgresql://nobody@/nothing")
    whole: dict[str, Any] = openapi.complete(app, app.openapi_schema.to_schema())
    for item in whole["paths"].values():
        for operation in item.values():
            for status in WITHOUT_BODY:
                operation["responses"].pop(status, None)
    return msgspec.json.encode(whole)


def generate_python(described: Path, into: Path) -> None:
    """Write the core of the Python client; CalledProcessError for a warning of the generator."""
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--path", str(described)]
    command += ["--config", str(PYTHON / "generator.yaml"), "--meta", "none", "--fail-on-warning"]
    subprocess.run([*command, "--overwrite", "--output-path", str(into)], check=True)


def build_typescript() -> None:
    """Write and compile the TypeScript client; needs what `npm ci` installs there."""
    for step in ("generate", "build"):
        subprocess.run(["npm", "run", "--silent", step], cwd=TYPESCRIPT, check=True)


@click.command(help=__doc__)
def main() -> None:
    """Generate both clients; that for TypeScript where npm's packages are installed."""
    described = TYPESCRIPT / "openapi.json"
    described.write_bytes(document())
    generate_python(described, PYTHON / "registry_api" / "core")
    if (TYPESCRIPT / "node_modules").is_dir():
        build_typescript()
    else:
        click.echo("run npm ci in clients/typescript for the types of that client", err=True)


if __name__ == "__main__":
    main()
