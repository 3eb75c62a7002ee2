"""The SQL of conditions, held against their declaration."""

from registry.domain.conditions import Filter, declared
from registry.store.filters import TERMS, VARIANT_OF


def test_every_condition_of_a_filter_has_its_sql_under_its_own_name() -> None:
    assert {VARIANT_OF.get(name, name) for name in TERMS} == set(declared(Filter))


def test_a_condition_is_undecided_in_sql_where_its_declaration_says_so() -> None:
    named = {name for name, condition in declared(Filter).items() if condition.unknown}
    assert {name for name, terms in TERMS.items() if terms.undecided is not None} == named
