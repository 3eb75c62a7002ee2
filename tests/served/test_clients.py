"""The typed Python client, generated without a warning, asks a server that runs.

That for TypeScript has tests of its own; `./dev check` runs them where npm's packages can be had.
"""

import importlib
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from scripts.clients import PYTHON, document, generate_python


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The package of the client, generated anew from the document of today."""
    root: Path = tmp_path_factory.mktemp("client")
    described = root / "openapi.json"
    described.write_bytes(document())
    shutil.copytree(PYTHON / "registry_api", root / "registry_api", ignore=shutil.ignore_patterns("core"))
    generate_python(described, root / "registry_api" / "core")
    sys.path.insert(0, str(root))
    try:
        package = importlib.import_module("registry_api")
        core = "registry_api.core"
        yield SimpleNamespace(
            package=package,
            models=importlib.import_module(f"{core}.models"),
            operation=lambda tag, name: importlib.import_module(f"{core}.api.{tag}.{name}"),
        )
    finally:
        sys.path.remove(str(root))


@pytest.fixture
def registry(api, running) -> Any:
    with api.package.connect(running.url, key=running.key, language="en", timeout_s=120) as opened:
        yield opened


def draft(api, identity: str) -> Any:
    return api.models.Draft.from_dict(
        {
            "type": "Feature",
            "id": identity,
            "geometry": {"type": "Point", "coordinates": [106.66, 28.77]},
            "properties": {
                "kind": "shelter",
                "name": {"zh": "测试避难所", "en": "Test shelter"},
                "place": "500110110",
                "location": {"quality": "surveyed", "uncertainty_m": 5},
                "capacity_persons": 100,
            },
        }
    )


def test_it_lists_page_by_page(api, registry) -> None:
    listing = api.operation("resources", "list_resources").sync_detailed
    asked = {"kind": "shelter", "exercise": "demo", "limit": 20}
    pages = list(api.package.pages(listing, client=registry, **asked))
    records = [record for page in pages for record in page.features]
    assert (len(pages), len(records)) == (3, 54)
    assert isinstance(records[0].properties, api.models.ShelterRecord)
    assert records[0].properties.name.zh.startswith("【演示】")


def test_it_asks_what_is_near(api, registry) -> None:
    nearest = api.operation("proximity", "find_nearest").sync_detailed
    asked = {"lon": 106.65, "lat": 29.03, "kind": "shelter", "exercise": "demo", "k": 3}
    near = api.package.answer(nearest(client=registry, **asked))
    hits = [hit.properties for hit in near.features]
    assert all(isinstance(hit, api.models.ShelterHit) for hit in hits)
    assert sorted(hit.distance_m for hit in hits) == [hit.distance_m for hit in hits]
    assert near.completeness.state == "open"


def test_it_records_and_meets_a_conflict(api, registry) -> None:
    identity = "019b76da-0000-7000-8000-00000000c001"
    create = api.operation("resources", "create_resource").sync_detailed
    patch = api.operation("resources", "patch_resource").sync_detailed
    made = create(client=registry, body=draft(api, identity))
    assert api.package.answer(made).properties.version == 1
    assert api.package.etag(made) is not None

    def edit(persons: int) -> Any:
        change = api.models.PatchResourceBody.from_dict({"properties": {"capacity_persons": persons}})
        return patch(made_id, client=registry, body=change, base_version=1)

    made_id = api.package.answer(made).id
    assert api.package.answer(edit(200)).properties.capacity_persons == 200
    with pytest.raises(api.package.EditConflict) as raised:
        api.package.answer(edit(300))
    assert raised.value.problem.overlapping == ["capacity_persons"]
    assert raised.value.problem.conflict.startswith("/v1/corrections/")


def test_a_refusal_is_raised_with_its_problem(api, registry) -> None:
    read = api.operation("resources", "read_resource").sync_detailed
    with pytest.raises(api.package.RegistryProblem) as raised:
        api.package.answer(read("019b76da-0000-7000-8000-00000000cfff", client=registry))
    assert raised.value.problem.status == 404
    assert raised.value.problem.type_.endswith("#not-found")
