"""The addresses of the lines' pages."""

from __future__ import annotations

from aiohttp.web import RouteDef, get, post

from hub.web.channels import pages, sign_in, texts, trials

ROUTES: list[RouteDef] = [
    get("/admin/channels", pages.show_all),
    get("/admin/channels/new", pages.choose),
    get("/admin/channels/oauth", sign_in.finish),
    get(r"/admin/channels/new/{kind:[a-z]{1,30}}", pages.new),
    post(r"/admin/channels/new/{kind:[a-z]{1,30}}", pages.add),
    get(r"/admin/channels/{id:\d{1,18}}", pages.show),
    post(r"/admin/channels/{id:\d{1,18}}", pages.change),
    get(r"/admin/channels/{id:\d{1,18}}/steps", trials.steps),
    post(r"/admin/channels/{id:\d{1,18}}/enabled", pages.switch),
    post(r"/admin/channels/{id:\d{1,18}}/test", trials.test),
    post(r"/admin/channels/{id:\d{1,18}}/trial", trials.send),
    post(r"/admin/channels/{id:\d{1,18}}/hooks", trials.set_hooks),
    get(r"/admin/channels/{id:\d{1,18}}/texts", texts.show),
    post(r"/admin/channels/{id:\d{1,18}}/texts", texts.add),
    post(r"/admin/channels/{id:\d{1,18}}/texts/take-over", texts.take_over),
    post(r"/admin/channels/{id:\d{1,18}}/texts/use", texts.change),
    post(r"/admin/channels/{id:\d{1,18}}/sign-in", sign_in.begin),
]
