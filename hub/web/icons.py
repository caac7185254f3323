"""One SVG sprite of the icons we use, cut from the package `lucide` (ISC) when the app starts."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files
from io import BytesIO
from xml.etree import ElementTree
from zipfile import ZipFile

SVG = "{http://www.w3.org/2000/svg}"
ICONS = (
    *(
        "alarm-clock",
        "archive",
        "arrow-down",
        "arrow-down-wide-narrow",
        "arrow-left",
        "arrow-right",
        "arrow-up",
    ),
    *(
        "at-sign",
        "ban",
        "bell",
        "bookmark",
        "building-2",
        "calendar",
        "calendar-off",
        "check",
        "check-check",
        "chevron-down",
    ),
    *(
        "chevron-left",
        "chevron-right",
        "circle-alert",
        "circle-check",
        "clipboard-list",
        "circle-question-mark",
        "clock",
        "contrast",
    ),
    *("copy", "download", "ellipsis", "external-link", "eye", "file-text", "flask-conical", "git-branch"),
    *("globe", "history", "image", "inbox", "info", "key-round", "keyboard", "languages", "link", "list"),
    *("loader", "lock", "log-out", "mail", "menu", "merge", "message-circle", "message-square", "monitor"),
    *(
        "moon",
        "panel-right",
        "paperclip",
        "pencil",
        "phone",
        "phone-off",
        "plus",
        "printer",
        "refresh-cw",
        "reply",
    ),
    *("rotate-ccw", "route", "search", "send", "settings", "shield-alert", "shield-check", "sticky-note"),
    *(
        "store",
        "sun",
        "tag",
        "trash-2",
        "triangle-alert",
        "undo-2",
        "upload",
        "user",
        "user-check",
        "user-plus",
    ),
    *("users", "voicemail", "webhook", "wifi-off", "x"),
    *("megaphone", "target", "play", "pause", "square", "smartphone", "split", "save"),
)


def sprite(extra: Iterable[str] = ()) -> bytes:
    """The sprite: one `<symbol id="i-NAME">` an icon, those of `extra` (the adapters' own) included.

    Raises ValueError naming an icon that lucide does not have.
    """
    names = sorted({*ICONS, *extra})
    with ZipFile(BytesIO(files("lucide").joinpath("lucide.zip").read_bytes())) as drawings:
        symbols = [_symbol(drawings, name) for name in names]
    return ('<svg xmlns="http://www.w3.org/2000/svg">' + "".join(symbols) + "</svg>").encode()


def _symbol(drawings: ZipFile, name: str) -> str:
    try:
        drawing = ElementTree.fromstring(drawings.read(f"{name}.svg"))
    except KeyError as error:
        raise ValueError(f"lucide has no icon {name!r}: choose another name in `can.icon`") from error
    shapes = "".join(_shape(node) for node in drawing)
    return f'<symbol id="i-{name}" viewBox="0 0 24 24">{shapes}</symbol>'


def _shape(node: ElementTree.Element) -> str:
    attributes = "".join(f' {key}="{value}"' for key, value in node.attrib.items())
    return f"<{node.tag.removeprefix(SVG)}{attributes}/>"
