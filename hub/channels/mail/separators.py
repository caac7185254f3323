"""How mail programs announce what they quote or forward, in the languages our customers' programs speak.

Every test looks at a bounded number of bounded lines, so that no mail can make it slow.
"""

from __future__ import annotations

import re

_LONGEST = 400
_HEADER_REACH = 14
_WRAPPED = 4

_VERB = re.compile(
    r"\b(?:wrote|writes|escribi[óo]|ha escrito|escribe|schrieb|schreibt|hat geschrieben|a [ée]crit|ha scritto|scrive|"
    r"escreveu|missatge de|"
    r"schreef|geschreven|skrev|kirjoitti|napisał\(?a?\)?|napsal\(?a?\)?|napísal\(?a?\)?|írta|a scris|yazdı|va escriure|"
    r"ha escrit|escribiu|idatzi du|написал\(?а?\)?|пишет|пише|έγραψε)\b\)?|写道|寫道|のメッセージ|님이 작성",
    re.IGNORECASE,
)
_START = re.compile(
    r"(?:on|el|en|le|am|il|em|op|den|dne|w dniu|a|la|ma|pe|på|vào|в|\S{2,12}[.,]?)\s|\d|\"|<|«|“|在",
    re.IGNORECASE,
)
# What no reply's own line begins with when a date and "wrote:" follow: the beginning of an announcement.
_OPENS = re.compile(r"(?:On|El|En|Le|Am|Il|Em|Op|Den|Dne|W dniu|O|Pe|På|În)\s")
_TO_SOMEBODY = re.compile(
    r"\b(?:me|nos|os|les?|mi|ci|mir|uns)\s+(?:escrib|ha escrito|ha scritto|schrieb)|\b[mn](?:['’]|ous )a [ée]crit|"
    r"\bwrote (?:me|us|to)\b",
    re.IGNORECASE,
)
_WHEN_OR_WHO = re.compile(r"\d{1,2}[:.h]\d{2}|\b(?:19|20)\d\d\b|\d{1,2}[/.-]\d{1,2}[/.-]\d{2}|@|年")
_ADDRESS = re.compile(r"\S@\S")
_TIME = re.compile(r"\d{1,2}[:.h]\d{2}")
_DATE = re.compile(r"\b(?:19|20)\d\d\b|\d{1,2}[/.-]\d{1,2}[/.-]\d{2}|年")
_GMAIL_OTHER = re.compile(
    r"^(?:\d{4}[-/年.]\s?\d{1,2}[-/月.]\s?\d{1,2}).{0,80}<[^<>\s]{1,200}@[^<>\s]{1,200}>\s*[:：]?$"
)

_FORWARDED = (
    "forwarded message|forwarded by|reenviado por|remitido por|weitergeleitet von|"
    "begin forwarded message|mensaje reenviado|inicio del mensaje reenviado|"
    "mensaje enviado|message transféré|message transmis|début du message (?:réexpédié|transféré)|"
    "weitergeleitete nachricht|anfang der weitergeleiteten (?:nachricht|e-mail)|mensagem encaminhada|"
    "mensagem reencaminhada|início da mensagem (?:encaminhada|reencaminhada)|messaggio inoltrato|"
    "inizio messaggio inoltrato|doorgestuurd bericht|begin doorgestuurd bericht|missatge reenviat|"
    "mensaxe reenviada|vidarebefordrat meddelande|пересылаемое сообщение|转发的邮件|転送メッセージ"
)
_ORIGINAL = (
    "original message|original appointment|reply message|mensaje original|mensaje de origen|cita original|"
    "message d'origine|message d’origine|message original|mensagem original|messaggio originale|"
    "ursprüngliche nachricht|originalnachricht|urspr\\. nachricht|oorspronkelijk bericht|missatge original|"
    "mensaxe orixinal|ursprungligt meddelande|oprindelig meddelelse|alkuperäinen viesti|wiadomość oryginalna|"
    "исходное сообщение|原始邮件|原始郵件|元のメッセージ"
)
_DASHES = r"[-_=*–—~‐‑]"
_FORWARD_LINE = re.compile(
    rf"^\s*(?:{_DASHES}{{2,}}\s*(?:{_FORWARDED})[^\n]{{0,80}}|(?:{_FORWARDED})\s*:)\s*$", re.IGNORECASE
)
_ORIGINAL_LINE = re.compile(
    rf"^\s*{_DASHES}{{2,}}\s*(?:{_ORIGINAL}|original[- \w]{{0,20}})\s*:?\s*{_DASHES}{{2,}}\s*$", re.IGNORECASE
)
_GROUPWISE = re.compile(r"^>>> \S[^<>]{0,100}(?:<[^<>]{0,150}>)?[^<>]{0,40}\d\d[^<>]{0,6}>>>\s*$")
_FRAMED = re.compile(r"^\s*[-_=–—‐]{3,20}[^\n]{1,60}[-_=–—‐]{3,20}\s*$")
_ABOVE_THIS = re.compile(
    r"##-.{0,120}-##|(?:reply|write|type|respond)[^.]{0,40}above this line|"
    r"(?:responda|responde|escriba|escribe|conteste)[^.]{0,50}(?:encima|arriba|sobre)[^.]{0,15}esta l[ií]nea",
    re.IGNORECASE,
)

