"""What is new in a reply, as the mail programs of our customers write it."""

# ruff: noqa: E501 — mails are data
from __future__ import annotations

import pytest

from hub.channels.mail.html_text import to_lines
from hub.channels.mail.quoting import new_text

ANSWER = "Sigue sin llegar.\n\nMarta"
QUOTED = "> Ya salió ayer.\n> \n> Ana\n> > ¿Dónde está?"

ATTRIBUTIONS = {
    "gmail es": "El lun, 2 nov 2026 a las 9:00, Ana Núñez (<support@dialogo.example>)\nescribió:",
    "gmail es one line": "El mar, 3 de nov. de 2026 10:22, Ana <ana@dialogo.example> escribió:",
    "gmail es without comma": "El mar, 3 nov 2026 a la(s) 10:22, Ana (support@dialogo.example) escribió:",
    "gmail en": "On Mon, Nov 2, 2026 at 9:00 AM Ana Núñez <support@dialogo.example> wrote:",
    "gmail en wrapped": "On Mon, Nov 2, 2026 at 9:00 AM Ana Núñez de la Torre y Sanz <\nsupport@dialogo.example> wrote:",
    "gmail en narrow space": "On Mon, Nov 2, 2026 at 9:00\u202fAM Ana <support@dialogo.example> wrote:",
    "apple es": "El 2 nov 2026, a las 9:00, Ana Núñez <support@dialogo.example> escribió:",
    "apple en": "On Nov 2, 2026, at 9:00 AM, Ana Núñez <support@dialogo.example> wrote:",
    "apple en uk": "On 2 Nov 2026, at 09:00, Ana <support@dialogo.example> wrote:",
    "thunderbird es": "El 02/11/2026 a las 9:00, Ana Núñez escribió:",
    "thunderbird es old": "El 02/11/26 09:00, Ana escribió:",
    "thunderbird en": "On 02/11/2026 09:00, Ana Núñez wrote:",
    "yahoo es": "    El lunes, 2 de noviembre de 2026, 09:00:12 CET, Ana <support@dialogo.example> escribió:  ",
    "yahoo en": "On Monday, November 2, 2026 at 09:00:12 AM GMT+1, Ana <support@dialogo.example> wrote:",
    "proton es": "El lunes, 2 de noviembre de 2026 a las 9:00, Ana <support@dialogo.example> escribió:",
    "proton en": "On Monday, November 2nd, 2026 at 9:00 AM, Ana <support@dialogo.example> wrote:",
    "k-9": "Am 2. November 2026 09:00:00 MEZ schrieb Ana <support@dialogo.example>:",
    "gmail de": "Am Mo., 2. Nov. 2026 um 09:00 Uhr schrieb Ana <support@dialogo.example>:",
    "gmail fr": "Le lun. 2 nov. 2026 à 09:00, Ana <support@dialogo.example> a écrit :",
    "gmail pt": "Em seg., 2 de nov. de 2026 às 09:00, Ana <support@dialogo.example> escreveu:",
    "gmail it": "Il giorno lun 2 nov 2026 alle ore 09:00 Ana <support@dialogo.example>\nha scritto:",
    "gmail nl": "Op ma 2 nov 2026 om 09:00 schreef Ana <support@dialogo.example>:",
    "gmail ca": "Missatge de Ana <support@dialogo.example> del dia dl., 2 de nov. 2026 a les 9:00:",
    "gmail ca wrapped": "Missatge de Ana <support@dialogo.example> del dia dl., 2 de nov. 2026 a\nles 9:00:",
    "gmail ja": "2026年11月2日(月) 9:00 Ana <support@dialogo.example>:",
    "yahoo mobile": "--- El mar, 3/11/26, Ana <support@dialogo.example> escribió:",
    "gmail old": "2026-11-03 10:18 GMT+01:00 Ana Núñez <support@dialogo.example>:",
    "gmail old wrapped": "2026-11-03 10:18 GMT+01:00 Ana Núñez de la Torre y Sanz\n<support@dialogo.example>:",
    "name first": "Ana Núñez <support@dialogo.example> escribió el mar, 3 nov 2026 10:22:",
    "evolution": "On Tue, 2026-11-03 at 18:02 +0530, Ana Núñez wrote:",
    "roundcube": "El 2026-11-03 10:22, Ana Núñez escribió:",
    "mutt": "* Ana Núñez [2026-11-02 09:00 +0100]:",
    "bare": "Ana Núñez escribió:",
    "outlook mac": 'On 2/11/26, 9:00, "Ana Núñez" <support@dialogo.example> wrote:',
    "zoho": "---- On Mon, 02 Nov 2026 09:00:12 +0100 Ana <support@dialogo.example> wrote ----",
    "gmx": "Gesendet: Montag, 02. November 2026 um 09:00 Uhr\nVon: Ana <support@dialogo.example>\nAn: marta@acme.example\nBetreff: Pedido",
}


