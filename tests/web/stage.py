"""A small stage for the browser tests: the real templates and kernel over made-up data, without a database.

`Stage` remembers what the browser asked for (`seen`), can be told to answer differently (`late`, `delay`),
and pushes frames to the open sockets (`push`). Run it by hand: `python -m tests.web.stage` on 127.0.0.1:8099.
"""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from aiohttp import WSMsgType, web

from hub.web.assets import serve
from hub.web.render import page, partial
from hub.web.views import (
    Attachment,
    Candidate,
    Card,
    CardFact,
    ChannelMark,
    Choice,
    Composer,
    ContactAddress,
    Decision,
    Delivery,
    DemoRole,
    Draft,
    ErrorPage,
    FirstRunPage,
    Found,
    Head,
    InboxPage,
    Line,
    ListPane,
    ListView,
    LoginPage,
    Looked,
    Me,
    Message,
    MessageView,
    Named,
    Past,
    Person,
    Row,
    RowView,
    RuleRow,
    Scope,
    SearchPage,
    Shell,
    ThreadPane,
    ThreadView,
    WhyPage,
)

NOW = datetime.now(UTC).replace(microsecond=0)
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "frame-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types dialogo"
)
MAIL = ChannelMark(icon="mail", colour="blue", name="Correo de atención")
CHAT = ChannelMark(icon="message-circle", colour="green", name="WhatsApp")
TEXT = ChannelMark(icon="message-square", colour="teal", name="SMS")
CALL = ChannelMark(icon="phone", colour="violet", name="Centralita")
WEB = ChannelMark(icon="globe", colour="orange", name="Chat de la web")
FAX = ChannelMark(icon="printer", colour="grey", name="Fax")
ANA, LUIS, LOLA = (
    Person(id=1, name="Ana García"),
    Person(id=2, name="Luis Mora"),
    Person(id=3, name="Lola Prat"),
)
ACME = Named(id=1, name="Acme Industrial")
PEOPLE = [
    (
        "Marta Ruiz",
        "Pedido 48213 sin entregar",
        "¿Sabéis algo del paquete? Lleva dos días parado.",
        CHAT,
        ANA,
    ),
    (
        "Pepe Ferrer",
        "Presupuesto para 40 sillas",
        "Buenas, trabajo con Marta en Acme y necesitaría un…",
        MAIL,
        ANA,
    ),
    ("+34 611 20 33 91", "Llamada perdida", "Buzón de 0:42", CALL, LUIS),
    (
        "Gestoría Peña",
        "Factura rectificativa de octubre",
        "Adjunto la factura con el CIF corregido",
        MAIL,
        None,
    ),
    ("Jorge Díaz", "Cambio de dirección", "Perfecto, gracias", TEXT, ANA),
    ("Notaría López", "Poder notarial, 3 páginas", "Fax recibido, 3 páginas", FAX, None),
    ("Emma Jones", "Refund for order 47990", "Thanks, I can see it in my account now", MAIL, LOLA),
    ("Visitante 3F2A", "Precio del plan anual", "¿Tenéis descuento por volumen?", WEB, ANA),
    ("Raúl Torres", "Talla equivocada", "Te envío la etiqueta de devolución", CHAT, LUIS),
    (
        "Clínica Dental Sol",
        "Presupuesto de tres sillones",
        "Buenos días, ¿podéis mejorar el plazo?",
        MAIL,
        LOLA,
    ),
]


def row(
    number: int,
    *,
    version: int = 1,
    at: datetime | None = None,
    preview: str = "",
    live: bool = False,
    seq: int = 4,
    direction: str = "",
    key: str = "",
) -> Row:
    """One of the made-up conversations; the smaller the number, the newer."""
    name, subject, said, mark, who = PEOPLE[(number - 1) % len(PEOPLE)]
    at = at or NOW - timedelta(minutes=7 * number * number)
    return Row(
        id=number,
        version=version,
        key=key or f"{int(at.timestamp() * 1e6)}",
        subject=subject if number <= len(PEOPLE) else f"{subject} ({number})",
        contact=Named(id=number, name=name),
        account=ACME if number <= 2 else None,
        at=at,
        preview=preview or said,
        direction=direction or ("out" if number in (5, 9) else "in"),  # type: ignore[arg-type]
        last_seq=seq,
        channel=mark,
        assignee=who,
        waiting_since=at if number in (1, 2, 4) else None,
        priority="high" if number == 4 else "normal",
        unread=None if live else (2 if number == 1 else 1 if number in (2, 3) else 0),
        draft=number == 8 and not live,
        address="" if live else f"/inbox/mine/c/{number}",
    )


