"""Mails as real programs in many countries write them, each with what a careful reader finds in it."""

# ruff: noqa: E501 — mails are data
from __future__ import annotations

import base64
import quopri
import struct
from collections.abc import Callable
from dataclasses import dataclass

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n%%EOF\n"


@dataclass(frozen=True)
class Case:
    """One mail and what it says. `files`: (name, type, content, inline) in order; None means not looked at."""

    raw: bytes
    sender: tuple[str, str] = ("marta@acme.example", "Marta García")
    subject: str = "Re: Pedido 48213"
    new_text: str | None = None
    text_has: tuple[str, ...] = ()
    files: tuple[tuple[str, str, bytes, bool], ...] | None = ()


CASES: dict[str, Callable[[], Case]] = {}


def case(make: Callable[[], Case]) -> Callable[[], Case]:
    CASES[make.__name__] = make
    return make


def b64(content: bytes) -> bytes:
    return base64.encodebytes(content).replace(b"\n", b"\r\n")


def qp(text: str, charset: str = "utf-8") -> bytes:
    return quopri.encodestring(text.encode(charset)).replace(b"\n", b"\r\n")


def head(
    sender: str = "=?UTF-8?Q?Marta_Garc=C3=ADa?= <marta@acme.example>",
    subject: str = "Re: Pedido 48213",
    more: str = "",
) -> bytes:
    text = (
        "Return-Path: <marta@acme.example>\nDelivered-To: support@dialogo.example\n"
        "Received: from mx.acme.example (mx.acme.example [192.0.2.1])\n\tby in.dialogo.example; Tue, 3 Nov 2026 10:22:12 +0100\n"
        f"From: {sender}\nTo: Soporte <support@dialogo.example>\nSubject: {subject}\n"
        "Date: Tue, 3 Nov 2026 10:22:11 +0100\nMessage-ID: <CAF1=x@mail.acme.example>\n"
        f"In-Reply-To: <7.9.ab@dialogo.example>\nReferences: <7.9.ab@dialogo.example>\nMIME-Version: 1.0\n{more}"
    )
    return text.replace("\n", "\r\n").encode("utf-8", "surrogateescape")


def part(headers: str, body: bytes) -> bytes:
    return headers.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body


def multi(kind: str, boundary: str, *parts: bytes, extra: str = "") -> bytes:
    mark = boundary.encode()
    start = f'Content-Type: multipart/{kind}; {extra}boundary="{boundary}"\r\n\r\n'.encode()
    return (
        start + b"".join(b"--" + mark + b"\r\n" + each + b"\r\n" for each in parts) + b"--" + mark + b"--\r\n"
    )


UTF8_QP = 'Content-Type: text/plain; charset="UTF-8"\nContent-Transfer-Encoding: quoted-printable'
HTML_QP = 'Content-Type: text/html; charset="UTF-8"\nContent-Transfer-Encoding: quoted-printable'
ANSWER = "Sigue sin llegar, ¿qué pasó?\n\nMarta"


@case
def gmail() -> Case:
    text = (
        ANSWER
        + "\n\nEl lun, 2 nov 2026 a las 9:00, Ana Núñez (<support@dialogo.example>)\nescribió:\n\n> Ya salió.\n>\n"
    )
    html = f'<div dir="ltr">{ANSWER}</div><div class="gmail_quote"><blockquote class="gmail_quote">Ya salió</blockquote></div>'
    return Case(
        head() + multi("alternative", "000000000000b1", part(UTF8_QP, qp(text)), part(HTML_QP, qp(html))),
        new_text=ANSWER,
    )


@case
def gmail_with_inline_image_and_file() -> Case:
    html = '<div dir="ltr">Mirad la foto:<br><img src="cid:ii_mh1" alt="foto.png" width="100"></div>'
    body = multi(
        "mixed", "m1",
        multi(
            "related", "r1",
            multi("alternative", "a1", part(UTF8_QP, qp("Mirad la foto:\n[image: foto.png]\n")), part(HTML_QP, qp(html))),
            part(
                'Content-Type: image/png; name="foto.png"\nContent-Disposition: inline; filename="foto.png"\n'
                "Content-Transfer-Encoding: base64\nX-Attachment-Id: ii_mh1\nContent-ID: <ii_mh1>", b64(PNG)
            ),
        ),
        part(
            'Content-Type: application/pdf; name="Factura año.pdf"\nContent-Disposition: attachment; '
            "filename*=UTF-8''Factura%20a%C3%B1o.pdf\nContent-Transfer-Encoding: base64\nContent-ID: <f_mh2>", b64(PDF)
        ),
    )  # fmt: skip
    return Case(
        head() + body,
        new_text="Mirad la foto:\n[image: foto.png]",
        files=(("foto.png", "image/png", PNG, True), ("Factura año.pdf", "application/pdf", PDF, False)),
    )


