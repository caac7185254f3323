"""What a telephone line says aloud: the channel's own words where it has some, ours otherwise, in two languages."""

from __future__ import annotations

from hub.channels.outgoing import Line
from hub.plumbing.texts import LANGUAGES, _, speaking

MOST_CHARACTERS = 600


def greeting(line: Line, language: str) -> str:
    """The first thing a caller hears, with the notice that they are recorded where they are."""
    with speaking(language):
        said = [_own(line, "greeting", language) or _("Thank you for calling.")]
        if line.settings.get("record"):
            said.append(_own(line, "notice", language) or _("This call is recorded."))
    return " ".join(said)


def position(line: Line, language: str, place: int) -> str:
    """Where in the queue the caller stands."""
    with speaking(language):
        if place <= 1:
            where = _("Everybody is on the phone. You are next.")
        else:
            where = _("Everybody is on the phone. You are number %(n)s in the queue.", n=place)
        return where + " " + _("To leave a message instead, press 1.")


def ask_message(line: Line, language: str) -> str:
    """Before the tone."""
    with speaking(language):
        return _own(line, "voicemail", language) or _(
            "Nobody can take your call at the moment. Leave a message after the tone, then hang up."
        )


def goodbye(line: Line, language: str, why: str) -> str:
    """The last words; "" for none."""
    with speaking(language):
        match why:
            case "thanks":
                return _own(line, "thanks", language) or _("Thank you. We will call you back. Goodbye.")
            case "sorry":
                return _("Nobody can take your call at the moment. Goodbye.")
            case "busy":
                return _("The number is busy.")
            case "no_answer":
                return _("Nobody answers.")
            case "failed":
                return _("The number cannot be reached.")
    return ""


def announced(language: str, who: str, account: str, *, outgoing: bool) -> str:
    """What the agent hears when they pick up."""
    with speaking(language):
        name = f"{who}, {account}" if account and account != who else who
        if outgoing:
            return _("Call to %(name)s. Press 1 to be connected.", name=name)
        return _("%(name)s is calling. Press 1 to take it.", name=name)


def _own(line: Line, name: str, language: str) -> str:
    """A text of the channel's settings, `greeting_es`; plain text of at most MOST_CHARACTERS."""
    wanted = language if language in LANGUAGES else "en"
    return str(line.settings.get(f"{name}_{wanted}") or "").strip()[:MOST_CHARACTERS]