@pytest.mark.parametrize("name", ATTRIBUTIONS)
def test_an_answer_above_the_quote_is_what_is_new(name: str) -> None:
    assert new_text(f"{ANSWER}\n\n{ATTRIBUTIONS[name]}\n\n{QUOTED}\n", "Re: Pedido") == ANSWER


BLOCKS = {
    "outlook es": "De: Ana Núñez <support@dialogo.example>\nEnviado el: lunes, 2 de noviembre de 2026 9:00\n"
    "Para: Marta García <marta@acme.example>\nAsunto: RE: Pedido 48213",
    "outlook es web": "________________________________\nDe: Ana Núñez <support@dialogo.example>\n"
    "Enviado: lunes, 2 de noviembre de 2026 9:00\nPara: marta@acme.example <marta@acme.example>\nAsunto: RE: Pedido",
    "outlook en": "From: Ana Núñez <support@dialogo.example>\nSent: Monday, November 2, 2026 9:00 AM\n"
    "To: Marta García <marta@acme.example>\nCc: Pepe <pepe@acme.example>\nSubject: RE: Pedido 48213",
    "outlook en stars": "*From:* Ana Núñez <support@dialogo.example>\n*Sent:* Monday, November 2, 2026 9:00 AM\n"
    "*To:* Marta García <marta@acme.example>\n*Subject:* RE: Pedido 48213",
    "outlook es original": "-----Mensaje original-----\nDe: Ana [mailto:support@dialogo.example] \n"
    "Enviado el: lunes, 2 de noviembre de 2026 9:00\nPara: Marta\nAsunto: Pedido",
    "outlook en original": "-----Original Message-----\nFrom: Ana [mailto:support@dialogo.example]\nSent: x\nTo: Marta",
    "outlook de": "Von: Ana <support@dialogo.example>\nGesendet: Montag, 2. November 2026 09:00\n"
    "An: Marta <marta@acme.example>\nBetreff: AW: Pedido",
    "outlook fr": "De : Ana <support@dialogo.example>\nEnvoyé : lundi 2 novembre 2026 09:00\n"
    "À : Marta <marta@acme.example>\nObjet : RE: Pedido",
    "outlook fi": "Lähettäjä: Ana <support@dialogo.example>\nLähetetty: maanantai 2. marraskuuta 2026 9.30\n"
    "Vastaanottaja: Marta\nAihe: Tilaus",
    "outlook ro": "De la: Ana <support@dialogo.example>\nTrimis: luni, 2 noiembrie 2026 09:30\nCătre: Marta\nSubiect: x",
    "outlook eu": "Nork: Ana <support@dialogo.example>\nBidaltze-data: astelehena, 2026(e)ko azaroak 2 9:30\nNori: Marta\nGaia: x",
    "outlook ko": "보낸 사람: Ana <support@dialogo.example>\n보낸 날짜: 2026년 11월 2일 오전 9:30\n받는 사람: Marta\n제목: 주문",
    "free.fr": "----- Mail original -----\nDe: Ana <support@dialogo.example>\nÀ: Marta\nEnvoyé: Lundi 2 Novembre 2026 09:30:00\nObjet: x",
    "unknown frame": "----- Alkuperäinen sähköposti -----\nVon: Ana <support@dialogo.example>\nAn: Marta\nBetreff: x",
    "t-online new": "-----Original-Nachricht-----\nBetreff: Auftrag\nDatum: 2026-11-02T09:30:00+0100\nVon: Ana <a@b.example>",
    "163": '在 2026-11-02 09:30:00，"Ana" <support@dialogo.example> 写道：',
    "groupwise": ">>> Ana Núñez <support@dialogo.example> 11/2/2026 9:30 AM >>>",
    "outlook it": "Da: Ana <support@dialogo.example>\nInviato: lunedì 2 novembre 2026 09:00\nA: Marta\nOggetto: R: Pedido",
    "outlook pt": "De: Ana <support@dialogo.example>\nEnviada em: segunda-feira, 2 de novembro de 2026 09:00\n"
    "Para: Marta\nAssunto: RES: Pedido",
    "outlook long to": "From: Ana <support@dialogo.example>\nSent: Monday, November 2, 2026 9:00 AM\nTo: "
    + "; ".join(f"Persona {n} <p{n}@acme.example>" for n in range(40))
    + "\nSubject: RE: Pedido",
    "mac": "From: Ana <support@dialogo.example>\nDate: Monday, 2 November 2026 at 09:00\nTo: Marta <m@acme.example>\nSubject: x",
    "t-online": "----- Original Nachricht ----\nVon: Ana <a@b.example>\nAn: Marta\nDatum: 30.05.2017 16:17\nBetreff: Pedido",
    "proton old": "‐‐‐‐‐‐‐ Original Message ‐‐‐‐‐‐‐\nOn Monday, November 2nd, 2026 at 9:00 AM, Ana <s@d.example> wrote:",
    "samsung": "-------- Mensaje original --------\nDe: Ana <support@dialogo.example>\nFecha: 2/11/26 9:00 (GMT+01:00)\n"
    "Para: marta@acme.example\nAsunto: Re: Pedido",
    "notes": "From:        Ana Núñez <support@dialogo.example>\nTo:        Marta/ACME@ACME\nDate:        02/11/2026 09:00\n"
    "Subject:        Re: Pedido\nSent by:        Luis\n________________________________",
    "notes bare": "Ana Núñez <support@dialogo.example> \n11/02/2026 09:00 AM\n\nTo\nMarta García/ACME/ES@ACME\ncc\n\n"
    "Subject\nRe: Pedido\n\n\n\n",
    "notes bare es": "Ana Núñez/DIALOGO/ES\n02/11/2026 09:00\n\nPara\nmarta@acme.example\ncc\nPepe Gil/ACME/ES@ACME\n"
    "Asunto\nRe: Pedido\n\n",
    "notes frame": "|---------+---------------------------->\n|         |           Ana Núñez        |\n"
    "|         |           <ana@d.example>  |\n|         |                            |\n"
    "|         |           02/11/2026 09:00 |\n|---------+---------------------------->\n"
    "  >------------------------------------------------------------------|\n"
    "  |       Para:    marta@acme.example                                |\n"
    "  |       cc:                                                        |\n"
    "  |       Asunto:  Re: Pedido                                        |\n"
    "  >------------------------------------------------------------------|",
    "notes columns": "                      Ana Núñez\n"
    "                      <ana@d.example>         To:       marta@acme.example\n"
    "                      02/11/2026 09:00        cc:\n"
    "                                              Subject:  Re: Pedido",
    "notes browser": "-----Ana Núñez/DIALOGO escribió: -----\nPara: marta@acme.example\nDe: Ana Núñez/DIALOGO\n"
    "Fecha: 02/11/2026 09:00\nAsunto: Re: Pedido",
    "above this line": "##- Por favor, escriba su respuesta por encima de esta línea -##\nSu solicitud fue actualizada.",
}