@case
def gmail_forward() -> Case:
    text = (
        "Mirad esto\n\n---------- Forwarded message ---------\nDe: Pepe <pepe@x.example>\nDate: lun, 2 nov 2026 a las 9:00\n"
        "Subject: Factura\nTo: <marta@acme.example>\n\n\nAdjunto la factura.\n"
    )
    return Case(
        head(subject="Fwd: Factura") + part(UTF8_QP, qp(text)),
        subject="Fwd: Factura",
        text_has=("Adjunto la factura.",),
    )


@case
def outlook_365() -> Case:
    text = (
        ANSWER + "\r\n\r\n________________________________\r\nDe: Ana Núñez <support@dialogo.example>\r\n"
        "Enviado: lunes, 2 de noviembre de 2026 9:00\r\nPara: Marta <marta@acme.example>\r\nAsunto: Pedido 48213\r\n\r\nYa salió.\r\n"
    )
    html = (
        f'<html><body><div>{ANSWER}</div><div id="divRplyFwdMsg"><b>De:</b> Ana</div>Ya salió.</body></html>'
    )
    plain = 'Content-Type: text/plain; charset="iso-8859-1"\nContent-Transfer-Encoding: quoted-printable'
    page = 'Content-Type: text/html; charset="iso-8859-1"\nContent-Transfer-Encoding: quoted-printable'
    more = "Thread-Topic: Pedido 48213\nThread-Index: AdpX\nAccept-Language: es-ES\nContent-Language: es-ES\n"
    body = multi(
        "alternative", "_000_DB9PR01MB", part(plain, qp(text, "cp1252")), part(page, qp(html, "cp1252"))
    )
    return Case(
        head(sender="=?iso-8859-1?Q?Marta_Garc=EDa?= <Marta@ACME.example>", more=more) + body, new_text=ANSWER
    )


@case
def outlook_desktop_html_only() -> Case:
    html = (
        '<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style><!-- p.MsoNormal {margin:0cm} --></style></head>'
        '<body lang="ES"><div class="WordSection1"><p class="MsoNormal">Sigue sin llegar, ¿qué pasó?<o:p></o:p></p>'
        '<p class="MsoNormal"><o:p>&nbsp;</o:p></p><p class="MsoNormal">Marta<o:p></o:p></p>'
        '<div><div style="border:none;border-top:solid #B5C4DF 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p class="MsoNormal"><b>De:</b> Ana'
        "<br><b>Enviado el:</b> lunes<br><b>Para:</b> Marta<br><b>Asunto:</b> Pedido<o:p></o:p></p></div></div><p>Ya salió.</p></div>"
    )
    return Case(head() + part(HTML_QP, qp(html)), new_text=ANSWER, text_has=("Ya salió.",))


@case
def apple_mail() -> Case:
    text = (
        ANSWER + "\n\n> El 2 nov 2026, a las 9:00, Ana <support@dialogo.example> escribió:\n> \n> Ya salió.\n"
    )
    plain = "Content-Transfer-Encoding: quoted-printable\nContent-Type: text/plain;\n\tcharset=utf-8"
    return Case(head(more="X-Mailer: Apple Mail (2.3774)\n") + part(plain, qp(text)), new_text=ANSWER)


@case
def apple_mail_with_pdf_between_texts() -> Case:
    html = "Content-Type: text/html;\n\tcharset=us-ascii\nContent-Transfer-Encoding: 7bit"
    pdf = (
        'Content-Disposition: inline;\n\tfilename=oferta.pdf\nContent-Type: application/pdf;\n\tx-unix-mode=0644;\n\tname="oferta.pdf"\n'
        "Content-Transfer-Encoding: base64"
    )
    plain = part(
        "Content-Type: text/plain;\n\tcharset=us-ascii\nContent-Transfer-Encoding: 7bit",
        b"Antes\r\n\r\n\r\nDespues\r\n",
    )
    rich = multi("mixed", "Apple-Mail-2", part(html, b"<html><body>Antes<br></body></html>"), part(pdf, b64(PDF)),
                 part(html, b"<html><body><br>Despues</body></html>"))  # fmt: skip
    return Case(
        head() + multi("alternative", "Apple-Mail-1", plain, rich),
        new_text="Antes\n\n\nDespues",
        files=(("oferta.pdf", "application/pdf", PDF, False),),
    )


