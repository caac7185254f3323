"""Bytes to text when the charset may be missing, unknown or a lie."""

from __future__ import annotations

import codecs
import re

from hub.channels.text import storable

# Names mailers use -> the Python codec that reads what they really send (mostly a superset).
_ALIASES = {
    "ansi_x3.4-1968": "ascii",
    "ansi": "cp1252",
    "ascii": "ascii",
    "us-ascii": "ascii",
    "usascii": "ascii",
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "iso_8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "l1": "cp1252",
    "8859-1": "cp1252",
    "windows1252": "cp1252",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "iso-8859-8-i": "iso8859_8",
    "iso-8859-8-e": "iso8859_8",
    "gb2312": "gb18030",
    "gb_2312-80": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "cp936": "gb18030",
    "hz-gb-2312": "hz",
    "big5": "cp950",
    "big-5": "cp950",
    "x-big5": "cp950",
    "cn-big5": "cp950",
    "big5-hkscs": "big5hkscs",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601-1989": "cp949",
    "ksc5601": "cp949",
    "korean": "cp949",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "ms_kanji": "cp932",
    "x-euc-jp": "euc_jp",
    "iso-2022-jp": "iso2022_jp_ext",
    "csiso2022jp": "iso2022_jp_ext",
    "cp50221": "iso2022_jp_ext",
    "utf8": "utf_8",
    "utf-8": "utf_8",
    "utf8mb4": "utf_8",
    "x-utf-8": "utf_8",
    "unicode-1-1-utf-8": "utf_8",
    "unicode-1-1-utf-7": "utf_7",
    "x-unicode-2-0-utf-7": "utf_7",
    "unicode": "utf_16",
    "ucs-2": "utf_16",
    "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman",
    "x-mac-cyrillic": "mac_cyrillic",
    "koi8-ru": "koi8_u",
    "cp-850": "cp850",
}
# Python knows codecs that are no charsets: some expand (zlib), some are quadratic (idna, punycode).
_CHARSET = re.compile(
    r"utf_|ascii$|latin_1$|iso8859_|cp\d|koi8_|mac_|gb|big5|euc_|iso2022_|shift_jis|johab$|hz$|tis_620$|ptcp154$|kz1048$|hp_roman8$"
)
_STATEFUL = ("iso2022", "utf_7", "utf_16", "utf_32", "hz")
_WIDE = ("utf_16", "utf_32")
_SAMPLE = 8_192
_UTF8_PAIR = re.compile(rb"[\xc2-\xf4][\x80-\xbf]")


def codec(label: str) -> str:
    """The Python codec for a charset label, or "" when nobody knows it. Never a codec that is no charset."""
    name = label.strip().strip("\"'<>").lower().split("*")[0]
    if not name or len(name) > 60 or not name.isascii():
        return ""
    if name in _ALIASES:
        return _ALIASES[name]
    try:
        known = codecs.lookup(name.replace("windows-", "cp").replace("x-cp", "cp")).name.replace("-", "_")
    except (LookupError, ValueError):
        return ""
    known = _ALIASES.get(known.replace("_", "-"), known)
    return known if _CHARSET.match(known) else ""


def decode(content: bytes, label: str = "", warnings: list[str] | None = None) -> str:
    """Text of `content`, whatever it claims to be; storable, never raises. Lies are told to `warnings`."""
    name = codec(label)
    if content.isascii() and not name.startswith(_STATEFUL) and b"\x1b" not in content:
        return storable(content.decode("ascii"))
    text, doubt = _decoded(content, name)
    if warnings is not None and (doubt or (label and not name)):
        warnings.append(f"charset: {doubt or 'unknown'} ({label.strip()[:40]})")
    return storable(text)


def _decoded(content: bytes, name: str) -> tuple[str, str]:
    if not name.startswith(_WIDE) and has_mark(content):
        return _by_mark(content)
    if name == "utf_8":
        return _utf8_or_guess(content)
    if name in ("", "ascii", "cp1252"):
        return _western(content, name)
    if _is_utf8(content, 6 if _is_multibyte(name) else 2) and not name.startswith(_STATEFUL):
        return content.decode("utf-8"), "is UTF-8"
    return _by_label(content, name)


