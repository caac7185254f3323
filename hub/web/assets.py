"""The files browsers load: read, hashed and compressed once at start, served from memory for ever.

All of them live under `/static/<build>/…`, where the build is the hash of everything in the folder: modules
import each other by plain relative names, and a changed file changes every address at once.
"""

from __future__ import annotations

import hashlib
import mimetypes
import re
import zlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import msgspec
from aiohttp import web

from hub.channels.registry import ADAPTERS, adapter
from hub.web.icons import sprite

FOLDER = Path(__file__).parent.parent / "static"
STYLES = ("reset", "tokens", "base", "parts", "pages")
COMMENT = re.compile(r"//|/\*.*\*/$")
BLANKS = re.compile(r'("(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`)|[ \t]*([{}()\[\];:,=<>+*?&|!])[ \t]*')
ROOM = re.compile(r'("(?:[^"\\\n]|\\.)*")|[ \t]*([{};,>])[ \t]*|(?<=[\w-])(:)[ \t]+')
LATER = (
    "js/call.js",
    "js/campaigns.js",
    "js/lookup.js",
    "js/pick.js",
    "js/preview.js",
    "js/quick.js",
    "js/triage.js",
    "js/watch.js",
    "js/ways.js",
)
FOREVER = "public, max-age=31536000, immutable"


class Asset(msgspec.Struct, frozen=True):
    """One file as it goes out: its type, its bytes, and the same bytes gzipped (empty if that is no gain)."""

    type: str
    body: bytes
    zipped: bytes


class Assets(msgspec.Struct, frozen=True):
    """All files by their path below the build, and the build itself (12 hex digits)."""

    build: str
    files: dict[str, Asset]

    def url(self, path: str) -> str:
        """The address of one file. Raises KeyError for a file that does not exist."""
        if path not in self.files:
            raise KeyError(f"no static file {path!r}")
        return f"/static/{self.build}/{path}"

    @property
    def modules(self) -> list[str]:
        """The addresses of the modules every page needs at once, for modulepreload."""
        return [self.url(path) for path in self.files if path.startswith("js/") and path not in LATER]


@cache
def assets() -> Assets:
    """Everything under hub/static: styles joined to app.css, the icon sprite with the adapters' own, the rest as is."""
    contents = {
        "app.css": _narrow(_styles()),
        "campaigns.css": _narrow((FOLDER / "css/campaigns.css").read_bytes()),
        "report.css": _narrow((FOLDER / "css/report.css").read_bytes()),
        "lab.css": _narrow((FOLDER / "css/lab.css").read_bytes()),
        "chat.css": _squeezed((FOLDER / "chat/frame.css").read_bytes()),
        "form.css": _squeezed((FOLDER / "form/form.css").read_bytes()),
        "portal.css": _squeezed((FOLDER / "portal/portal.css").read_bytes()),
        "icons.svg": sprite(adapter(kind).can.icon for kind in ADAPTERS),
    }
    for path in sorted(FOLDER.rglob("*")):
        if path.is_file() and path.suffix != ".css":
            body = path.read_bytes()
            contents[path.relative_to(FOLDER).as_posix()] = _tight(body) if path.suffix == ".js" else body
    return Assets(_build(contents.items()), {path: _asset(path, body) for path, body in contents.items()})


async def serve(request: web.Request) -> web.Response:
    """GET /static/{build}/{path}: immutable when the build is ours, else today's file, not to be kept."""
    known = assets()
    asset = known.files.get(request.match_info["path"])
    if asset is None:
        raise web.HTTPNotFound
    headers = {"Vary": "Accept-Encoding", "X-Content-Type-Options": "nosniff"}
    headers["Cache-Control"] = FOREVER if request.match_info["build"] == known.build else "no-cache"
    if asset.zipped and "gzip" in request.headers.get("Accept-Encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return web.Response(body=asset.zipped, headers=headers, content_type=asset.type)
    return web.Response(body=asset.body, headers=headers, content_type=asset.type)


def _styles() -> bytes:
    order = f"@layer {', '.join(STYLES)};\n"
    return (order + "".join((FOLDER / "css" / f"{name}.css").read_text() for name in STYLES)).encode()


def _squeezed(source: bytes) -> bytes:
    """Without indentation and without the lines that are only a comment: our modules and styles hold no more."""
    lines = (line.strip() for line in source.decode().splitlines())
    return "\n".join(line for line in lines if line and not COMMENT.match(line)).encode()


def _narrow(source: bytes) -> bytes:
    """Squeezed styles without the blanks that separate nothing; those around + and - mean something in calc()."""
    return ROOM.sub(lambda found: "".join(filter(None, found.groups())), _squeezed(source).decode()).encode()


def _tight(source: bytes) -> bytes:
    """A squeezed module without the blanks around its punctuation; strings stay, lines stay for the debugger.

    Our modules therefore write no blank and no quote inside a regular expression.
    """
    return BLANKS.sub(lambda found: found[1] or found[2], _squeezed(source).decode()).encode()


def _build(contents: Iterable[tuple[str, bytes]]) -> str:
    digest = hashlib.sha256()
    for path, body in contents:
        digest.update(f"{path}\0{len(body)}\0".encode())
        digest.update(body)
    return digest.hexdigest()[:12]


def _asset(path: str, body: bytes) -> Asset:
    kind = "text/javascript" if path.endswith(".js") else mimetypes.guess_type(path)[0]
    packer = zlib.compressobj(9, wbits=31, memLevel=9)
    zipped = packer.compress(body) + packer.flush()
    return Asset(kind or "application/octet-stream", body, zipped if len(zipped) < len(body) else b"")