@case
def apple_mail_plain_with_photo() -> Case:
    text = "Content-Type: text/plain;\n\tcharset=us-ascii\nContent-Transfer-Encoding: 7bit"
    photo = (
        "Content-Disposition: inline;\n\tfilename=IMG_0001.png\nContent-Type: image/png;\n\tname=IMG_0001.png\n"
        "Content-Transfer-Encoding: base64"
    )
    return Case(
        head()
        + multi(
            "mixed",
            "Apple-Mail-3",
            part(text, b"Foto:\r\n"),
            part(photo, b64(PNG)),
            part(text, b"\r\n\r\nEnviado desde mi iPhone"),
        ),
        new_text="Foto:",
        files=(("IMG_0001.png", "image/png", PNG, True),),
    )


@case
def thunderbird_flowed() -> Case:
    text = (
        b"Una frase larga que sigue en la \r\nsiguiente linea sin parar.\r\n\r\nOtra.\r\n\r\n"
        b"El 02/11/2026 a las 9:00, Ana escribi\xc3\xb3:\r\n> Texto citado que sigue \r\n> en otra.\r\n"
    )
    kind = "Content-Type: text/plain; charset=UTF-8; format=flowed\nContent-Transfer-Encoding: 8bit"
    return Case(head(more="User-Agent: Mozilla Thunderbird\n") + part(kind, text),
                new_text="Una frase larga que sigue en la siguiente linea sin parar.\n\nOtra.",
                text_has=("> Texto citado que sigue en otra.",))  # fmt: skip


@case
def yahoo() -> Case:
    text = (
        ANSWER
        + "\n\n    El lunes, 2 de noviembre de 2026, 09:00:12 CET, Ana <support@dialogo.example> escribió:  \n \n Ya salió.\n  "
    )
    plain = "Content-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: base64"
    return Case(head() + part(plain, b64(text.encode())), new_text=ANSWER)


@case
def lotus_notes() -> Case:
    name = (
        "=?ISO-8859-1?Q?Pliego_de_condiciones_t=E9cnicas_y_administrativas?=\n =?ISO-8859-1?Q?_2026=2Edoc?="
    )
    file = f'Content-type: application/msword; \n\tname="{name}"\nContent-Disposition: attachment; filename="{name}"\nContent-transfer-encoding: base64'
    text = "Content-type: text/plain; charset=ISO-8859-1\nContent-transfer-encoding: quoted-printable"
    return Case(
        head(sender='"Marta =?ISO-8859-1?Q?Garc=EDa?=" <marta@acme.example>')
        + multi("mixed", "0__=4E", part(text, qp("Ahí va el pliego.", "latin-1")), part(file, b64(b"doc"))),
        new_text="Ahí va el pliego.",
        files=(
            (
                "Pliego de condiciones técnicas y administrativas 2026.doc",
                "application/msword",
                b"doc",
                False,
            ),
        ),
    )


@case
def mailing_list_footer() -> Case:
    text = part(
        "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit", "¿Alguien sabe?".encode()
    )
    footer = part(
        "Content-Type: text/plain; charset=us-ascii\nContent-Disposition: inline",
        b"____\r\nlista mailing list\r\n",
    )
    return Case(head(more="List-Id: <lista.acme.example>\nPrecedence: list\n") + multi("mixed", "==1==", text, footer),
                text_has=("¿Alguien sabe?", "lista mailing list"))  # fmt: skip


@case
def signed_pgp() -> Case:
    text = part("Content-Type: text/plain; charset=utf-8", "Firmado, ¿ves?".encode())
    seal = part(
        'Content-Type: application/pgp-signature; name="signature.asc"', b"-----BEGIN PGP SIGNATURE-----\r\n"
    )
    return Case(head() + multi("signed", "s1", text, seal, extra='micalg=pgp-sha256; protocol="application/pgp-signature"; '),
                new_text="Firmado, ¿ves?", files=None)  # fmt: skip


