"""Store the plans of `seeds/`: documents, provisions, registers, zones and rules, each checked first."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from registry.domain.errors import Invalid
from registry.domain.places.rule import Rule, check_rule
from registry.domain.places.zone import Zone
from registry.domain.plans.document import Document
from registry.domain.plans.entry import Entry, admitted_entry, check_entry
from registry.domain.plans.entry_base import classified
from registry.domain.plans.provision import Provision, check_provision
from registry.services.seeding.admitted import admitted
from registry.store.database.pool import Writer
from registry.store.places import zones
from registry.store.plans import entries, plans
from registry.store.schema.records import LIVE

SEEDED_BY = "seeds"


def read(folder: Path, name: str, item_type: Any) -> Any:
    """The values of a seed file, which is a JSON list of this type."""
    return msgspec.json.decode((folder / name).read_bytes(), type=list[item_type])


async def seed_plans(writer: Writer, folder: Path) -> dict[str, int]:
    """Store the plans and return how many of each; entries that are stored already stay as they are."""
    documents = await admitted(writer, read(folder, "documents.json", Document))
    provisions = await admitted(writer, read(folder, "provisions.json", Provision))
    check_all(documents, provisions)
    await plans.put_documents(writer, documents)
    await plans.put_provisions(writer, provisions)
    records = read(folder, "registers.json", Entry)
    await add_entries(writer, records)
    named_zones = await admitted(writer, read(folder, "zones.json", Zone))
    await zones.put(writer, named_zones, SEEDED_BY)
    rules = await admitted(writer, read(folder, "rules.json", Rule))
    for rule in rules:
        check_rule(rule)
    await zones.put_rules(writer, rules)
    counts = {"documents": documents, "provisions": provisions, "entries": records}
    counts |= {"zones": named_zones, "rules": rules}
    return {name: len(items) for name, items in counts.items()}


def check_all(documents: Sequence[Document], provisions: Sequence[Provision]) -> None:
    """Raise Invalid, with its identity, for a provision that its document or a check cannot use."""
    by_id = {document.id: document for document in documents}
    for provision in provisions:
        if provision.document not in by_id:
            raise Invalid(f"{provision.id}: no document {provision.document}", field="document")
        try:
            check_provision(provision, by_id[provision.document])
        except Invalid as error:
            raise Invalid(f"{provision.id}: {error.detail}", field=error.field) from error


async def add_entries(writer: Writer, records: Sequence[Entry]) -> int:
    """Insert the entries that one realm does not have yet, and return how many; Refused by the gate.

    They come from published documents, so that one that states no visibility is public.
    """
    if not records:
        return 0
    records = [admitted_entry(record) for record in await admitted(writer, records)]
    for record in records:
        check_entry(record)
    stored = await entries.known(writer, records[0].exercise or LIVE, [record.id for record in records])
    now = datetime.now(UTC)
    missing = [
        classified(msgspec.structs.replace(record, version=1, created_at=now, updated_at=now), None, "public")
        for record in records
        if record.id not in stored
    ]
    await entries.insert_many(writer, missing, SEEDED_BY)
    return len(missing)
