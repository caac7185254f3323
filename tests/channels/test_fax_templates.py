"""Templates of fax mails: words and fields, found in one pass whatever the mail says."""

from __future__ import annotations

import time

import pytest

from hub.channels.fax import templates
from hub.channels.fax.gateways import GATEWAYS
from hub.plumbing.errors import BadInput


def test_fields_end_at_the_next_words_or_with_the_line():
    found = templates.in_line(
        "Fax from {caller} ({pages} page", "Re: Fax  from +34 91 (12 pages)", anywhere=True
    )
    assert found == {"caller": "+34 91", "pages": "12"}
    assert (
        templates.in_line("Fax from {caller} ({pages} page", "Fax from x (many pages)", anywhere=True) is None
    )
    assert templates.in_line("Pages: {pages}", "All Pages: 3", anywhere=False) is None


def test_a_label_alone_gets_the_next_line():
    assert templates.in_lines(["Pages: {pages}"], templates.readable_lines("Pages:\n\n 3 \n")) == {
        "pages": "3"
    }


@pytest.mark.parametrize("wrong", ["{caller}", "Fax {colour}", "Fax {caller}{pages}", "x" * 301])
def test_a_template_that_cannot_work_is_refused_in_words(wrong):
    with pytest.raises(BadInput):
        templates.check(wrong)


def test_all_templates_of_ours_can_be_templates():
    for gateway in GATEWAYS:
        for pattern in gateway.patterns:
            for template in (*pattern.subject, *pattern.body):
                assert templates.check(template) == template


def test_a_line_made_to_be_slow_is_not():
    template = "a {csid} a {name} a {caller} a {to} a {pages} b"
    begun = time.process_time()
    for _ in range(200):
        assert templates.in_line(template, "a " * 5_000, anywhere=True) is None
    assert time.process_time() - begun < 2
