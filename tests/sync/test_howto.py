"""The example in the documentation runs as it is printed."""

import re
from pathlib import Path

import httpx

from registry_client import field_app
from tests.sync.world import World

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "field-app.md"


def test_the_example_runs(world: World, tmp_path: Path, monkeypatch, capsys) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    names: dict = {"__name__": "example"}
    exec(compile(example, str(PAGE), "exec"), names)
    monkeypatch.setattr(field_app.httpx, "AsyncClient", _inside(world, httpx.AsyncClient))
    world.run(names["main"]("http://localhost", world.key("example"), tmp_path))
    said = capsys.readouterr().out
    assert "40 waiting: 3\n" in said
    assert "unreachable: None settled: ['applied', 'applied', 'applied']" in said


def _inside(world: World, client):
    def make(**given):
        return client(**(given | {"transport": httpx.ASGITransport(world.app)}))

    return make