@pytest.mark.parametrize("name", BLOCKS)
def test_a_header_block_begins_the_quote(name: str) -> None:
    text = f"{ANSWER}\n\n{BLOCKS[name]}\n\nYa salió ayer.\n\nAna\n"
    assert new_text(text, "RE: Pedido") == ANSWER


@pytest.mark.parametrize(
    "name", ["yahoo es", "yahoo en", "gmail es", "gmail en wrapped", "thunderbird es", "gmail fr"]
)
def test_an_announcement_right_below_takes_no_line_of_the_answer(name: str) -> None:
    for quote in ("\n \n Ya salió ayer.\n", "\n> Ya salió ayer.\n"):
        assert (
            new_text(f"Le agradezco.\nGracias\n{ATTRIBUTIONS[name]}{quote}", "Re: x")
            == "Le agradezco.\nGracias"
        )


def test_interleaved_answers_stay_and_the_questions_go() -> None:
    text = (
        "Hola Ana,\n\nEl lun, 2 nov 2026 a las 9:00, Ana (<support@dialogo.example>) escribió:\n\n"
        "> ¿Qué talla?\n\nLa 42.\n\n> ¿Y el color?\n>\n\nAzul.\n\nGracias"
    )
    assert new_text(text, "Re: Pedido") == "Hola Ana,\n\nLa 42.\n\nAzul.\n\nGracias"


