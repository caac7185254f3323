"""Mails that strangers send to hurt: each name is a function that makes the bytes, sizes as attackers choose them."""

# ruff: noqa: E501 — mails are data
from __future__ import annotations

import base64
import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Callable

_HEAD = (
    b"From: Eva <eva@evil.example>\r\nTo: support@dialogo.example\r\nSubject: hostile\r\n"
    b"Message-ID: <hostile@evil.example>\r\nDate: Tue, 03 Nov 2026 10:00:00 +0100\r\nMIME-Version: 1.0\r\n"
)


def mail(body: bytes, headers: bytes = b"", *, head: bytes = _HEAD) -> bytes:
    """A mail with the usual head, `headers` (each ending in CRLF) and a body."""
    return head + headers + b"\r\n" + body


def nul_bytes() -> bytes:
    return mail(b"uno\x00dos\r\n", b"X-Odd: a\x00b\r\nContent-Type: text/plain; charset=utf-8\r\n").replace(
        b"hostile\r\nM", b"hos\x00tile\r\nM"
    )


def lone_surrogates() -> bytes:
    body = b"+2AA- a +3AA-"
    return mail(body, b"Content-Type: text/plain; charset=utf-7\r\nX-S: =?utf-8?b?7aCA?=\r\n").replace(
        b"Subject: hostile", b"Subject: =?utf-16be?b?2ADYAA==?= =?utf-7?q?+2AA-?="
    )


def deep_multipart(levels: int = 3_000) -> bytes:
    parts = [b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(levels)]
    return _HEAD + b"".join(parts) + b"Content-Type: text/plain\r\n\r\nfondo\r\n"


def deep_multipart_same_boundary(levels: int = 3_000) -> bytes:
    part = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
    return _HEAD + part * levels + b"Content-Type: text/plain\r\n\r\nfondo\r\n"


def deep_forwards(levels: int = 3_000) -> bytes:
    return _HEAD + b"Content-Type: message/rfc822\r\n\r\nSubject: x\r\n" * levels + b"\r\nfondo\r\n"


def parts_20000(count: int = 20_000) -> bytes:
    part = b"--b\r\nContent-Type: text/plain; name=a.txt\r\nContent-Disposition: attachment\r\n\r\nx\r\n"
    return mail(
        b"--b\r\n\r\nhola\r\n" + part * count + b"--b--\r\n", b"Content-Type: multipart/mixed; boundary=b\r\n"
    )


def parts_without_headers(count: int = 50_000) -> bytes:
    return mail(b"--b\r\n\r\n" * count, b"Content-Type: multipart/mixed; boundary=b\r\n")


def multiparts_without_boundary(count: int = 5_000) -> bytes:
    part = b"--b\r\nContent-Type: multipart/mixed\r\n\r\nx\r\n"
    return mail(part * count, b"Content-Type: multipart/mixed; boundary=b\r\n")


def headers_100000(count: int = 100_000) -> bytes:
    return _HEAD + b"".join(b"X-H%d: v\r\n" % n for n in range(count)) + b"\r\nhola\r\n"


def cc_lines_100000(count: int = 100_000) -> bytes:
    return (
        _HEAD
        + b"Cc: a@b.example"
        + b"".join(b",\r\n p%d@b.example" % n for n in range(count))
        + b"\r\n\r\nhola\r\n"
    )


def to_10000(count: int = 10_000) -> bytes:
    people = b",\r\n ".join(b'"P %d" <p%d@many.example>' % (n, n) for n in range(count))
    return (
        b"From: eva@evil.example\r\nTo: " + people + b"\r\nSubject: many\r\nMessage-ID: <m@e>\r\n\r\nhola\r\n"
    )


def one_header_of_5_mb() -> bytes:
    return _HEAD + b"X-Big: " + b"a" * 5_000_000 + b"\r\n\r\nhola\r\n"


def folded_forever() -> bytes:
    return _HEAD + b"References:" + b"\r\n <a@b>" * 200_000 + b"\r\n\r\nhola\r\n"


def brackets_in_address() -> bytes:
    return (
        b"From: " + b"(" * 100_000 + b"<" * 100_000 + b'"' * 50_001 + b"a@b.example\r\nSubject: x\r\n\r\nhola"
    )


def encoded_words_unending() -> bytes:
    return mail(b"hola").replace(
        b"Subject: hostile", b"Subject: " + b"=?utf-8?q?a" * 50_000 + b"=?a?b?" * 50_000
    )