@case
def forwarded_as_attachment() -> Case:
    inner = (
        b"From: Pepe <pepe@x.example>\r\nTo: marta@acme.example\r\nSubject: =?utf-8?q?Factura_a=C3=B1o?=\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: multipart/mixed; boundary=in\r\n\r\n--in\r\n\r\nTexto interior.\r\n--in\r\n"
        b"Content-Type: application/pdf; name=inner.pdf\r\n\r\nx\r\n--in--\r\n"
    )
    body = multi(
        "mixed",
        "out",
        part(UTF8_QP, qp("Mirad el adjunto")),
        part("Content-Type: message/rfc822\nContent-Disposition: attachment", inner),
    )
    return Case(head() + body, new_text="Mirad el adjunto", text_has=("Mirad el adjunto", "Texto interior."),
                files=(("Factura año.eml", "message/rfc822", inner, False),))  # fmt: skip


def _charset(name: str, label: str, text: str, codec: str, subject: str) -> None:
    def make() -> Case:
        word = base64.b64encode(subject.encode(codec)).decode()
        kind = f"Content-Type: text/plain; charset={label}\nContent-Transfer-Encoding: base64"
        return Case(
            head(subject=f"=?{label}?B?{word}?=") + part(kind, b64(text.encode(codec))),
            subject=subject,
            new_text=text,
        )

    make.__name__ = name
    case(make)


JA = "お世話になっております。注文はいつ届きますか。よろしくお願いします。"
ZH = "您好，我的订单什么时候能到？谢谢。"
RU = "Здравствуйте, когда придёт мой заказ? Спасибо."
for _name, _label, _text, _codec, _subject in (
    ("japanese_jis", "ISO-2022-JP", JA, "iso2022_jp", "注文について"),
    ("japanese_sjis", "Shift_JIS", JA, "cp932", "注文①について"),
    ("japanese_euc", "EUC-JP", JA, "euc_jp", "注文について"),
    ("chinese_gb18030", "gb18030", ZH + "镕", "gb18030", "订单"),
    ("chinese_gb2312_that_is_gbk", "gb2312", "朱镕基先生：" + ZH, "gbk", "朱镕基"),
    ("chinese_big5", "big5", "您好，我的訂單什麼時候到？", "big5", "訂單問題"),
    ("korean", "ks_c_5601-1987", "안녕하세요, 주문은 언제 도착하나요?", "cp949", "주문 문의"),
    ("russian_koi8", "koi8-r", RU, "koi8_r", "Заказ"),
    ("russian_1251", "windows-1251", RU, "cp1251", "Заказ"),
    ("greek", "iso-8859-7", "Πότε θα έρθει η παραγγελία μου;", "iso8859_7", "Παραγγελία"),
    ("hebrew", "windows-1255", "שלום, מתי תגיע ההזמנה?", "cp1255", "הזמנה"),
    ("arabic", "windows-1256", "متى يصل طلبي؟", "cp1256", "طلب"),
    ("polish", "iso-8859-2", "Gdzie jest moje zamówienie? Dziękuję, łączę", "iso8859_2", "Zamówienie"),
    ("turkish", "iso-8859-9", "Siparişim ne zaman gelecek?", "iso8859_9", "Sipariş"),
    ("spanish_latin9", "iso-8859-15", "Son 50 € más, señor", "iso8859_15", "Son 50 €"),
    ("euro_in_latin1", "iso-8859-1", "Son 50 € – “ya” está", "cp1252", "Son 50 €"),
    ("utf8_called_latin1", "iso-8859-1", "¿Qué pasó, señor?", "utf-8", "¿Qué pasó?"),
    ("utf8_called_ascii", "us-ascii", "¿Qué pasó, señor?", "utf-8", "¿Qué pasó?"),
    ("utf8_called_koi8", "koi8-r", RU, "utf-8", "Заказ"),
    ("utf8_called_gb2312", "gb2312", ZH, "utf-8", "我的订单什么时候能到"),
    ("latin1_called_utf8", "utf-8", "¿Qué pasó, señor? Mañana más", "cp1252", "¿Qué pasó?"),
    ("latin1_called_ascii", "us-ascii", "¿Qué pasó, señor?", "cp1252", "¿Qué pasó?"),
    ("latin1_called_nonsense", "x-unknown", "¿Qué pasó, señor?", "cp1252", "¿Qué pasó?"),
    ("utf16", "utf-16", "¿Qué pasó, señor?", "utf-16", "¿Qué pasó?"),
    ("utf7", "utf-7", "¿Qué pasó, señor?", "utf-7", "¿Qué pasó?"),
):
    _charset(_name, _label, _text, _codec, _subject)