def test_an_answer_below_the_quote_stays() -> None:
    text = "On 02/11/2026 09:00, Ana wrote:\n> ¿Qué talla?\n> \n> Ana\n\nLa 42, por favor.\n\n-- \nMarta García\nAcme\n"
    assert new_text(text, "Re: Pedido") == "La 42, por favor."


@pytest.mark.parametrize(
    "footer",
    [
        "-- \nMarta García\nCompras, Acme\nTel. +34 600 000 000",
        "--\nMarta",
        "Enviado desde mi iPhone",
        "Sent from my iPhone",
        "Enviado desde mi Samsung Galaxy smartphone.",
        "Enviado desde Outlook para Android<https://aka.ms/x>",
        "Get Outlook for iOS<https://aka.ms/o0ukef>",
        "Obtener Outlook para iOS",
        "Sent from Yahoo Mail on Android",
        "Von meinem iPhone gesendet",
        "Enviado desde Correo para Windows",
        "Télécharger Outlook pour iOS",
        "Holen Sie sich Outlook für Android",
        "Verstuurd vanaf mijn iPhone",
        "Wysłane z iPhone'a",
        "Отправлено с iPhone",
        "Sent via Superhuman",
        "iPhoneから送信",
    ],
)
def test_signatures_and_telephone_footers_are_not_new(footer: str) -> None:
    assert new_text(f"Sigue sin llegar.\n\n{footer}\n") == "Sigue sin llegar."
    below = f"Sigue sin llegar.\n\n{footer}\n\nOn 02/11/2026 09:00, Ana wrote:\n> Ya salió.\n"
    assert new_text(below, "Re: x") == "Sigue sin llegar."