_HEADER = re.compile(
    r"^[\s>|*_]*([^\W\d_][^\W\d_ .-]{0,12}(?:[ -][^\W\d_]{1,12}){0,2})[*_\s\xa0]*[:：][*_]*\s*(.*)$"
)
_HEADER_NAMES = {
    name: kind
    for kind, names in {
        "from": "from|de|von|da|van|fra|från|od|от|desde|remitente|expéditeur|mittente|"
        "lähettäjä|kimden|feladó|de la|από|nork|від|보낸 사람|发件人|寄件者|寄件人|差出人|送信者",
        "date": "sent|date|enviado|enviado el|enviada|enviada em|enviada el|fecha|data|data de envio|gesendet|datum|"
        "gesendet am|envoyé|envoyé le|inviato|data invio|verzonden|sendt|skickat|date d'envoi|dato|wysłano|odesláno|"
        "отправлено|дата|enviat|lähetetty|gönderildi|elküldve|trimis|στάλθηκε|bidaltze-data|надіслано|"
        "보낸 날짜|发送时间|发送日期|日期|送信日時|日付|received|recibido",
        "to": "to|para|an|a|à|aan|til|till|do|komu|кому|destinatario|per a|pour|vastaanottaja|kime|címzett|către|"
        "προς|nori|받는 사람|收件人|宛先",
        "cc": "cc|cco|copia|kopie|c.c|копия|抄送",
        "subject": "subject|asunto|betreff|objet|oggetto|onderwerp|emne|ämne|temat|předmět|тема|assunto|assumpte|"
        "aihe|konu|tárgy|subiect|θέμα|gaia|tema|제목|主题|主旨|件名|re",
    }.items()
    for name in names.split("|")
}

_SIGNATURE = re.compile(r"^(?:--|—|--\s+|- -)\s*$")
_FORWARD_SUBJECT = re.compile(
    r"^\s*(?:\[[^\]]{0,60}\]\s*)?(?:fwd?|rv|tr|wg|enc|i|doorst|vs|vb|reenv(?:iado)?|reenviar|fs|pd|转发)\s*(?:\[\d+\]|\(\d+\))?\s*[:：]",
    re.IGNORECASE,
)
REPLY_SUBJECT = re.compile(
    r"^\s*(?:\[[^\]]{0,60}\]\s*)?(?:re|aw|sv|antw|r|res|resp|rép|ref|vá|odp|ynt|回复|答复|回覆)\s*(?:\[\d+\]|\(\d+\))?\s*[:：]",
    re.IGNORECASE,
)


def is_forward_subject(subject: str) -> bool:
    """Does the subject begin with FW:, RV: or the like?"""
    return _FORWARD_SUBJECT.match(subject[:200]) is not None


def attribution_length(lines: list[str], start: int) -> int:
    """How many lines "El 3 nov 2026, Marta escribió:" takes from `start`; 0 when it is none."""
    first = lines[start].strip()
    if not first or len(first) > _LONGEST:
        return 0
    if first.startswith("--") and first.endswith("--"):  # Zoho: ---- On Mon, 02 Nov 2026 09:00 Ana wrote ----
        return int(_is_attribution(first) or _is_notes_attribution(lines, start))
    first = first.lstrip("-–— ")  # Yahoo on telephones: --- El mar, 3/11/26, Ana escribió:
    if not _START.match(first):
        return 0
    joined = ""
    for count, line in enumerate(lines[start : start + _WRAPPED], 1):
        line = line.strip()
        if not line or len(line) > _LONGEST:
            return 0
        joined = f"{joined} {line}" if joined else line
        if line.endswith((":", "：")) or _GMAIL_OTHER.match(joined):
            whole = _is_attribution(joined) and not _begins_lower(lines[start + 1 : start + count])
            return count if whole else 0
    return 0


