"""The published card: the author's text, our section, and what our section remembers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.hub_ready.publish.card import Publication, named, own_text, published_card, read_record

ABOUT = ({"model.safetensors": "0" * 64}, "commit `abc`, clean", {"torch": "2.15"})


def about(*files: str, pin: str | None = None) -> Publication:
    return Publication(files, *ABOUT, "model = load()" if pin else None, pin)


@given(st.text(alphabet=st.sampled_from("a#`- \n(:)[]|"), max_size=80), st.lists(st.text(min_size=1), max_size=4))
def test_the_own_text_and_the_record_survive_a_publication(text: str, files: list[str]) -> None:
    card = published_card(text, about(*files, pin="v1"))
    assert own_text(card) == own_text(text)
    record = read_record(card)
    assert record.files == frozenset(files) and record.pin == "v1" and record.untouched
    assert published_card(card, about(*files, pin="v1")) == card


def test_an_edit_outside_of_our_section_is_seen() -> None:
    card = published_card("# A model\n\nIt sees.\n\n## Limits\n\nNone.\n", about("README.md"))
    assert read_record(card).untouched
    assert not read_record(card.replace("None.", "Many.")).untouched
    assert read_record(card.replace("\n", "\r\n")).untouched


def test_our_section_stands_before_the_first_one_and_never_in_code() -> None:
    text = "---\nlicense: mit\n---\n# A\n\n```\n## no heading\n```\n\n## Limits\n"
    card = published_card(text, about("README.md"))
    assert card.index("## no heading") < card.index("## This publication") < card.index("## Limits")


@pytest.mark.parametrize(("card", "expected"), [("your-namespace/net.", "me/x."), ('"your-namespace/a-b"', '"me/x"')])
def test_the_placeholder_becomes_the_name(card: str, expected: str) -> None:
    assert named(card, "me/x") == expected
