"""Everything about an alarm at one spot, as of one instant."""

from litestar import post
from litestar.datastructures import State
from litestar.params import JSONBody

from registry.api.http.dependencies import ReaderDep, SightDep
from registry.services.proximity.situation import Alarm, Situation, situation


@post("/situation", status_code=200)
async def ask_situation(state: State, reader: ReaderDep, sight: SightDep, data: JSONBody[Alarm]) -> Situation:
    """Places, watchers, teams, shelters, depots up the tiers, checkpoints and partners around an alarm."""
    return await situation(reader, sight, data, state.settings.stale_after_days)