def _begins_lower(following: list[str]) -> bool:
    """Yahoo and others put it right below the reply: its last line is no part of the announcement."""
    return any(
        _OPENS.match(line.strip()) and (_TIME.search(line) or _DATE.search(line)) for line in following
    )


def needs_no_quote(lines: list[str], start: int, length: int) -> bool:
    """An announcement nobody takes for words of the reply, also where what it announces is not marked as quoted."""
    joined = " ".join(lines[start : start + length])
    if _ADDRESS.search(joined) or joined.lstrip().startswith("--"):
        return True
    if _TO_SOMEBODY.search(joined):
        return False
    return _TIME.search(joined) is not None and _DATE.search(joined) is not None


def _is_attribution(line: str) -> bool:
    if _GMAIL_OTHER.match(line):
        return True
    return bool(_VERB.search(line) and _WHEN_OR_WHO.search(line))


def _is_notes_attribution(lines: list[str], start: int) -> bool:
    """Lotus Notes in the browser: -----Ana Núñez/ACME escribió: ----- right above To: and From:."""
    if not re.search(r":\s*-{2,}$", lines[start].strip()[-_LONGEST:]) or not _VERB.search(
        lines[start][:_LONGEST]
    ):
        return False
    kinds = {_header_kind(line) for line in lines[start + 1 : start + 4]}
    return bool(kinds & {"to", "from"})


def is_bare_attribution(line: str) -> bool:
    """ "Marta García escribió:", or a date and an address in any language: believed only above a quoted line."""
    line = line.strip()
    if len(line) > _LONGEST or not line.endswith((":", "：")):
        return False
    signs = (_ADDRESS.search(line), _TIME.search(line), _DATE.search(line))
    return _VERB.search(line) is not None or sum(sign is not None for sign in signs) >= 2


def is_forward_line(line: str) -> bool:
    """ "---------- Forwarded message ---------" and its sisters."""
    return len(line) <= _LONGEST and _FORWARD_LINE.match(line) is not None


def is_original_line(line: str) -> bool:
    """ "-----Mensaje original-----" and its sisters; "reply above this line" counts too."""
    if len(line) > _LONGEST:
        return False
    return _ORIGINAL_LINE.match(line) is not None or _ABOVE_THIS.search(line) is not None


def is_groupwise_line(line: str) -> bool:
    """ ">>> Ana Núñez <ana@x> 02.11.2026 09:30 >>>": what it announces is not marked."""
    return line.startswith(">>> ") and len(line) <= _LONGEST and _GROUPWISE.match(line) is not None


def is_framed(line: str) -> bool:
    """ "----- Mail original -----" in any language: believed only right above a quote that was found otherwise."""
    return len(line) <= _LONGEST and _FRAMED.match(line) is not None


def is_header_block(lines: list[str], start: int) -> bool:
    """From: and at least two of date, to, subject within a few lines: how Outlook begins a quote."""
    first = _header_kind(lines[start])
    if not first or first == "cc":
        return False
    kinds: set[str] = {first}
    exact = _is_exact(lines[start])
    blank = 0
    for line in lines[start + 1 : start + 1 + _HEADER_REACH]:
        if not line.strip(" >"):
            blank += 1
            if blank > 4:
                break
            continue
        kind = _header_kind(line)
        if kind == "from" and "from" in kinds:
            break
        if kind:
            kinds.add(kind)
            exact = exact or _is_exact(line)
        elif first != "from":
            break  # only From: is strong enough to believe a block with other lines in it
    return exact and "from" in kinds and len(kinds & {"date", "to", "subject"}) >= 2


def _is_exact(line: str) -> bool:
    """ "De: Madrid, Para: Barcelona, Fecha: 3 de mayo" is a journey: mail programs write an hour or an address."""
    return _ADDRESS.search(line[:_LONGEST]) is not None or _TIME.search(line[:_LONGEST]) is not None


def _header_kind(line: str) -> str:
    if len(line) > 2_000 or (":" not in line and "：" not in line):
        return ""
    found = _HEADER.match(line[:200])
    return _HEADER_NAMES.get(found[1].strip().lower(), "") if found else ""


def is_signature(line: str) -> bool:
    """The line that opens a signature: two hyphens and a space, the space often lost."""
    return len(line) <= 10 and _SIGNATURE.match(line) is not None