@case
def no_charset_at_all() -> Case:
    return Case(
        head() + part("Content-Type: text/plain", "Mañana llamaré al señor".encode("cp1252")),
        new_text="Mañana llamaré al señor",
    )


@case
def raw_utf8_headers() -> Case:
    return Case(
        head(sender="Marta García <marta@acme.example>", subject="¿Cuándo llegará?") + part("Content-Type: text/plain; charset=utf-8", b"hola"),
        subject="¿Cuándo llegará?", new_text="hola",
    )  # fmt: skip


@case
def raw_latin1_headers() -> Case:
    raw = (
        head(sender="Marta García <marta@acme.example>", subject="¿Cuándo llegará?").decode().encode("cp1252")
    )
    return Case(raw + b"\r\nhola", subject="¿Cuándo llegará?", new_text="hola")


@case
def word_split_inside_a_letter() -> Case:
    data = "¿Cuándo llegará el pedido?".encode()
    first, second = base64.b64encode(data[:1]).decode(), base64.b64encode(data[1:]).decode()
    return Case(
        head(subject=f"=?utf-8?B?{first}?=\n =?utf-8?B?{second}?=") + b"\r\nhola",
        subject="¿Cuándo llegará el pedido?",
        new_text="hola",
    )


@case
def words_in_quotes_and_with_spaces() -> Case:
    return Case(
        head(sender='"=?utf-8?Q?Garc=C3=ADa=2C_Marta?=" <marta@acme.example>', subject="=?utf-8?Q?¿Qué pasó con 48213??= ya") + b"\r\nhola",
        sender=("marta@acme.example", "García, Marta"), subject="¿Qué pasó con 48213? ya", new_text="hola",
    )  # fmt: skip


@case
def name_with_forgotten_quotes() -> Case:
    return Case(
        head(sender="García, Marta <marta@acme.example>") + b"\r\nhola",
        sender=("marta@acme.example", "García, Marta"),
        new_text="hola",
    )


@case
def address_then_comment() -> Case:
    return Case(head(sender="marta@acme.example (Marta García)") + b"\r\nhola", new_text="hola")


@case
def bare_address_twice() -> Case:
    return Case(
        head(sender='"marta@acme.example" <marta@acme.example>') + b"\r\nhola",
        sender=("marta@acme.example", ""),
        new_text="hola",
    )


@case
def whole_from_encoded() -> Case:
    word = base64.b64encode("Marta García <marta@acme.example>".encode()).decode()
    return Case(head(sender=f"=?utf-8?B?{word}?=") + b"\r\nhola", new_text="hola")


@case
def rfc2231_in_pieces() -> Case:
    kind = (
        "Content-Type: application/pdf;\n name*0*=utf-8''Informe%20de%20;\n name*1*=compa%C3%B1%C3;\n name*2*=%ADa;\n name*3=.pdf\n"
        "Content-Disposition: attachment\nContent-Transfer-Encoding: base64"
    )
    return Case(head() + multi("mixed", "b", part(UTF8_QP, b"va"), part(kind, b64(PDF))), new_text="va",
                files=(("Informe de compañía.pdf", "application/pdf", PDF, False),))  # fmt: skip


@case
def file_name_raw_8bit_without_quotes() -> Case:
    kind = "Content-Type: application/pdf\nContent-Disposition: attachment; filename=Informe año 2026.pdf\nContent-Transfer-Encoding: base64"
    return Case(head() + multi("mixed", "b", part(UTF8_QP, b"va"), part(kind, b64(PDF))), new_text="va",
                files=(("Informe año 2026.pdf", "application/pdf", PDF, False),))  # fmt: skip


@case
def windows_path_as_file_name() -> Case:
    kind = (
        r'Content-Type: application/pdf; name="C:\Users\Marta\factura.pdf"'
        + "\nContent-Transfer-Encoding: base64"
    )
    return Case(head() + multi("mixed", "b", part(UTF8_QP, b"va"), part(kind, b64(PDF))), new_text="va",
                files=(("factura.pdf", "application/pdf", PDF, False),))  # fmt: skip


@case
def end_boundary_missing() -> Case:
    body = multi(
        "mixed",
        "b",
        part(UTF8_QP, b"va"),
        part("Content-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64", b64(PDF)),
    )
    return Case(
        head() + body.removesuffix(b"--b--\r\n"),
        new_text="va",
        files=(("a.pdf", "application/pdf", PDF, False),),
    )


