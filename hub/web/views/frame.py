"""The frame of every page, and the pages of those who are not signed in."""

from __future__ import annotations

import msgspec

from hub.web.views.calls import CallBar


class View(msgspec.Struct, frozen=True, kw_only=True):
    """Base of everything a template is told."""


class Named(View, frozen=True, kw_only=True):
    """Anything with an id and a name: a team, a contact, an account, another conversation."""

    id: int
    name: str


class Person(Named, frozen=True, kw_only=True):
    """An agent, as shown by name or by initials."""

    @property
    def initials(self) -> str:
        """One or two letters: of the first and the last word."""
        words = [word for word in self.name.split() if word[0].isalpha()]
        return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper() or "?"


class Scope(View, frozen=True, kw_only=True):
    """What any page needs, signed in or not.

    `theme`: system, light, dark. `density`: comfortable, compact. `csrf` goes into each form and the X-CSRF
    header. `address`: the path and query of this page, to come back to after a change of language or theme.
    """

    language: str = "es"
    theme: str = "system"
    density: str = "comfortable"
    time_zone: str = "Europe/Madrid"
    csrf: str = ""
    demo: bool = False
    address: str = "/"


class Me(Person, frozen=True, kw_only=True):
    """The agent who is signed in. `undo_seconds`: how long a send is held."""

    email: str = ""
    role: str = "agent"
    undo_seconds: int = 8
    shortcuts: bool = True


class Shell(Scope, frozen=True, kw_only=True):
    """The frame of a page for a signed-in agent.

    `current`: the key of the navigation item that is lit: a view (mine, mentions, unassigned, snoozed, drafts,
    team-3, all, closed, aside) or a page (accounts, contacts, quarantine, unanswered, absences, admin, lab).
    `counts`: numbers by the same keys; 0 shows nothing. `topics`: live topics of the agent (counts, notices).
    `cursor`: the stream's cursor, read before the page's first SELECT; "" switches live updates off.
    `here`: presence, live kinds ring only then. `calls`: what rings for the agent or is in progress;
    `can_call`: there is a line to call on; `can_log`: one on which visits are written down. `markets`: campaigns
    are their work.
    """

    me: Me
    current: str = ""
    counts: dict[str, int] = {}
    teams: list[Named] = []
    topics: list[str] = []
    cursor: str = ""
    here: bool = True
    calls: list[CallBar] = []
    can_call: bool = False
    can_log: bool = False
    markets: bool = False

    @property
    def leads(self) -> bool:
        """Whether the work links of leads and admins are shown."""
        return self.me.role in ("lead", "admin")


class LoginPage(View, frozen=True, kw_only=True):
    """`error` is a sentence for people; `demo_roles` draws the one-click buttons (POST /login, demo=role)."""

    email: str = ""
    error: str = ""
    next: str = ""
    demo_roles: list[DemoRole] = []


class DemoRole(View, frozen=True, kw_only=True):
    """One button of the demo's login: `role` is posted as `demo`."""

    role: str
    name: str
    what: str


class FirstRunPage(View, frozen=True, kw_only=True):
    """Making the first admin. `errors`: sentence by field name (company, name, email, password)."""

    company: str = ""
    name: str = ""
    email: str = ""
    errors: dict[str, str] = {}


class ErrorPage(View, frozen=True, kw_only=True):
    """An error in words. `status` is the HTTP status; `reference` names the line in the log, if any."""

    status: int
    title: str
    message: str
    reference: str = ""
    back: str = "/"