def has_mark(content: bytes) -> bool:
    """Does a byte order mark tell what it is? Two bytes alone may be damage: UTF-16 has zeros in every few words."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return b"\x00" in content[:_SAMPLE]
    return content.startswith(b"\xef\xbb\xbf")


def _by_mark(content: bytes) -> tuple[str, str]:
    name = "utf-8-sig" if content[0] == 0xEF else "utf-16"
    return content.decode(name, "replace"), ""


def _by_label(content: bytes, name: str) -> tuple[str, str]:
    tries = (name, "iso2022_jp_2004", "iso2022_jp_2") if name.startswith("iso2022_jp") else (name,)
    for each in tries:
        try:
            return content.decode(each), ""
        except (UnicodeError, LookupError):
            continue
    if name.startswith("iso2022") and b"\x1b" not in content:
        return guess(content), "wrong"
    return content.decode(name, "replace"), "damaged"


def _utf8_or_guess(content: bytes) -> tuple[str, str]:
    try:
        return content.decode("utf-8"), ""
    except UnicodeDecodeError:
        text = content.decode("utf-8", "replace")
    # A cut or slightly damaged UTF-8 text stays UTF-8; one that never was is guessed.
    good = len(_UTF8_PAIR.findall(content))
    if good and good >= text.count("\ufffd"):
        return text, "damaged"
    return guess(content), "not UTF-8"


def _western(content: bytes, name: str) -> tuple[str, str]:
    if b"\x1b$" in content:
        return _by_label(content, "iso2022_jp_ext")
    if _is_utf8(content, 1):
        return content.decode("utf-8"), "is UTF-8" if name else ""
    if name == "cp1252":
        return _latin(content), ""
    return guess(content), "missing" if not name else "not ASCII"


def guess(content: bytes) -> str:
    """Text of bytes that nobody described: UTF-8, else Western when accents are few, else what looks best."""
    if _is_utf8(content, 0):
        return content.decode("utf-8")
    sample = content[:_SAMPLE]
    high = sum(1 for byte in sample if byte >= 0x80)
    if high * 3 < sum(1 for byte in sample if byte > 0x20) or high < 4:
        return _latin(content)
    return _by_looks(content, sample)


def _japanese(content: bytes) -> str:
    """The text when it reads as Japanese with many kana: other guesses take EUC-JP for Korean."""
    for name in ("euc_jp", "cp932"):
        try:
            text = content.decode(name)
        except UnicodeDecodeError:
            continue
        kana = sum("\u3041" <= letter <= "\u30fe" for letter in text[:2_000])
        if kana >= 3 and kana * 4 >= sum(letter > "\x7f" for letter in text[:2_000]):
            return text
    return ""


def _by_looks(content: bytes, sample: bytes) -> str:
    if text := _japanese(content):
        return text
    from charset_normalizer import from_bytes

    best = from_bytes(sample, steps=3, chunk_size=512, explain=False).best()
    name = codec(best.encoding) if best is not None else ""
    if not name or name.startswith(_WIDE):
        return _latin(content)
    return content.decode(name, "replace")


def _latin(content: bytes) -> str:
    try:
        return content.decode("cp1252")
    except UnicodeDecodeError:
        return "".join(_latin_letter(byte) for byte in content)


def _latin_letter(byte: int) -> str:
    # The five places windows-1252 leaves empty are read as what browsers show.
    return chr(byte) if byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else bytes((byte,)).decode("cp1252")


def _is_utf8(content: bytes, at_least: int) -> bool:
    """Valid UTF-8 with at least so many bytes above ASCII (so that an accident is unlikely)."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return at_least <= 1 or len(content) - len(content.translate(None, _HIGH)) >= at_least


def _is_multibyte(name: str) -> bool:
    return name.startswith(("gb", "big5", "cp9", "euc", "johab", "shift"))


_HIGH = bytes(range(0x80, 0x100))