def message(number: int, conversation: int, text: str, **more: Any) -> Message:
    """One message of a made-up conversation, `number` is its id and sequence."""
    told: dict[str, Any] = {
        "id": conversation * 1000 + number,
        "conversation": conversation,
        "seq": number,
        "direction": "in",
        "at": NOW - timedelta(hours=26 - number * 4),
        "author": "Marta Ruiz",
        "channel": MAIL,
    }
    return Message(**{**told, **more, "text": text})


def messages(conversation: int) -> list[Message]:
    """The thread of a made-up conversation."""
    sent = [
        Delivery(id=1, recipient="marta.ruiz@acme.example", state="delivered", at=NOW - timedelta(hours=17))
    ]
    failed = [
        Delivery(id=2, recipient="marta.ruiz@acme.example", state="failed", reason="el buzón está lleno")
    ]
    return [
        message(
            1, conversation, "A Ana, que lleva Acme Industrial", direction="system", icon="route", why=True
        ),
        message(
            1,
            conversation,
            "Hola:\n\nMi pedido 48213 sigue sin llegar y el seguimiento no cambia desde el lunes. "
            "¿Podéis mirar qué ha pasado?\n\nGracias,\nMarta",
            subject="Pedido 48213 sin entregar",
            quoted="El lun, 16 nov, Ana García escribió:\n> Su pedido sale hoy.",
            has_html=True,
            raw=True,
            address="marta.ruiz@acme.example",
            to="atencion@dialogo.example",
            verified=True,
            attachments=[
                Attachment(token="a1", name="albarán-48213.pdf", size=183_400, type="application/pdf"),
                Attachment(token="a2", name="caja.jpg", size=2_410_000, type="image/jpeg"),
            ],
        ),
        message(
            2,
            conversation,
            "Hola, Marta: lo hemos reclamado al transportista. Mañana antes de las 12 te digo algo.",
            direction="out",
            author="Ana García",
            deliveries=sent,
            to="marta.ruiz@acme.example",
        ),
        message(
            3,
            conversation,
            "El transportista confirma la entrega hoy antes de las 14:00. Referencia TR-9921.",
            direction="note",
            author="Luis Mora",
            channel=None,
        ),
        message(
            4,
            conversation,
            "Te confirmo la entrega: hoy antes de las 14:00.",
            direction="out",
            author="Ana García",
            deliveries=failed,
        ),
        message(5, conversation, "¿Sabéis algo del paquete? Lleva dos días parado.", channel=CHAT),
        message(
            6,
            conversation,
            "Por cierto, ¿me podéis mandar también la factura?",
            channel=CHAT,
            join=Named(id=4, name="Factura rectificativa de octubre"),
        ),
    ]


def thread(number: int, *, view: str = "mine") -> ThreadPane:
    """An open made-up conversation; number 2 has a suggested account and a doubtful sender."""
    one = row(number)
    lines = [
        Line(
            id=1,
            mark=MAIL,
            to="marta.ruiz@acme.example",
            subject=f"Re: {one.subject}",
            has_subject=True,
            has_cc=True,
            attachments=True,
        ),
        Line(id=2, mark=CHAT, to="+34 600 123 456", attachments=True, text_limit=1600),
        Line(id=3, mark=FAX, why_not="sin número de fax"),
    ]
    return ThreadPane(
        topic=f"thread:{number}",
        cursor="run.1.100-0",
        view=view,
        head=Head(
            id=number,
            version=one.version,
            subject=one.subject,
            state="open",
            contact=one.contact,
            channel=one.channel,
            account=one.account if number != 2 else None,
            assignee=one.assignee,
            waiting_since=one.waiting_since,
            suggestion=ACME if number == 2 else None,
            doubt="El servidor de correo no confirma que el remitente sea quien dice" if number == 2 else "",
            decision="A Ana, que lleva Acme Industrial",
        ),
        messages=messages(number),
        read_seq=4,
        earlier=f"/inbox/mine/c/{number}?before=1" if number == 1 else "",
        back=f"/inbox/{view}",
        composer=Composer(
            conversation=number,
            lines=lines,
            after_seq=6,
            drafts=[Draft(text="Empecé a escribir…", version=1)] if number == 8 else [],
        ),
        card=Card(
            conversation=number,
            contact=Person(id=one.contact.id, name=one.contact.name),
            about="Compras · Sevilla",
            account=ACME,
            suggested=number == 2,
            owner=ANA,
            deputy=LUIS,
            tags=["VIP", "español"],
            facts=[
                CardFact(name="Compró", value="14 pedidos, 1.842,30 €, cada 5 semanas"),
                CardFact(name="Pagó", value="todo al día", tone="ok"),
                CardFact(name="Problemas", value="2 abiertos", tone="warn"),
            ],
            addresses=[
                ContactAddress(icon="mail", value="marta.ruiz@acme.example", verified=True),
                ContactAddress(icon="phone", value="+34 600 123 456"),
                ContactAddress(
                    icon="mail", value="marta@antiguo.example", usable=False, note="rebota desde el 3 nov"
                ),
            ],
            history=[
                Past(
                    id=20,
                    subject="Reclamación de envío",
                    at=NOW - timedelta(days=3),
                    channel=MAIL,
                    state="closed",
                ),
                Past(
                    id=21,
                    subject="Tallas del modelo Sur",
                    at=NOW - timedelta(days=18),
                    channel=WEB,
                    state="closed",
                ),
                Past(
                    id=22,
                    subject="Garantía, 3 páginas",
                    at=NOW - timedelta(days=320),
                    channel=FAX,
                    state="closed",
                ),
            ],
        ),
    )