FORWARDS = {
    "gmail": "---------- Forwarded message ---------\nDe: Pepe <pepe@x.example>\nDate: lun, 2 nov 2026 a las 9:00\n"
    "Subject: Factura\nTo: Marta <marta@acme.example>\n\n\nAdjunto la factura.\n",
    "apple": "Inicio del mensaje reenviado:\n\nDe: Pepe <pepe@x.example>\nAsunto: Factura\nFecha: 2 nov 2026\n"
    "Para: Marta\n\nAdjunto la factura.\n",
    "thunderbird": "-------- Mensaje reenviado --------\nAsunto: \tFactura\nFecha: \t2 nov\nDe: \tPepe\nPara: \tMarta\n\n"
    "Adjunto la factura.\n",
    "outlook": "De: Pepe <pepe@x.example>\nEnviado el: lunes, 2 de noviembre de 2026 9:00\nPara: Marta\nAsunto: Factura\n\n"
    "Adjunto la factura.\n",
    "notes": "----- Reenviado por Marta/ACME con fecha 02/11/2026 09:00 -----\n\nPepe/X\n01/11/2026 08:00\n\nPara\nMarta\n"
    "Asunto\nFactura\n\nAdjunto la factura.\n",
    "outlook old": "-----Original Message-----\nFrom: Pepe\nSent: lunes\nTo: Marta\nSubject: Factura\n\nAdjunto la factura.\n",
}


@pytest.mark.parametrize("name", FORWARDS)
@pytest.mark.parametrize("comment", ["", "Mirad esto, por favor.\n\n"])
def test_what_is_forwarded_is_new_to_us(name: str, comment: str) -> None:
    found = new_text(comment + FORWARDS[name], "RV: Factura")
    assert "Adjunto la factura." in found
    assert comment.strip() in found


def test_a_text_that_is_nothing_but_a_quote_stays_whole() -> None:
    assert new_text("> hola\n> adiós") == "> hola\n> adiós"
    form = "De: Marta\nFecha: hoy\nPara: Soporte\nAsunto: Ayuda\n\nNo funciona."
    assert new_text(form, "Formulario") == form


@pytest.mark.parametrize(
    "text",
    [
        "El jefe me escribió:\nque lo mande ya.",
        "From here on: nothing.\nTo: be or not to be",
        "Lista:\n- uno\n- dos\n\nY esto es lo que mi padre escribió: nada.",
        "-- no es una firma\nsino una línea",
        "Precio > 100 y < 200\n\n>From Madrid to Barcelona\n\nfin",
        "Mi vuelo:\n02/11/2026 09:00\n\nPara\nMarta y los niños\n\nNecesito tres maletas.",
        "        Tabla de precios\n        02/11/2026 09:00    To: 3 €\n\nGracias",
        "----- Ana escribió: -----\nque sí, que viene.",
        "Marta García\n02/11/2026 09:00\nNo ha llegado nadie.\nAsunto cerrado.",
        "Os lo cuento otra vez.\nEnviado desde Madrid el lunes, el paquete 123.",
        "Hola:\n\nDe: Madrid\nA: Barcelona\n\nQuiero dos billetes.",
        "El viaje:\n\nDe: Madrid\nPara: Barcelona\nFecha: 3 de noviembre de 2026\n\n¿Es correcto?",
        "Nombre: Marta\nDe: Acme\nPara: Soporte\nFecha: 02/11/2026\nAsunto: Avería\n\nLa máquina no arranca.",
        "El 3 de noviembre de 2026 Marta me escribió:\nque no llegó. ¿Qué pasó?",
        "Hola,\n\nEl pasado 2/11/2026 a las 10:30 su compañera me escribió:\n\n«Le devolvemos el dinero»\n\n¿Cuándo?",
        "Lo he mirado.\nEnviado por correo ayer a las 10.",
        "No news.\nGet back to me by mail please.",
        "Yes.\nSent you a mail yesterday about it",
        "Enviado desde mi casa con cariño para todos vosotros, que ya era hora de que os llegase algo de mí después de "
        "tantos años sin saber nada y con tantas cosas que contaros de este viaje tan largo",
    ],
)
def test_ordinary_words_are_no_quote(text: str) -> None:
    assert new_text(text) == text


