"""Mail domains anybody can have an address at: they never suggest an account."""

from __future__ import annotations

FREE_MAIL = frozenset(
    """
    gmail.com googlemail.com outlook.com outlook.es hotmail.com hotmail.es hotmail.co.uk hotmail.fr live.com
    live.es msn.com yahoo.com yahoo.es yahoo.co.uk yahoo.fr yahoo.com.mx yahoo.com.ar ymail.com rocketmail.com
    icloud.com me.com mac.com aol.com gmx.com gmx.es gmx.de gmx.net web.de mail.com mail.ru yandex.com yandex.ru
    proton.me protonmail.com pm.me tutanota.com tuta.io zoho.com fastmail.com hey.com duck.com telefonica.net
    movistar.es orange.es orange.fr vodafone.es ono.com jazztel.es terra.es terra.com euskaltel.net wanadoo.es
    wanadoo.fr free.fr laposte.net sfr.fr libero.it virgilio.it t-online.de btinternet.com sky.com comcast.net
    verizon.net att.net cox.net qq.com 163.com 126.com naver.com uol.com.br bol.com.br terra.com.br sapo.pt
    prodigy.net.mx hushmail.com mailinator.com
    """.split()
)


def is_free(domain: str) -> bool:
    """Whether anybody can have an address at this domain."""
    return domain.lower() in FREE_MAIL