def charset(label: str) -> Callable[[], bytes]:
    def make() -> bytes:
        kind = f'Content-Type: text/plain; charset="{label}"\r\n'.encode()
        subject = f"Subject: =?{label}?b?8fP6/f6AgYKDgA==?=".encode()
        return mail(bytes(range(32, 256)) + b"\xff\xfe" * 7, kind).replace(b"Subject: hostile", subject)

    return make


def crlf_in_encoded_subject() -> bytes:
    word = base64.b64encode(b"hola\r\nBcc: all@victim.example\r\n\r\nbody")
    return mail(b"hola").replace(b"Subject: hostile", b"Subject: =?utf-8?b?" + word + b"?=")


def crlf_in_from_name() -> bytes:
    return mail(b"hola").replace(b"Eva <", b"=?utf-8?q?Eva=0D=0ABcc:_all=40victim.example?= <")


def filename_crlf_path() -> bytes:
    disposition = (
        b"Content-Disposition: attachment; filename*=utf-8''..%2F..%2Fetc%2Fpasswd%0D%0ABcc%3A%20x%00.txt\r\n"
        b"Content-Type: application/octet-stream\r\n"
    )
    return mail(b"datos", disposition)


def quotes_200_kb() -> bytes:
    return mail(
        b">" * 200_000 + b"\r\n" + b"> \r\n" * 60_000 + b"On " * 60_000 + b"\r\n" + b"From:\r\n" * 20_000
    )


def attributions_everywhere() -> bytes:
    return mail((b"On 3 Nov 2026 at 10:00 Ana\r\n" * 5 + b"El 3 nov 2026 a las 10:00 Ana:\r\n") * 10_000)


def html_100k_tags() -> bytes:
    return mail(b"<div>" * 100_000 + b"hola", b"Content-Type: text/html\r\n")


def html_20k_links() -> bytes:
    return mail(b'<a href="http://x.example/a?b=c">y</a>' * 20_000, b"Content-Type: text/html\r\n")


def html_quote_regex() -> bytes:
    body = (
        b'<div class="gmail_quote '
        + b"x_" * 50_000
        + b'">'
        + b"<blockquote" * 20_000
        + b">"
        + b'<a "' * 20_000
    )
    return mail(body, b"Content-Type: text/html\r\n")


def html_unclosed() -> bytes:
    kinds = (
        b"<title>",
        b"<style>",
        b"<!--",
        b"<script>",
        b"<a href='",
        b"<![CDATA[",
        b"<textarea>",
        b"&#x",
        b"</p",
    )
    return mail(b"".join(kind * 20_000 for kind in kinds), b"Content-Type: text/html\r\n")


def entities_bomb() -> bytes:
    dtd = b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 12))
    return mail(b'<!DOCTYPE x [<!ENTITY a0 "ja">' + dtd + b"]><p>&a11;</p>", b"Content-Type: text/html\r\n")


def zip_bomb() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", b"\0" * 50_000_000)
    return _attachment(data.getvalue(), b"application/zip", b"zeros.zip")


def gzip_bomb() -> bytes:
    return _attachment(gzip.compress(b"\0" * 50_000_000), b"application/gzip", b"zeros.gz")


def zlib_charset() -> bytes:
    packed = base64.b64encode(zlib.compress(b"\0" * 10_000_000))
    return mail(
        packed, b"Content-Type: text/plain; charset=zlib_codec\r\nContent-Transfer-Encoding: base64\r\n"
    )


def svg_billion_laughs() -> bytes:
    svg = b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ja"><!ENTITY b "&a;&a;&a;">]><svg>&b;</svg>'
    return _attachment(svg, b"image/svg+xml", b"laugh.svg")


def png_60000() -> bytes:
    header = struct.pack(">II5B", 60_000, 60_000, 8, 6, 0, 0, 0)
    return _attachment(
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + header + b"\0" * 4, b"image/png", b"b.png"
    )


def winmail_lies() -> bytes:
    liar = (
        struct.pack("<IH", 0x223E9F78, 1) + struct.pack("<BII", 2, 0x00069003, 0xFFFFFFF0) + b"\xff" * 2_000
    )
    return _attachment(liar, b"application/ms-tnef", b"winmail.dat")