@case
def boundary_not_declared() -> Case:
    body = multi(
        "mixed",
        "b",
        part(UTF8_QP, b"va"),
        part("Content-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64", b64(PDF)),
    )
    return Case(
        head() + body.replace(b'; boundary="b"', b""),
        new_text="va",
        files=(("a.pdf", "application/pdf", PDF, False),),
    )


@case
def boundary_never_comes() -> Case:
    return Case(
        head() + b'Content-Type: multipart/mixed; boundary="nope"\r\n\r\nSolo texto.\r\n',
        new_text="Solo texto.",
    )


@case
def only_line_feeds() -> Case:
    body = multi(
        "mixed", "b", part(UTF8_QP, qp("¿va?")), part("Content-Type: text/plain; name=a.txt", b"x\r\ny")
    )
    return Case(
        (head() + body).replace(b"\r\n", b"\n"),
        new_text="¿va?",
        files=(("a.txt", "text/plain", b"x\ny", False),),
    )


@case
def only_carriage_returns() -> Case:
    return Case((head() + b"\r\nhola\r\nadios\r\n").replace(b"\r\n", b"\r"), new_text="hola\nadios")


@case
def base64_with_footer() -> Case:
    kind = "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64"
    return Case(
        head() + part(kind, b64("¿Qué tal?".encode()) + b"\r\n____\r\nscanned by Antivirus!\r\n"),
        new_text="¿Qué tal?",
    )


@case
def base64_without_padding() -> Case:
    kind = "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64"
    return Case(
        head() + part(kind, base64.b64encode("¿Qué tal, Ana".encode()).rstrip(b"=")), new_text="¿Qué tal, Ana"
    )


@case
def broken_quoted_printable() -> Case:
    kind = "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable"
    return Case(head() + part(kind, b"100=25 seguro =ZZ y =C3=B1, fin="), new_text="100% seguro =ZZ y ñ, fin")


@case
def stub_text_beside_html() -> Case:
    stub = part(UTF8_QP, b"This message is in HTML format, which your program cannot display.")
    return Case(
        head() + multi("alternative", "b", stub, part(HTML_QP, qp("<p>Hola, <b>Ana</b></p>"))),
        new_text="Hola, Ana",
    )


@case
def empty_text_beside_html() -> Case:
    return Case(
        head()
        + multi("alternative", "b", part(UTF8_QP, b"\r\n"), part(HTML_QP, qp("<p>Hola &amp; adiós</p>"))),
        new_text="Hola & adiós",
    )


@case
def html_charset_only_in_meta() -> Case:
    html = '<html><head><meta http-equiv="Content-Type" content="text/html; charset=koi8-r"></head><body>Когда придёт заказ?</body></html>'
    return Case(
        head() + part("Content-Type: text/html", html.encode("koi8_r")), new_text="Когда придёт заказ?"
    )


@case
def invitation() -> Case:
    ics = (
        "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nSUMMARY:Visita\\, obra nueva\r\nDTSTART;TZID=Europe/Madrid:20261125T100000\r\n"
        "DTEND;TZID=Europe/Madrid:20261125T113000\r\nLOCATION:Calle Mayor 1\r\nORGANIZER;CN=Marta García:mailto:marta@acme.example\r\n"
        'ATTENDEE;CN="Ana";PARTSTAT=ACCEPTED:mailto:ana@dialogo.example\r\nBEGIN:VALARM\r\nDESCRIPTION:no\r\nEND:VALARM\r\nEND:VEVENT\r\n'
        "END:VCALENDAR\r\n"
    ).encode()
    body = multi(
        "alternative", "b", part(UTF8_QP, qp("Nos vemos")), part(HTML_QP, qp("<p>Nos vemos</p>")),
        part("Content-Type: text/calendar; charset=UTF-8; method=REQUEST\nContent-Transfer-Encoding: base64", b64(ics)),
    )  # fmt: skip
    return Case(
        head() + body,
        text_has=(
            "Nos vemos",
            "Visita, obra nueva",
            "2026-11-25 10:00–11:30 (Europe/Madrid)",
            "Calle Mayor 1",
            "ana@dialogo.example",
        ),
        files=(("invite.ics", "text/calendar", ics, False),),
    )


