"""Every text a person can see is in Spanish too, says the same, and keeps its placeholders."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from jinja2.ext import babel_extract

from hub.plumbing import texts
from hub.plumbing.texts import N_, _, best_language, ngettext, speaking
from hub.web.assets import FOLDER
from hub.web.wording import BROWSER

HOUSE = Path(texts.__file__).parent.parent
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|%%|\{\w*\}")


@cache
def written() -> dict[str | tuple[str, ...], set[str]]:
    """Every msgid of our Python and templates, with the files it stands in."""
    found: dict[str | tuple[str, ...], set[str]] = defaultdict(set)
    for path in HOUSE.rglob("templates/**/*.html"):
        with path.open("rb") as file:
            for _line, name, message, _comments in babel_extract(file, ("_", "gettext", "ngettext"), (), {}):
                parts = (message,) if isinstance(message, str) else tuple(message)
                found[parts[:2] if name == "ngettext" else parts[0]].add(path.name)
    for folder in ("hub", "workers", "config"):
        for path in (HOUSE.parent / folder).rglob("*.py"):
            for message in marked(ast.parse(path.read_text())):
                found[message].add(str(path.relative_to(HOUSE.parent)))
    return found


def marked(tree: ast.AST) -> Iterator[str | tuple[str, ...]]:
    """The literal texts handed to `_`, `N_` and `ngettext`."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("_", "N_", "ngettext")
        ):
            literal = [
                arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)
            ]
            if node.func.id == "ngettext" and len(literal) == 2:
                yield tuple(literal)
            elif literal:
                yield literal[0]


@pytest.mark.parametrize("language", [one for one in texts.LANGUAGES if one != "en"])
def test_every_text_is_translated(language: str) -> None:
    known = {message.id: message.string for message in texts.catalogue(language)}
    missing = {message: sorted(files)[0] for message, files in written().items() if not known.get(message)}
    assert missing == {}


@pytest.mark.parametrize("language", [one for one in texts.LANGUAGES if one != "en"])
def test_placeholders_are_the_same_in_every_language(language: str) -> None:
    for message in texts.catalogue(language):
        originals = message.id if isinstance(message.id, tuple) else (message.id,)
        translated = message.string if isinstance(message.string, tuple) else (message.string,)
        wanted = {placeholder for one in originals for placeholder in PLACEHOLDER.findall(one)}
        for one in translated:
            assert set(PLACEHOLDER.findall(one)) == wanted, message.id


@pytest.mark.parametrize("language", [one for one in texts.LANGUAGES if one != "en"])
def test_two_rooms_translate_the_same_text_alike(language: str) -> None:
    heard: dict[object, dict[object, str]] = defaultdict(dict)
    for path in texts.parts(language):
        with path.open("rb") as file:
            for message in read_po(file, locale=language):
                if message.id:
                    heard[message.id][message.string] = path.name
    assert {text: said for text, said in heard.items() if len(said) > 1} == {}


def test_the_language_belongs_to_whoever_is_answered() -> None:
    with speaking("es"):
        assert _("Sign in") == "Entrar"
        assert _("Assigned to %(name)s", name="Ana") == "Asignada a Ana"
        assert ngettext("%(n)s conversation", "%(n)s conversations", 1) == "1 conversación"
        assert ngettext("%(n)s conversation", "%(n)s conversations", 2) == "2 conversaciones"
        with speaking("tlh"):
            assert _("Sign in") == "Sign in"
        assert texts.language() == "es"
    assert N_("Sign in") == "Sign in"


def test_the_browsers_language_is_the_first_we_speak() -> None:
    assert best_language("fr-CH, en;q=0.9, es;q=0.8") == "en"
    assert best_language("ca,es-ES;q=0.9") == "es"
    assert best_language("") == texts.DEFAULT


def test_the_browser_has_each_text_its_modules_ask_for_and_no_other() -> None:
    source = "\n".join(path.read_text() for path in (FOLDER / "js").glob("*.js"))
    asked = {key for key in BROWSER if re.search(rf'["\s{{]{key}(?:"|: )', source)}
    assert set(re.findall(r'\bt\("(\w+)"', source)) - set(BROWSER) == set()
    assert set(BROWSER) - asked == set()
