"""Read and store coded values: the open lists of specialties, hazards, levels of places and the rest."""

from registry.domain.access.actor import Actor, require
from registry.domain.intake.files.values.own_words import check_words
from registry.domain.places.vocabulary import VocabularyCode
from registry.domain.values import Name
from registry.services.intake.admit import admit_value
from registry.store.database.pool import Reader, Writer
from registry.store.places import vocabularies


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
    check_words(value.subject, value.code)
    row = {"scheme": value.scheme, "subject": value.subject, "code": value.code, "source": value.source}
    await vocabularies.upsert(writer, [row | {"label_zh": value.label.zh, "label_en": value.label.en}])
    return value


async def remove_code(writer: Writer, actor: Actor, scheme: str, subject: str, code: str) -> None:
    """Remove a coded value; what is stored with it keeps it, and is warned of when it is edited."""
    require(actor, "planner")
    await vocabularies.remove(writer, scheme, subject, code)
