"""What telephones and mail programs write below a mail of their own accord: "Enviado desde mi iPhone"."""

from __future__ import annotations

import re

_PROGRAM = (
    "iphone|ipad|ipod|android|galaxy|samsung|huawei|honor|xiaomi|redmi|oppo|pixel|motorola|nokia|blackberry|outlook|"
    "yahoo|gmail|proton\\w*|windows|aol|thunderbird|bluemail|spark|sparrow|superhuman|fairemail|k-9|airmail|canary|"
    "edison|mailspring|zoho|tuta\\w*|gmx|web\\.de"
)
_DEVICE = (
    f"{_PROGRAM}|smartphone|m[óo]vil|mobile|handy|telefon\\w*|tel[ée]fono|phone|dispositivo|device|ger[äa]t|tablet|"
    "correo|mail"
)
_SENT = (
    "sent|enviad[oa]|gesendet|envoyé|inviat[oa]|verzonden|verstuurd|enviat|skickat|sendt|lähetetty|wysłan[eo]|"
    "odesl[áa]no|отправлено"
)
# "Enviado por correo ayer" and "Sent you a mail" are words of a person's: it must say from or with what it was sent.
_FROM = (
    "from|with|via|using|desde|con|a través de|des|amb|von|vom|mit|über|aus|de|depuis|avec|à partir de|da|dal|do|com|"
    "vanaf|vanuit|van|met|från|fra|z|ze|с"
)
_GET = (
    "get|obtener|obtén|obtenga|téléchargez|télécharger|obtenir|scarica|ottieni|obter|obtenha|baixe|"
    "holen sie sich|hämta"
)
_FOOTER = re.compile(
    rf"^\W{{0,3}}(?:(?:{_SENT})\s+(?:{_FROM})\b.{{0,60}}\b(?:{_DEVICE})\b.{{0,80}}|"
    rf"(?:{_GET})\s+(?:{_PROGRAM})\b.{{0,20}}\b(?:for|para|per|pour|für|voor|för)\b.{{0,80}}|"
    rf"(?:von|diese nachricht).{{0,60}}\b(?:{_DEVICE})\b.{{0,40}}\bgesendet\W*|"
    r"(?:iphone|ipad|android)から送信|(?:发自|發自|從).{0,12}(?:iphone|ipad|android|huawei|手机|手機).{0,12})$",
    re.IGNORECASE,
)


def is_mobile_footer(line: str) -> bool:
    """ "Enviado desde mi iPhone" and its sisters."""
    return len(line) <= 160 and _FOOTER.match(line.strip()) is not None
