// Moves between conversations and lists by fragments: prefetched on rest, with history, late answers dropped.
import { $, $$, app, ask, hear, on, phone, say, t } from "./live.js";
import { apply, nodes } from "./ops.js";
import { framesAfter, listenTo } from "./wire.js";
import { titled, toast } from "./notify.js";

const FRESH = 30000;
const panes = new Map();
let turn = 0;

export const here = () => {
  const [, view = "mine", id] = location.pathname.match(/^\/inbox\/([^/]+)(?:\/c\/(\d+))?/) ?? [];
  return { view, id: id ? Number(id) : null };
};
export const openId = () => Number($("#conv")?.dataset.c) || null;
export const isInbox = () => Boolean($("#list"));
export const address = (view, id) => (id ? `/inbox/${view}/c/${id}` : `/inbox/${view}`);
export const view = () => $("#list")?.dataset.view ?? "mine";

/** Fetch a conversation before it is asked for; its topic is listened to from that moment. */
export function prefetch(id) {
  const known = panes.get(id);
  if (known && Date.now() - known.at < FRESH) return known.text;
  const text = ask("GET", address(view(), id), null, { "X-Fragment": "thread", Accept: "text/html" }).then((answer) => answer.text());
  text.then((html) => listenTo(`thread:${id}`, html.match(/data-seq=.([\w.-]*)/)?.[1])).catch(() => panes.delete(id));
  panes.delete(id);
  panes.set(id, { at: Date.now(), text });
  if (panes.size > 12) panes.delete(panes.keys().next().value);
  return text;
}

export const forget = (id) => panes.delete(id);

/** Open a conversation; an answer that comes after another was opened is dropped. */
export async function open(id, { push = true, focus = false } = {}) {
  if (!isInbox()) return location.assign(address("mine", id));
  const mine = ++turn;
  say("opening", id);
  if (push && here().id !== id) history.pushState(null, "", address(view(), id));
  try {
    const text = await prefetch(id);
    if (mine !== turn) return;
    show(text, id);
    if (focus || phone()) $("#conv").focus({ preventScroll: true });
  } catch (error) {
    if (mine !== turn) return;
    history.replaceState(null, "", address(view(), openId())); // what is on the screen stays where it is
    say("failed", error);
  }
}

function show(text, id) {
  const fresh = nodes(text);
  const since = $("#conv", fresh)?.dataset.seq ?? "";
  panes.delete(id);
  swap(fresh);
  if (since) for (const frame of framesAfter(since)) apply(frame);
  app.dataset.zone = "conv";
  rest();
  titled($("#conv").dataset.title ?? "");
  say("opened", id);
}

function swap(fresh) {
  for (const part of [...fresh.children]) document.getElementById(part.id)?.replaceWith(part);
}

/** Where the eye should be: at the first new message, else at the end. */
export function rest() {
  const log = $("#timeline");
  if (!log) return;
  const mark = $("#newline", log);
  log.scrollTop = log.scrollHeight;
  if (mark && mark.offsetTop - log.offsetTop < log.scrollTop) log.scrollTop = mark.offsetTop - log.offsetTop - 16;
}

/** Back to the list; on a phone the conversation gives way to it. */
export function close({ push = true } = {}) {
  turn += 1;
  app.dataset.zone = "list";
  delete app.dataset.card;
  if (push && here().id) history.pushState(null, "", address(view(), null));
  if (phone()) $("#rows")?.focus({ preventScroll: true });
}

/** Nothing is open any more: the last conversation of a list was closed. */
export function clear() {
  close();
  swap($("#nothing").content.cloneNode(true));
  say("opened", null);
}

/** Show another list. */
export async function go(wanted, { push = true } = {}) {
  if (!isInbox()) return location.assign(address(wanted, null));
  const mine = ++turn;
  try {
    const answer = await ask("GET", address(wanted, null), null, { "X-Fragment": "list", Accept: "text/html" });
    const text = await answer.text();
    if (mine !== turn) return;
    panes.clear();
    swap(nodes(text));
    if (push) { history.pushState(null, "", address(wanted, null)); clear(); app.dataset.zone = "list"; }
    app.dataset.view = wanted;
    light(wanted);
    titled($("#list-title").textContent);
    say("listed", wanted);
  } catch (error) {
    say("failed", error);
  }
}

function light(wanted) {
  for (const link of $$("[data-nav]")) link.ariaCurrent = link.dataset.nav === wanted ? "page" : null;
}

/** Fetch list and pane again: the server could not replay what we missed. What is being written stays. */
export async function refresh() {
  const id = openId();
  panes.clear();
  await go(view(), { push: false });
  if (!id) return;
  const fresh = nodes(await (await ask("GET", address(view(), id), null, { "X-Fragment": "thread", Accept: "text/html" })).text());
  if (openId() !== id) return;
  for (const part of ["#conv > .head", "#timeline", "#card"]) $(part)?.replaceWith($(part, fresh));
  rest();
  say("refreshed", id);
}

/** Older rows or older messages: the link's page, joined to what is shown. */
async function more(link, fragment, take) {
  link.ariaDisabled = "true";
  try {
    const answer = await ask("GET", link.href, null, { "X-Fragment": fragment, Accept: "text/html" });
    take(nodes(await answer.text()));
  } catch (error) {
    link.ariaDisabled = null;
    say("failed", error);
  }
}

const olderRows = (link) => more(link, "list", (fresh) => {
  const parts = [...$("#rows", fresh).children].filter((row) => {
    const old = document.getElementById(row.id);
    if (old?.matches(".pager ~ *")) old.remove();
    return !old?.isConnected;
  });
  link.closest("li").replaceWith(...parts);
  say("listed", view());
});

const olderMessages = (link) => more(link, "thread", (fresh) => {
  const log = $("#timeline");
  const height = log.scrollHeight;
  const parts = [...$("#timeline", fresh).children].filter((part) => part.id !== "newline" && !(part.id && document.getElementById(part.id)));
  const top = log.scrollTop;
  link.closest("p").replaceWith(...parts);
  log.scrollTop = top + log.scrollHeight - height;
});

function clicked(event) {
  if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  const link = event.target.closest("a[href]");
  if (!link || link.target || link.hasAttribute("download")) return;
  if (link.dataset.act === "more") { event.preventDefault(); return void olderRows(link); }
  if (link.dataset.act === "earlier") { event.preventDefault(); return void olderMessages(link); }
  if (!isInbox()) return;
  if (link.dataset.act === "back") { event.preventDefault(); return close(); }
  const conversation = new URL(link.href).pathname.match(/^(?:\/inbox\/[^/]+)?\/c\/(\d+)$/);
  const list = new URL(link.href).pathname.match(/^\/inbox\/([^/]+)$/);
  if (conversation) { event.preventDefault(); open(Number(conversation[1])); }
  if (list) { event.preventDefault(); link.closest("details[open]")?.removeAttribute("open"); go(list[1]); }
}

async function travelled() {
  const { view: wanted, id } = here();
  if (wanted !== view()) await go(wanted, { push: false });
  if (id) open(id, { push: false });
  else clear();
}

/** Something happened in a conversation (a number) or at an address: said unless it is on the screen. */
function told(news) {
  const id = news.conversation;
  if (!id) toast(news);
  else if (id !== openId() || document.hidden) toast(news.text, { action: { label: () => t("open"), act: () => (id > 0 ? open(id) : location.assign(id)) } });
}

hear("start", () => {
  hear("toast", told);
  on("click", clicked);
  addEventListener("popstate", travelled);
  hear("stale", refresh);
  if (isInbox()) { rest(); light(app.dataset.view); }
});