def winmail_rtf_bomb() -> bytes:
    packed = struct.pack("<IIII", 4_000_012, 0xFFFFFFFF, 0x75465A4C, 0) + b"\xff\x00\x1f" * 1_300_000
    prop = struct.pack("<I", 1) + struct.pack("<HHII", 0x102, 0x1009, 1, len(packed)) + packed
    data = struct.pack("<IH", 0x223E9F78, 1) + struct.pack("<BII", 1, 0x00069003, len(prop)) + prop + b"\0\0"
    return _attachment(data, b"application/ms-tnef", b"winmail.dat")


def calendar_bomb() -> bytes:
    body = b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\n" * 50_000 + b"ATTENDEE;CN=" + b"a;b=" * 50_000
    return mail(body, b"Content-Type: text/calendar; method=REQUEST\r\n")


def uu_bomb() -> bytes:
    return mail(b"begin 644 a\r\n" * 30_000)


def bare_cr() -> bytes:
    return mail(b"uno\rdos\r\rtres\r.\rMAIL FROM:<x@y>\r").replace(b"hostile\r\nM", b"hos\rtile\r\nM")


def no_message_id() -> bytes:
    return mail(b"hola", head=_HEAD.replace(b"Message-ID: <hostile@evil.example>\r\n", b""))


def two_from() -> bytes:
    return b"From: boss@acme.example\r\n" + mail(b"hola")


def empty() -> bytes:
    return b""


def only_blank() -> bytes:
    return b"\r\n \r\n\t\r\n"


def noise() -> bytes:
    return bytes(n * 7919 % 256 for n in range(100_000))


def headerless() -> bytes:
    return b"\r\n\r\njust a body, no header at all\r\n"


def base64_noise() -> bytes:
    body = b"SG9sYQ==" + b"=" * 100_000 + b"!" * 1_000 + b"U0c=\r\n" * 50_000
    return mail(body, b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n")


def qp_noise() -> bytes:
    return mail(b"=" * 200_000 + b"=Z" * 1_000, b"Content-Transfer-Encoding: quoted-printable\r\n")


def params_unending() -> bytes:
    value = b"; a*0=x" * 20_000 + b';filename="' + b'\\"' * 20_000
    return mail(
        b"hola",
        b"Content-Type: text/plain" + value + b"\r\nContent-Disposition: attachment" + value + b"\r\n",
    )


def report_of_20000() -> bytes:
    block = b"Final-Recipient: rfc822; p@x.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n" * 20_000
    kind = b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n"
    return mail(b"--b\r\nContent-Type: message/delivery-status\r\n\r\n" + block + b"--b--\r\n", kind)


def _attachment(content: bytes, kind: bytes, name: bytes) -> bytes:
    part = b"--b\r\nContent-Type: " + kind + b"\r\nContent-Disposition: attachment; filename=" + name
    part += b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(content) + b"\r\n--b--\r\n"
    return mail(b"--b\r\n\r\nmira\r\n" + part, b"Content-Type: multipart/mixed; boundary=b\r\n")


ODD_CHARSETS = (
    "unknown-8bit x-user-defined utf-8859-1 idna punycode unicode_escape raw_unicode_escape undefined rot13 base64 hex "
    "zlib bz2 utf-16 utf-32 utf-7 mbcs oem iso-2022-jp iso-2022-kr hz gb18030 big5 euc-kr shift_jis koi8-r cp1252 "
    "../../etc/passwd %s%n utf-8*en 8bit none default charset= utf-16-le-bom ks_c_5601-1987 windows-1252http-equiv"
).split()

HOSTILE: dict[str, Callable[[], bytes]] = {
    make.__name__: make
    for make in (
        nul_bytes, lone_surrogates, deep_multipart, deep_multipart_same_boundary, deep_forwards, parts_20000,
        parts_without_headers, multiparts_without_boundary, headers_100000, cc_lines_100000, to_10000, one_header_of_5_mb,
        folded_forever, brackets_in_address, encoded_words_unending, crlf_in_encoded_subject, crlf_in_from_name,
        filename_crlf_path, quotes_200_kb, attributions_everywhere, html_100k_tags, html_20k_links, html_quote_regex,
        html_unclosed, entities_bomb, zip_bomb, gzip_bomb, zlib_charset, svg_billion_laughs, png_60000, winmail_lies,
        winmail_rtf_bomb, calendar_bomb, uu_bomb, bare_cr, no_message_id, two_from, empty, only_blank, noise, headerless,
        base64_noise, qp_noise, params_unending, report_of_20000,
    )
} | {f"charset_{label}": charset(label) for label in ODD_CHARSETS}  # fmt: skip
