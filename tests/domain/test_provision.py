"""Documents and provisions refuse what could not be checked later."""

import msgspec
import pytest

from registry.domain.errors import Invalid
from registry.domain.plans.document import Document, LineRange, check_locator, order_of
from registry.domain.plans.provision import Provision, Requirement, Words, check_provision
from registry.domain.values import Name

PLAN = Document(id="plan", kind="plan", title=Name(en="A plan"), extents=[LineRange("003", 118, 502)])


def a_provision(**changes: object) -> Provision:
    said = Provision(
        id="p", document="plan", locator="003:156", kind="target", title=Name(en="t"), text=Words("甲", "a")
    )
    return msgspec.structs.replace(said, **changes)


def test_a_document_without_lines_takes_any_text() -> None:
    unlined = Document(id="law", kind="notice", title=Name(en="A law"))
    for locator in ("第三章第二条", "p. 14", "003:118"):
        check_locator(unlined, locator)
    assert [order_of(one) for one in ("p. 14", "003:118-120")] == [("p. 14", 0), ("003", 118)]


@pytest.mark.parametrize("locator", ["003:118", "003:502", "003:156-160"])
def test_a_locator_inside_the_document_is_taken(locator: str) -> None:
    check_locator(PLAN, locator)


@pytest.mark.parametrize(
    "locator", ["003:117", "003:503", "003:400-600", "003:160-156", "004:156", "156", ""]
)
def test_a_locator_outside_the_document_is_refused(locator: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_locator(PLAN, locator)
    assert refusal.value.field == "locator"


def test_an_unknown_unit_is_refused_by_name() -> None:
    with pytest.raises(Invalid, match="furlong") as refusal:
        check_provision(a_provision(requirement=Requirement(3, "furlong")), PLAN)
    assert refusal.value.field == "requirement.unit"


def test_an_operator_the_checks_do_not_know_cannot_be_decoded() -> None:
    with pytest.raises(msgspec.ValidationError, match="operator"):
        msgspec.convert({"value": 1, "unit": "item", "operator": "about"}, Requirement)


def test_a_provision_of_another_document_is_refused() -> None:
    with pytest.raises(Invalid, match="belongs to"):
        check_provision(a_provision(document="other"), PLAN)