HTML = {
    "gmail": '<div dir="ltr">{answer}</div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">'
    "Em 2. marec 2026 Ana sanoi &lt;<a href='mailto:x@y'>x@y</a>&gt;<br></div><blockquote class='gmail_quote' "
    'style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);padding-left:1ex">{quoted}</blockquote></div>',
    "outlook desktop": '<div class="WordSection1"><p class="MsoNormal">{answer}<o:p></o:p></p><div><div style="border:none;'
    'border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p class="MsoNormal"><b>Lähettäjä:</b> Ana<br><b>Kohde:</b> x</p>'
    "</div></div><p>{quoted}</p></div>",
    "outlook web": '<div>{answer}</div><div id="appendonsend"></div><hr style="display:inline-block;width:98%" tabindex="-1">'
    '<div id="divRplyFwdMsg" dir="ltr"><font><b>De:</b> Ana<br><b>Enviado:</b> lunes<br></font></div><div>{quoted}</div>',
    "outlook mobile": '<div>{answer}</div><div id="mail-editor-reference-message-container"><div>Von: Ana</div>{quoted}</div>',
    "apple": "<div>{answer}</div><div><br><blockquote type='cite'><div>On 2 Nov 2026, at 09:00, Ana wrote:</div>{quoted}"
    "</blockquote></div>",
    "thunderbird": '<p>{answer}</p><div class="moz-cite-prefix">Ana skribis je 2026-11-02:<br></div>'
    '<blockquote type="cite" cite="mid:x">{quoted}</blockquote>',
    "roundcube": '<p>{answer}</p><p id="reply-intro">Ana, 2026-11-02</p><blockquote type="cite">{quoted}</blockquote>',
    "mailspring": '<div>{answer}</div><div class="gmail_quote_attribution">Ana, Nov 2:</div><div>{quoted}</div>',
    "yahoo": '<div>{answer}</div><div id="ydp1yahoo_quoted_1" class="ydp1yahoo_quoted yahoo_quoted"><div>El lunes, Ana:</div>'
    "<div>{quoted}</div></div>",
    "proton": '<div>{answer}</div><div class="protonmail_quote">Ana:<br><blockquote class="protonmail_quote" type="cite">{quoted}'
    "</blockquote></div>",
    "zimbra": '<div>{answer}</div><hr id="zwchr" data-marker="__DIVIDER__"><div data-marker="__HEADERS__"><b>De: </b>Ana</div>'
    "<div>{quoted}</div>",
}


@pytest.mark.parametrize("name", HTML)
def test_html_shows_where_the_quote_begins_in_any_language(name: str) -> None:
    page = HTML[name].format(answer="Sigue sin <b>llegar</b>.", quoted="<p>Ya salió ayer.</p><p>Ana</p>")
    lines = to_lines(f"<html><body>{page}</body></html>")
    assert new_text(lines.text, "Re: Pedido", lines.cuts, lines.intros) == "Sigue sin llegar."
    assert "Ya salió ayer." in lines.text


@pytest.mark.parametrize("mark", ["moz-cite-prefix", "gmail_attr"])
def test_an_answer_below_a_quote_that_html_announces_stays(mark: str) -> None:
    page = (
        f'<div class="{mark}">Ana skribis je 2026-11-02:<br></div><blockquote type="cite"><p>¿Talla?</p></blockquote>'
        "<p>La 42.</p><blockquote type='cite'><p>¿Color?</p></blockquote><p>Azul.</p>"
    )
    lines = to_lines(page)
    assert new_text(lines.text, "Re: Pedido", lines.cuts, lines.intros) == "La 42.\n\nAzul."


def test_what_pgp_puts_around_a_signed_text_is_not_new() -> None:
    signed = (
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nConfirmo el pedido.\n\n- - cinco cajas\n\n- -- \nMarta\n"
        "-----BEGIN PGP SIGNATURE-----\n\niQIzBAEB\n=abcd\n-----END PGP SIGNATURE-----\n"
    )
    assert new_text(signed) == "Confirmo el pedido.\n\n- cinco cajas"
    assert new_text(signed.replace("END PGP", "THE END")).startswith("Confirmo")
    assert new_text(signed.replace("SIGNATURE", "X")).startswith("-----BEGIN PGP SIGNED")
