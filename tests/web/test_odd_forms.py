"""Forms in encodings nobody knows are refused, and told so."""

from __future__ import annotations

from tests.web.browsing import Web
from tests.world import World

HEADLESS = b"--b\r\nno colon\r\n\r\nAna\r\n--b--\r\n"
PART = (
    b'--b\r\nContent-Disposition: form-data; name="name"\r\n'
    b"Content-Type: text/plain; charset=klingon\r\n\r\nAna\r\n--b--\r\n"
)
FORM = "application/x-www-form-urlencoded"


async def test_a_form_nobody_can_decode_is_refused(site: Web, world: World) -> None:
    ana = await site.browser(world.ana)
    for charset in ("klingon", "hex"):
        head = {"Content-Type": f"{FORM}; charset={charset}"}
        assert (await ana.post("/me/preferences", b"name=Ana", headers=head)).status == 422
    head = {"Content-Type": "multipart/form-data; boundary=b"}
    assert (await ana.post("/me/preferences", PART, headers=head)).status == 422
    packed = {"Content-Type": FORM, "Content-Encoding": "gzip"}
    assert (await ana.post("/me/preferences", b"not gzip", headers=packed)).status == 400
    head = {"Content-Type": "multipart/form-data; boundary=b"}
    assert (await ana.post("/me/preferences", HEADLESS, headers=head)).status == 400
    ours = {"Content-Type": FORM, "Origin": "http://[", "X-CSRF": ana.csrf}
    assert (await ana.post("/me/preferences", b"name=Ana", headers=ours)).status == 403
    assert (await ana.post("/me/preferences", b"name=Ana", headers={"X-CSRF": "\udcff"})).status == 403
