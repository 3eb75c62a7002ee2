"""The map has a word for what the server may name."""

from pathlib import Path

import pytest

from registry.domain.conditions import Filter, declared

WORDS = (Path(__file__).parents[2] / "web" / "src" / "words.ts").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", declared(Filter))
def test_every_condition_that_may_exclude_a_record_has_a_word(name) -> None:
    assert f"'why.{name}'" in WORDS
