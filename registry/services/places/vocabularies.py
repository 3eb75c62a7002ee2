"""Read and store coded values: the open lists of specialties, hazards, levels of places and the rest."""

from msgspec import Struct

from registry.domain.access.actor import Actor, require
from registry.domain.values import Code, Name, ShortText
from registry.services.intake.admit import admit_value
from registry.store.database.pool import Reader, Writer
from registry.store.places import vocabularies


class VocabularyCode(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A code of a scheme for a subject, with its labels and where it was published."""

    scheme: Code
    code: Code
    subject: Code
    """What the code is for."""
    label: Name
    source: ShortText | None = None
    """Where the list was published."""


async def list_codes(reader: Reader, scheme: str | None, subject: str | None) -> list[VocabularyCode]:
    """Every coded value, of one scheme or one subject."""
    return [
        VocabularyCode(
            scheme=row["scheme"],
            code=row["code"],
            subject=row["subject"],
            label=Name(row["label_zh"], row["label_en"]),
            source=row["source"],
        )
        for row in await vocabularies.find(reader)
        if scheme in (None, row["scheme"]) and subject in (None, row["subject"])
    ]


async def put_code(writer: Writer, actor: Actor, value: VocabularyCode) -> VocabularyCode:
    """Store a coded value, in place of the labels that it had; for planners."""
    require(actor, "planner")
    value = await admit_value(writer, value)
    row = {"scheme": value.scheme, "subject": value.subject, "code": value.code, "source": value.source}
    await vocabularies.upsert(writer, [row | {"label_zh": value.label.zh, "label_en": value.label.en}])
    return value
