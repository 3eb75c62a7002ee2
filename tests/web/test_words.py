"""The map has a word for what the server may name."""

import re
from pathlib import Path
from typing import get_args

import pytest

from registry.cli.report.coverage_page import REASONS
from registry.domain.completeness import Reason as Doubt
from registry.domain.conditions import Filter, declared
from registry.domain.intake.files.file_findings import FILE_KINDS
from registry.domain.intake.files.header import fields_of
from registry.domain.intake.files.header_words import KIND_FIELDS
from registry.domain.intake.files.plan import Action
from registry.domain.intake.files.rows import Reason
from registry.domain.intake.finding import KINDS, Severity
from registry.domain.intake.lists.list_kind import LIST_KINDS

SOURCE = Path(__file__).parents[2] / "web" / "src"
WORDS = (SOURCE / "words.ts").read_text(encoding="utf-8")
LISTS = (SOURCE / "panels" / "intake" / "lists.ts").read_text(encoding="utf-8")
FIELDS = (SOURCE / "panels" / "intake" / "fields.ts").read_text(encoding="utf-8")


@pytest.mark.parametrize("reason", get_args(Doubt))
def test_every_reason_for_doubt_has_words_on_the_map_and_in_reports(reason: str) -> None:
    assert f"'doubt.{reason}'" in WORDS
    assert reason in REASONS


@pytest.mark.parametrize("name", declared(Filter))
def test_every_condition_that_may_exclude_a_record_has_a_word(name) -> None:
    assert f"'why.{name}'" in WORDS


@pytest.mark.parametrize("kind", KIND_FIELDS)
def test_a_column_may_be_read_as_every_field_of_its_kind(kind: str) -> None:
    shared, own = FIELDS.split("const OWN")
    part = own.split(f"  {kind}: [")[1].split("]")[0]
    offered = re.findall(r"'([^']+)'", shared.split("const SHARED")[1] + part)
    assert sorted(offered) == sorted(fields_of(kind))
    for name in offered:
        assert f"'column.{name}'" in WORDS


@pytest.mark.parametrize("kind", LIST_KINDS)
def test_every_kind_of_list_is_offered_with_a_word(kind: str) -> None:
    assert f"'{kind}'" in LISTS
    assert f"'kind.{kind}'" in WORDS


@pytest.mark.parametrize(
    "word",
    [
        *(f"finding.{code}" for code in {**KINDS, **FILE_KINDS}),
        *(f"action.{action}" for action in get_args(Action)),
        *(f"severity.{severity}" for severity in get_args(Severity)),
        *(f"aside.{reason}" for reason in get_args(Reason)),
    ],
)
def test_what_is_found_in_a_file_has_a_word(word: str) -> None:
    assert f"'{word}'" in WORDS