def _tnef(*attributes: tuple[int, bytes]) -> bytes:
    data = struct.pack("<IH", 0x223E9F78, 1)
    for name, value in attributes:
        data += struct.pack("<BII", 1, name, len(value)) + value + struct.pack("<H", sum(value) & 0xFFFF)
    return data


def _prop(kind: int, name: int, value: bytes) -> bytes:
    return struct.pack("<HHII", kind, name, 1, len(value)) + value + b"\0" * (-len(value) % 4)


@case
def winmail() -> Case:
    message = struct.pack("<I", 1) + _prop(0x1F, 0x1000, "Texto dentro, ¿ves?\r\n\0".encode("utf-16-le"))
    file = (
        struct.pack("<I", 2)
        + _prop(0x1F, 0x3707, "Factura año.pdf\0".encode("utf-16-le"))
        + _prop(0x1E, 0x370E, b"application/pdf\0")
    )
    data = _tnef(
        (0x00069003, message),
        (0x00069002, b"\0" * 14),
        (0x00018010, b"FACTUR~1.PDF\0"),
        (0x0006800F, PDF),
        (0x00069005, file),
    )
    tnef = part(
        'Content-Type: application/ms-tnef; name="winmail.dat"\nContent-Transfer-Encoding: base64', b64(data)
    )
    return Case(head() + multi("mixed", "b", part(UTF8_QP, b"\r\n"), tnef), new_text="Texto dentro, ¿ves?",
                files=(("Factura año.pdf", "application/pdf", PDF, False),))  # fmt: skip


@case
def uuencoded_in_the_text() -> Case:
    import binascii

    lines = b"".join(binascii.b2a_uu(PDF[n : n + 45]) for n in range(0, len(PDF), 45))
    return Case(head() + b"\r\nAhi va\r\n\r\nbegin 644 oferta.pdf\r\n" + lines.replace(b"\n", b"\r\n") + b"`\r\nend\r\n",
                new_text="Ahi va", files=(("oferta.pdf", "application/pdf", PDF, False),))  # fmt: skip


@case
def one_file_and_no_text() -> Case:
    kind = "Content-Type: application/pdf; name=a.pdf\nContent-Disposition: attachment; filename=a.pdf\nContent-Transfer-Encoding: base64"
    return Case(head() + part(kind, b64(PDF)), new_text="", files=(("a.pdf", "application/pdf", PDF, False),))


@case
def header_line_that_lost_its_indentation() -> Case:
    raw = head(subject="Re: Pedido\nque sigue aquí", sender="Marta García <marta@acme.example>")
    return Case(raw + b"\r\nhola", subject="Re: Pedido que sigue aquí", new_text="hola")


@case
def mbox_line_first() -> Case:
    return Case(
        b"From marta@acme.example Tue Nov  3 10:22:12 2026\r\n" + head() + b"\r\nhola", new_text="hola"
    )


@case
def amp_newsletter() -> Case:
    amp = part("Content-Type: text/x-amp-html; charset=utf-8", b"<!doctype html><html amp4email></html>")
    return Case(
        head() + multi("alternative", "b", part(UTF8_QP, b"hola"), amp, part(HTML_QP, b"<p>hola</p>")),
        new_text="hola",
    )


@case
def content_id_without_reference_is_a_file() -> Case:
    kind = "Content-Type: image/png; name=scan.png\nContent-Disposition: attachment; filename=scan.png\nContent-ID: <x1>\nContent-Transfer-Encoding: base64"
    return Case(head() + multi("mixed", "b", part(HTML_QP, b"<p>hola</p>"), part(kind, b64(PNG))), new_text="hola",
                files=(("scan.png", "image/png", PNG, False),))  # fmt: skip


@case
def page_after_plain_texts() -> Case:
    inner = multi("mixed", "b", part(UTF8_QP, b"uno"), part(UTF8_QP, b"dos"))
    return Case(
        head() + multi("mixed", "a", inner, part(HTML_QP, b"<p>tres</p>")), new_text="uno\n\ndos\n\ntres"
    )


@case
def pictures_before_the_page() -> Case:
    picture = part(
        "Content-Type: image/png; name=a.png\nContent-ID: <i1>\nContent-Transfer-Encoding: base64", b64(PNG)
    )
    body = multi("related", "b", picture, part(HTML_QP, b"<p>hola <img src=3D'cid:i1'></p>"))
    return Case(head() + body, new_text="hola", files=(("a.png", "image/png", PNG, True),))
