"""Workbooks through an office suite and back: nothing that a record says is changed by it.

`ROUND_TRIP_ROWS=1000` takes the full number of records of each kind.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from registry.domain.conditions import Filter
from registry.domain.records.resource import KINDS
from registry.services.intake.out.make_workbook import make_workbook
from registry.services.intake.out.own_file import own_file
from registry.store.database.pool import Writer
from registry.store.records import changes
from tests.builders import A_CHANGE, a_place, make
from tests.services.test_intake_files import AROUND, PLANNER, Office, _read_here  # noqa: F401
from tests.services.test_intake_out import an_own_form

SOFFICE = shutil.which("soffice")
ROWS = int(os.environ.get("ROUND_TRIP_ROWS", "12"))
HOSTILE = (
    "=1+1",
    "0012",
    "1E5",
    "@sum",
    "-3",
    "+86",
    "TRUE",
    "2026-03-01",
    "3/4",
    "'quoted",
    "a,b;c",
    "1,234",
)
OWN = {
    "rescue_team": {"personnel": 12, "force": "social", "specialties": [{"code": "water"}]},
    "shelter": {
        "capacity_persons": 500,
        "capacities": [{"persons": 480, "space": "indoor"}, {"persons": 30, "hazard": {"code": "flood"}}],
        "area_m2": 1234.5,
        "hazards": [{"code": "flood"}],
        "hours": "8:00-18:00",
    },
    "fire_watch_point": {"watch_radius_m": 5000.0, "form": "watchtower"},
    "supply_depot": {"serves_persons": 1000, "tier": "town"},
}


def converted(files: list[Path], form: str, folder: Path) -> list[Path]:
    """The files as the office suite saves them in another format."""
    folder.mkdir()
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    order = ["--headless", "--norestore", "--convert-to", form, "--outdir", str(folder)]
    assert SOFFICE is not None
    subprocess.run([SOFFICE, profile, *order, *map(str, files)], check=True, capture_output=True)
    return [folder / f"{file.stem}.{form}" for file in files]


@pytest.mark.skipif(SOFFICE is None, reason="no office suite is installed")
@pytest.mark.parametrize("form", ["xlsx", "ods", "xls"])
async def test_what_an_office_suite_saved_comes_back_unchanged(
    writer: Writer, tmp_path: Path, form: str
) -> None:
    await a_place(writer, "town", extent=AROUND, extent_basis="boundary")
    for kind in KINDS:
        for number in range(ROWS):
            text = HOSTILE[number % len(HOSTILE)]
            about = {
                "note": text,
                "manager": text,
                "external_ids": [{"system": "office", "id": f"{text}#{number}"}],
            }
            name = {"zh": f"{text}第{number}处"}
            record = make(kind, 106.45 + number * 4e-4, 29.03, name=name, place="town", **about, **OWN[kind])
            await changes.insert(writer, record, A_CHANGE)
    clerk = Office(writer)
    files = []
    for kind in KINDS:
        files.append(tmp_path / f"{kind}.xlsx")
        files[-1].write_bytes(await make_workbook(writer, clerk.sight, PLANNER, kind, Filter(kind=kind)))
    for kind, file in zip(KINDS, converted(files, form, tmp_path / "saved"), strict=True):
        identity = await clerk.bring(file.read_bytes(), kind)
        rows = [row for row in await clerk.rows(identity) if row.action != "aside"]
        wrong = [(row.name, row.changed, row.findings) for row in rows if row.action != "unchanged"]
        assert not wrong, (kind, wrong[:3])
        assert len(rows) == ROWS


@pytest.mark.skipif(SOFFICE is None, reason="no office suite is installed")
async def test_an_office_suite_opens_the_own_form_with_its_results(writer: Writer, tmp_path: Path) -> None:
    await a_place(writer, "town", extent=AROUND, extent_basis="boundary")
    clerk = Office(writer)
    identity = await clerk.bring(an_own_form())
    file = tmp_path / "own.xlsx"
    file.write_bytes((await own_file(writer, clerk.sight, PLANNER, identity))[1])
    [saved] = converted([file], "ods", tmp_path / "saved")
    again = await clerk.bring(saved.read_bytes())
    assert await clerk.actions(again) == await clerk.actions(identity)
    [row] = await clerk.rows(again, action="refused")
    assert "退回 refused" in row.cells.values()
