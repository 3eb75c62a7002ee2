"""A provision: one statement of a document about resources, in our words, with the figure as printed."""

from datetime import date
from typing import Annotated, Literal, get_args

from msgspec import Meta, Struct, field

from registry.domain.errors import Invalid
from registry.domain.plans.document import Document, Locator, check_locator
from registry.domain.records.resource import Kind
from registry.domain.values import Code, LongText, Name, PlaceCode, ShortText

ProvisionKind = Literal[
    "published_total",
    "target",
    "standard",
    "indicator",
    "baseline",
    "rule",
    "duty",
    "attribute",
    "arrangement",
]
Operator = Literal["ge", "gt", "le", "lt", "eq"]
Per = Literal["each", "total", "average", "share", "maximum"]
Method = Literal[
    "count_items",
    "count_entries",
    "places_with_resource",
    "coverage_ratio",
    "capacity_total",
    "capacity_each",
    "three_tiers",
    "monitored_share",
    "share_of_denominator",
    "events_per_year",
    "events_each_per_year",
    "events_each_place_per_year",
    "specialty_matrix",
    "specialties_present",
    "attribute_each",
    "flag_each",
    "minimum_stock",
    "indicator_value",
    "responsible_persons",
    "duty_24h",
    "zone_rule",
]
METHODS: tuple[Method, ...] = get_args(Method)
NOT_STATED = "not_stated"

UNITS: dict[str, tuple[str, str]] = {
    "item": ("个", "items"),
    "team": ("支", "teams"),
    "person": ("人", "persons"),
    "person_time": ("人次", "person-times"),
    "percent": ("%", "%"),
    "percent_change": ("%（变化）", "% change"),
    "permille": ("‰", "‰"),
    "per_million": ("人/百万人", "per million people"),
    "per_hundred_thousand": ("人次/十万人", "per 100,000 people"),
    "per_five_years": ("起/5年", "in five years"),
    "per_year": ("次/年", "a year"),
    "per_year_each": ("次/年/处", "a year each"),
    "metre": ("米", "m"),
    "kilometre": ("公里", "km"),
    "minute": ("分钟", "minutes"),
    "hour": ("小时", "hours"),
    "mu": ("亩", "mu (1/15 ha)"),
    "tier": ("级", "tiers"),
    "organisation": ("个机构", "organisations"),
    "specialty": ("类专业", "specialties"),
    "place": ("个区域", "places"),
}


class Words(Struct, frozen=True, forbid_unknown_fields=True):
    """A text in Chinese and English."""

    zh: LongText
    en: LongText


class ProvisionSubject(Struct, frozen=True, forbid_unknown_fields=True):
    """What a provision is about: a register, a kind of resource, and values of attributes."""

    register: Code = "resources"
    kind: Kind | None = None
    """Kind of resource, where it is about one."""
    where: dict[str, list[ShortText]] = field(default_factory=dict)


class Requirement(Struct, frozen=True, forbid_unknown_fields=True):
    """A figure with its operator as printed: `<` is not `≤`, and an average is not a maximum."""

    value: Annotated[float, Meta(ge=-1e12, le=1e12)]
    """The figure."""
    unit: Code
    operator: Operator = "eq"
    printed: ShortText | None = None
    per: Per | None = None
    due: date | None = None


class Provision(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One statement of a document about resources."""

    id: Code
    document: Code
    locator: Locator
    """Where in the document it is printed."""
    kind: ProvisionKind
    """What sort of statement it is."""
    title: Name
    text: Words
    """The statement in our words."""
    subject: ProvisionSubject = field(default_factory=ProvisionSubject)
    requirement: Requirement | None = None
    method: Method | None = None
    """How it is compared with the records."""
    denominator: Code | None = None
    baseline: Requirement | None = None
    nature: Literal["binding", "expected"] | None = None
    place: PlaceCode | None = None
    as_of_from: date | None = None
    as_of_to: date | None = None
    open_list: bool = False
    note: Words | None = None

    @property
    def as_of_text(self) -> str | None:
        """The date or interval (ISO 8601) that the figure is about."""
        days = dict.fromkeys(day.isoformat() for day in (self.as_of_from, self.as_of_to) if day)
        return "/".join(days) or None


def check_provision(provision: Provision, document: Document) -> None:
    """Raise Invalid, with the field, for a figure, date or locator that no check could use."""
    if provision.document != document.id:
        raise Invalid(f"provision {provision.id} belongs to {provision.document}", field="document")
    check_locator(document, provision.locator)
    for name in ("requirement", "baseline"):
        figure: Requirement | None = getattr(provision, name)
        if figure is not None and figure.unit not in UNITS:
            raise Invalid(f"unknown unit {figure.unit}", field=f"{name}.unit")
    if provision.as_of_from and provision.as_of_to and provision.as_of_to < provision.as_of_from:
        raise Invalid("as_of_to is before as_of_from", field="as_of_to")