def decision() -> WhyPage:
    """The whole reason of a made-up decision."""
    return WhyPage(
        conversation=Named(id=1, name="Pedido 48213 sin entregar"),
        back="/inbox/mine/c/1",
        decisions=[
            Decision(
                id=1,
                at=NOW,
                sentence="A Ana, que lleva Acme Industrial",
                rule_version=12,
                inputs=[
                    Looked(name="De", value="marta.ruiz@acme.example, verificado"),
                    Looked(name="Cuenta", value="Acme"),
                ],
                rows=[
                    RuleRow(
                        number=1, name="Respuesta a una persona", outcome="passed", why="no responde a nadie"
                    ),
                    RuleRow(
                        number=2, name="La cuenta tiene dueño", outcome="took", why="Ana lleva Acme y está"
                    ),
                    RuleRow(number=3, name="Último agente", outcome="skipped"),
                ],
                candidates=[
                    Candidate(person=ANA, chosen=True, why="dueña de la cuenta"),
                    Candidate(person=LUIS, chosen=False, why="suplente, solo si Ana no está"),
                ],
            )
        ],
    )


class Stage:
    """The pretend server."""

    def __init__(self, *, rows: int = 30, theme: str = "light", language: str = "es") -> None:
        self.rows, self.theme, self.language = rows, theme, language
        self.density = "comfortable"
        self.shortcuts = True
        self.seen: list[tuple[str, str, dict[str, Any]]] = []
        self.sockets: set[web.WebSocketResponse] = set()
        self.heard: list[dict[str, Any]] = []
        self.since: list[str] = []
        self.kept: list[tuple[int, str]] = []
        self.entry = 100
        self.delay = 0.0
        self.late: list[Message] = []
        self.fail = False
        self.asks = False
        self.ownerless = False
        self.stale = False
        self.draft_version = 0
        self.origin = ""
        self.paged = False

    def app(self) -> web.Application:
        """The routes of the contract, as far as the browser needs them."""
        app = web.Application(middlewares=[self.policed])
        app.router.add_get("/static/{build}/{path:.+}", serve)
        app.router.add_get("/login", self.login)
        app.router.add_get("/first", self.first_run)
        app.router.add_get("/error", self.error)
        app.router.add_get("/plain", self.plain)
        app.router.add_get("/search", self.search)
        app.router.add_get("/c/{id}/why", self.why)
        app.router.add_get("/inbox/{view}", self.inbox)
        app.router.add_get("/inbox/{view}/c/{id}", self.inbox)
        app.router.add_get("/ws", self.socket)
        app.router.add_get("/m/{id}/html", self.mail)
        app.router.add_post("/c/{id}/messages", self.send)
        app.router.add_route("*", "/{path:.+}", self.noted)
        return app

    def shell(self, current: str = "mine") -> Shell:
        """The frame around Ana."""
        return Shell(
            me=Me(
                id=1, name="Ana García", email="ana@dialogo.example", role="lead", shortcuts=self.shortcuts
            ),
            current=current,
            theme=self.theme,
            language=self.language,
            density=self.density,
            demo=True,
            csrf="c5rf",
            counts={"mine": 12, "unassigned": 31, "team-3": 5, "all": 64, "quarantine": 2},
            cursor="run.1.100-0",
            teams=[Named(id=3, name="Logística"), Named(id=4, name="Cuentas clave")],
            topics=["agent:1"],
        )

    def pane(self, view: str, selected: int | None = None) -> ListPane:
        """A list of the made-up conversations."""
        rows = [] if view == "closed" else [row(number) for number in range(1, self.rows + 1)]
        return ListPane(
            view=view,
            topic=f"list:{view}",
            rows=rows,
            cursor=self.cursor,
            total=len(rows),
            selected=selected,
            sort="" if view == "closed" else "newest",
            sorts=[
                Choice(value="newest", name="Lo más nuevo primero"),
                Choice(value="waiting", name="Quien espera"),
            ],
            more=f"/inbox/{view}?before=1" if self.paged and rows else "",
            end=str(int(rows[-1].key) - 1) if self.paged and rows else "",
        )

    @property
    def cursor(self) -> str:
        """The stream's cursor now."""
        return f"run.1.{self.entry}-0"

    @web.middleware
    async def policed(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Every answer under the strict policy, after the pretended way."""
        if self.delay and not request.path.startswith("/static"):
            await asyncio.sleep(self.delay)
        answer: web.StreamResponse = await handler(request)
        if not answer.prepared:
            answer.headers.setdefault("Content-Security-Policy", POLICY)
        return answer

    async def login(self, request: web.Request) -> web.Response:
        roles = [
            DemoRole(role="agent", name="Ana", what="agente, lleva Acme"),
            DemoRole(role="lead", name="Lola", what="responsable"),
            DemoRole(role="marketer", name="Mario", what="campañas"),
            DemoRole(role="admin", name="Berta", what="administradora"),
        ]
        return _html(
            page(
                "login.html",
                LoginPage(demo_roles=roles, error=request.query.get("error", "")),
                Scope(theme=self.theme, language=self.language),
            )
        )

    async def first_run(self, request: web.Request) -> web.Response:
        errors = {"password": "Demasiado corta: al menos 10 caracteres"}
        return _html(
            page(
                "first_run.html", FirstRunPage(errors=errors), Scope(theme=self.theme, language=self.language)
            )
        )

    async def error(self, request: web.Request) -> web.Response:
        told = ErrorPage(
            status=404,
            title="No está aquí",
            message="Esa conversación no existe, o no puedes verla.",
            reference="7f3a",
        )
        return _html(page("error.html", told, Scope(theme=self.theme, language=self.language)))

    async def plain(self, request: web.Request) -> web.Response:
        return _html(page("why/page.html", decision(), self.shell("accounts")))

    async def why(self, request: web.Request) -> web.Response:
        return _html(page("why/page.html", decision(), self.shell("")))

    async def search(self, request: web.Request) -> web.Response:
        q = request.query.get("q", "")
        found = (
            [Found(row=row(n), snippets=["Mi \x02pedido\x03 48213 sigue sin llegar"]) for n in (1, 2, 4)]
            if q
            else []
        )
        return _html(
            page(
                "search/page.html",
                SearchPage(q=q, results=found, total=3 if q else None),
                self.shell("search"),
            )
        )

    async def inbox(self, request: web.Request) -> web.Response:
        view = request.match_info["view"]
        number = int(request.match_info.get("id", 0))
        self.seen.append(("GET", request.path, dict(request.headers)))
        wanted = request.headers.get("X-Fragment", "")
        if wanted == "thread":
            pane = changed(thread(number, view=view), cursor=self.cursor)
            return _html(partial("inbox/_thread.html", ThreadView(thread=pane), self.language))
        if wanted == "list":
            return _html(partial("inbox/_list.html", ListView(pane=self.pane(view)), self.language))
        told = InboxPage(
            pane=self.pane(view, number or None),
            thread=thread(number, view=view) if number else None,
            reasons=[Choice(value="order", name="Pedido"), Choice(value="fault", name="Avería")]
            if self.asks
            else [],
            outcomes=[Choice(value="solved", name="Resuelto")] if self.asks else [],
            choices=[
                Choice(value="agent-1", name="Ana García", note="12 abiertas", here=True, suggested=True),
                Choice(value="agent-2", name="Luis Mora", note="8 abiertas", here=True),
                Choice(value="agent-3", name="Lola Prat", note="ausente"),
                Choice(value="team-3", name="Logística", note="equipo"),
            ],
        )
        return _html(page("inbox/page.html", told, self.shell(view)))

    async def mail(self, request: web.Request) -> web.Response:
        headers = {
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox"
        }
        return web.Response(
            text="<p>Hola: <b>mi pedido</b> sigue sin llegar.</p>", content_type="text/html", headers=headers
        )

    async def send(self, request: web.Request) -> web.Response:
        form = dict(await request.post())
        self.seen.append(("POST", request.path, form | {"csrf": request.headers.get("X-CSRF", "")}))
        if self.fail:
            return web.json_response(
                {"error": {"code": "unavailable", "message": "No se pudo guardar"}}, status=503
            )
        number = int(request.match_info["id"])
        if self.late and not form.get("force"):
            told = "".join(
                partial("inbox/_message.html", MessageView(message=one), self.language) for one in self.late
            )
            return web.json_response(
                {"messages_html": told, "after_seq": max(one.seq for one in self.late)}, status=409
            )
        self.entry += 1
        made = message(
            50 + self.entry,
            number,
            str(form["text"]),
            author="Ana García",
            client_id=str(form.get("client_id", "")),
            at=NOW,
            direction="note" if form["mode"] == "note" else "out",
            deliveries=[] if form["mode"] == "note" else [Delivery(id=9, recipient="marta@x", state="held")],
        )
        drawn = partial("inbox/_message.html", MessageView(message=made), self.language)
        until = datetime.now(UTC) + timedelta(seconds=8)
        return web.json_response({"message_html": drawn, "undo_until": until.isoformat()})

    async def noted(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.seen.append(
            (
                request.method,
                request.path,
                {"body": body.decode("utf-8", "replace"), "csrf": request.headers.get("X-CSRF", "")},
            )
        )
        if request.path.endswith("/draft") and request.method == "PUT":
            self.draft_version += 1
            return web.json_response({"version": self.draft_version})
        if request.path == "/tags":
            return web.json_response({"items": ["VIP", "urgente"]})
        if request.path == "/palette":
            hit = {"value": "/c/5", "name": "Cambio de dirección", "note": "Jorge Díaz", "icon": "mail"}
            return web.json_response({"items": [hit]})
        if request.path.endswith("/closing") and request.method == "POST" and self.ownerless:
            offer = {"agent_id": 1, "agent_name": "Ana García", "account_id": 1, "account_name": "Acme"}
            return web.json_response({"ok": True, "make_owner": offer})
        if request.path == "/files":
            return web.json_response({"id": 77, "name": "nota.txt", "size": 12})
        if "/messages/" in request.path and request.method == "DELETE":
            return web.json_response({"text": "lo que escribí", "mode": "reply"})
        return web.json_response({})

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        """A socket that replays what was kept after `since`, then pushes."""
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        since = request.query.get("since", "")
        self.since.append(since)
        if self.stale:
            await ws.send_json({"s": self.cursor, "o": [["stale"]]})
        for entry, frame in self.kept:
            if since and entry > int(since.split(".")[2].split("-")[0]):
                await ws.send_str(frame)
        self.sockets.add(ws)
        async for told in ws:
            if told.type == WSMsgType.TEXT:
                self.heard.append(json.loads(told.data))
        self.sockets.discard(ws)
        return ws

    async def push(self, *ops: list[Any], keep: bool = True) -> None:
        """One frame to every socket; kept for replay."""
        self.entry += 1
        frame = json.dumps({"s": self.cursor, "o": list(ops)})
        if keep:
            self.kept.append((self.entry, frame))
        for ws in list(self.sockets):
            await ws.send_str(frame)

    async def cut(self) -> None:
        """Close all sockets, as a lost network does."""
        for ws in list(self.sockets):
            await ws.close()

    def row_html(self, number: int, **more: Any) -> str:
        """A row as the live update sends it."""
        return partial("inbox/_row.html", RowView(row=row(number, live=True, **more)), self.language)

    def message_html(self, one: Message) -> str:
        """A message as the live update sends it."""
        return partial("inbox/_message.html", MessageView(message=one), self.language)


def changed(pane: ThreadPane, **changes: Any) -> ThreadPane:
    """A copy of a pane with some fields changed."""
    return msgspec.structs.replace(pane, **changes)


def _html(text: str) -> web.Response:
    return web.Response(text=text, content_type="text/html")


if __name__ == "__main__":
    web.run_app(Stage().app(), host="127.0.0.1", port=8099)
