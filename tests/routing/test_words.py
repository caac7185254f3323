"""Words as people mean them."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from hub.routing.words import plain, same


def slow_and_sure(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text.casefold())
    kept = (c if c.isalnum() else " " for c in letters if not unicodedata.combining(c))
    return f" {' '.join(''.join(kept).split())} "


def test_accents_case_and_marks_do_not_count():
    assert plain("¡Año_nuevo, ÉL!") == " ano nuevo el "
    assert plain("Straße\tABC-1") == " strasse abc 1 "
    assert plain("Привет, мир") == " привет мир "
    assert same("Atención", "ATENCION")
    assert not same("🔥", "🎉")
    assert same("🔥", "🔥")


@given(
    st.text(alphabet=st.characters(max_codepoint=0x2FFF), max_size=60)
    | st.text(alphabet="aÁñ_ .-1ß", max_size=60)
)
def test_the_fast_way_is_the_sure_way(text):
    assert plain(text) == slow_and_sure(text)
