"""Twilio's signature, over every spelling of a URL and every shape of a body (promises 46, 47)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from urllib.parse import urlencode

import pytest

from hub.channels import twilio
from hub.channels.base import Forged, Posted
from hub.channels.outgoing import Line

FORM = "application/x-www-form-urlencoded"
URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
# Twilio's own published example: https://www.twilio.com/docs/usage/webhooks/webhooks-security
PUBLISHED = {
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+12349013030",
    "Digits": "1234",
    "From": "+12349013030",
    "To": "+18005551212",
}
LINE = Line(
    id=1,
    key="line",
    kind="sms",
    name="",
    address="",
    settings={"account_sid": "AC1"},
    secrets={"auth_token": "12345"},
)


def signature(url: str, fields: str = "", token: str = "12345", algorithm: str = "sha1") -> str:
    return base64.b64encode(hmac.digest(token.encode(), (url + fields).encode(), algorithm)).decode()


def posted(body: bytes, signed: str, *urls: str, type_: str = FORM, **headers: str) -> Posted:
    known = {"content-type": type_, "x-twilio-signature": signed, **headers}
    return Posted(urls=urls or (URL,), rest="status/abc", headers=known, body=body)


def test_the_published_example_is_genuine_and_its_arrival_keeps_no_secret():
    raw = twilio.genuine(posted(urlencode(PUBLISHED).encode(), "0/KCTR6DLpKmkAf8muzZqo1nDgQ="), LINE)
    assert raw.envelope == {"rest": "status/abc", "query": "foo=1&bar=2", "type": FORM}
    assert twilio.form(raw.body) == PUBLISHED


@pytest.mark.parametrize(
    ("called", "as_seen"),
    [
        ("https://hub.example/in/k", "https://hub.example:443/in/k"),
        ("https://hub.example:443/in/k", "https://hub.example/in/k"),
        ("http://hub.example:80/in/k", "http://hub.example/in/k"),
        ("https://hub.example/in/k", "https://hub.example:8443/in/k"),
        ("https://hub.example/in/k?name='x'", "https://hub.example/in/k?name=%27x%27"),
        ("https://hub.example/in/k?q=%C3%A9", "https://hub.example/in/k?q=%C3%A9"),
        ("https://[2001:db8::1]/in/k", "https://[2001:db8::1]:443/in/k"),
        ("https://hub.example/in/k", "https://hub.example/in/k#rc=2&rp=all"),
    ],
)
def test_odd_urls_are_the_same_url(called, as_seen):
    twilio.genuine(posted(b"A=1", signature(called, "A1"), as_seen), LINE)


def test_behind_a_proxy_the_public_url_or_the_one_we_saw_is_right():
    public, seen = "https://hub.example/in/k", "http://10.0.0.5:8080/in/k"
    twilio.genuine(posted(b"A=1", signature(public, "A1"), public, seen), LINE)
    twilio.genuine(posted(b"A=1", signature(seen, "A1"), public, seen), LINE)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b"B=2&A=1", "A1B2"),
        (b"A=&B=2", "AB2"),
        (b"Media=b&Media=a&Media=b", "MediaaMediab"),
        (b"Body=%C3%A1+%F0%9F%98%80", "Bodyá 😀"),
        (b"Body=%00x&ZFuture=new", "Body\0xZFuturenew"),
        (b"", ""),
    ],
)
def test_fields_of_every_shape(body, fields):
    twilio.genuine(posted(body, signature(URL, fields)), LINE)


def test_bytes_that_are_no_utf8_are_signed_as_bytes_and_read_as_text():
    mac = hmac.digest(b"12345", URL.encode() + b"Body\xff", "sha1")
    raw = twilio.genuine(posted(b"Body=%FF", base64.b64encode(mac).decode()), LINE)
    assert twilio.form(raw.body) == {"Body": "\ufffd"}


def test_json_counts_only_with_its_hash_in_the_signed_url():
    body = b'{"property": "value"}'
    url = f"https://hub.example/in/k?bodySHA256={hashlib.sha256(body).hexdigest()}"
    json = "application/json"
    twilio.genuine(posted(body, signature(url), url, type_=json), LINE)
    with pytest.raises(Forged):
        twilio.genuine(posted(body + b" ", signature(url), url, type_=json), LINE)
    with pytest.raises(Forged):  # no hash: nothing ties the body to the signature
        twilio.genuine(posted(body, signature(URL), URL, type_=json), LINE)


def test_two_tokens_count_while_one_replaces_the_other():
    rotating = Line(
        id=1,
        key="l",
        kind="sms",
        name="",
        address="",
        secrets={"auth_token": "old", "auth_token_next": "new"},
    )
    for token in ("old", "new"):
        twilio.genuine(posted(b"A=1", signature(URL, "A1", token)), rotating)
    with pytest.raises(Forged):
        twilio.genuine(posted(b"A=1", signature(URL, "A1", "12345")), rotating)


def test_a_shared_key_may_sign_with_sha256():
    settings = {"x-twilio-webhooks-signature-settings": "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"}
    twilio.genuine(posted(b"A=1", signature(URL, "A1", algorithm="sha256"), **settings), LINE)
    with pytest.raises(Forged):
        twilio.genuine(posted(b"A=1", signature(URL, "A1"), **settings), LINE)
    unknown = {"x-twilio-webhooks-signature-settings": "algorithm=HMAC_MD5"}
    with pytest.raises(Forged):
        twilio.genuine(posted(b"A=1", signature(URL, "A1"), **unknown), LINE)


@pytest.mark.parametrize(
    ("body", "signed", "url"),
    [
        (b"A=1", "", URL),
        (b"A=1", "no base64 \u00e9", URL),
        (b"A=1", signature(URL, "A1", "another"), URL),
        (b"A=1", signature("https://elsewhere.example/in/k", "A1"), URL),
        (b"A=2", signature(URL, "A1"), URL),
        (b"A=1&B=2", signature(URL, "A1"), URL),
        (b"A=1", signature(URL, "A1"), "https://hub.example:abc/"),
        (b"A=1", signature(URL, "A1"), "https://[hub.example/"),
        (b"&".join(b"A=1" for _ in range(5000)), signature(URL, "A1"), URL),
    ],
)
def test_everything_else_is_forged(body, signed, url):
    with pytest.raises(Forged):
        twilio.genuine(posted(body, signed, url), LINE)


def test_a_line_without_a_token_believes_nobody():
    bare = Line(id=1, key="l", kind="sms", name="", address="")
    with pytest.raises(Forged):
        twilio.genuine(posted(b"", signature(URL, "", "")), bare)
