// What one does with a conversation, each with its undo: assign, label, snooze, close, put aside, unread, join, resend.
import { $, $$, ask, data, hear, json, me, on, say, t } from "./live.js";
import { clear, forget, go, open, openId, refresh } from "./nav.js";
import { neighbour, setUnread, subject, takeOut, ticked, untick } from "./list.js";
import { offerUndo, toast } from "./notify.js";
import { choose } from "./pick.js";
import { state } from "./wire.js";

const choices = data("choices", { assign: [], reasons: [], outcomes: [], snoozes: [], priorities: [] });
let reading = 0;
let offered = null;

/** Do, tell, and be ready to take it back; answers what the server told. Failure is told, what is shown fetched again. */
async function act({ path, method = "POST", body, text, undo }) {
  let told = {};
  try {
    told = await json(await ask(method, path, body));
  } catch (error) {
    say("failed", error);
    refresh();
    return null;
  }
  if (text && undo) offerUndo(text, () => back(undo));
  else if (text) toast(text);
  if (!state.open) refresh();
  return told;
}

async function back({ path, method, body, then }) {
  try {
    await ask(method, path, body);
    toast(t("undone"));
    if (then) then();
    else if (!state.open) refresh();
  } catch (error) {
    say("failed", error);
  }
}

/** Show what follows when a conversation leaves the list: the next one if this one was open. */
function leave(id, stay) {
  const next = neighbour(id);
  const keeps = ["all", "closed"].includes($("#list").dataset.view);
  const wasOpen = openId() === id;
  forget(id);
  if (!stay && !keeps) takeOut(id);
  if (stay || !wasOpen) return;
  if (next) open(Number(next.dataset.id));
  else clear();
}

export async function close({ stay = false, id = subject() } = {}) {
  if (!id) return;
  const path = `/c/${id}/closing`;
  const reason = await oneKey("why_close", choices.reasons);
  const outcome = reason === null ? null : await oneKey("how_ended", choices.outcomes);
  if (outcome === null) return;
  leave(id, stay);
  const told = await act({ path, body: { reason, outcome }, text: t("closed"), undo: { path, method: "DELETE", then: () => reappear(id) } });
  if (told?.make_owner) offerOwner(id, told.make_owner);
}

/** “Make Ana the owner of Acme?”: a toast that one click, or Y, says yes to. */
function offerOwner(id, { agent_id, agent_name, account_id, account_name }) {
  const [path, told, until] = [`/c/${id}/owner`, { name: agent_name, account: account_name }, Date.now() + 15000];
  const undo = { path, method: "DELETE", body: { agent_id, account_id } };
  const take = () => { offered = null; act({ path, text: t("owns", told), undo }); };
  const box = toast(t("make_owner", told), { until, action: { label: () => t("make_owner_yes"), act: take } });
  offered = { until, act: () => { box.remove(); take(); } };
}

/** A question answered by one digit; 0 leaves it open. */
const oneKey = (title, all) => (all.length ? choose(t(title), [...all, { value: "", name: t("skip"), note: "", digit: 0 }], { search: false }) : "");

async function reappear(id) {
  await go($("#list").dataset.view, { push: false });
  open(id);
}

export function reopen(id = subject()) {
  const path = `/c/${id}/closing`;
  act({ path, method: "DELETE", text: t("reopened"), undo: { path, method: "POST" } });
}

export const closeOrReopen = (stay) => ($("#conv [data-act=reopen]") && openId() === subject() ? reopen() : close({ stay }));

export function aside(id = subject()) {
  if (!id) return;
  const path = `/c/${id}/aside`;
  leave(id, false);
  act({ path, text: t("aside"), undo: { path, method: "DELETE", then: () => reappear(id) } });
}

export function bringBack(id = subject()) {
  const path = `/c/${id}/aside`;
  act({ path, method: "DELETE", text: t("back"), undo: { path, method: "POST" } });
}

export async function assign(id = subject()) {
  if (!id) return;
  const value = await choose($("#conv [data-act=assign]")?.title.replace(/\s\(A\)$/, "") ?? "", choices.assign);
  if (value) assignTo(id, value, choices.assign.find((one) => one.value === value).name);
}

export const assignMe = (id = subject()) => id && assignTo(id, `agent-${me.id}`, me.name, { me: 1 });

function assignTo(id, value, name, body) {
  const path = `/c/${id}/assignment`;
  const [kind, number] = value.split("-");
  const before = openId() === id ? $("#conv [data-act=assign]")?.dataset.agent : "";
  const undo = before ? { path, method: "POST", body: { agent_id: before } } : { path, method: "DELETE" };
  act({ path, body: body ?? { [`${kind}_id`]: number }, text: t("assigned", { name }), undo });
}

/** Until when, by one digit or a date; out of the list meanwhile. */
export async function snooze(id = subject()) {
  const until = id && await moment();
  if (until) snoozeUntil(id, until);
}

async function moment() {
  const value = await choose(t("snooze_until"), [...choices.snoozes, { value: "date", name: t("date") }], { search: false });
  return value === "date" ? choose(t("snooze_until"), [], { type: "datetime-local", none: t("date"), fresh: (text) => ({ value: text, name: full(text), icon: "alarm-clock" }) }) : value;
}

const full = (text) => new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "full", timeStyle: "short" }).format(new Date(text));

function snoozeUntil(id, until) {
  const path = `/c/${id}/snoozing`;
  if (until === "now") return act({ path, method: "DELETE", text: t("back") });
  if ($("#list").dataset.view !== "snoozed") leave(id);
  const name = choices.snoozes.find((one) => one.value === until)?.name ?? full(until);
  act({ path, body: { until }, text: t("snoozed", { until: name }), undo: { path, method: "DELETE", then: () => reappear(id) } });
}

/** The head of the conversation a key is about, opened if it is not. */
async function head(id) {
  if (id && openId() !== id) await open(id);
  return id && openId() === id ? $("#conv .head") : null;
}

/** Put a tag on or take it off: those in use, and whatever is typed. */
export async function tags(id = subject()) {
  const place = await head(id);
  if (!place) return;
  const on = $$("[name=remove]", place).map((button) => button.value);
  const all = (await json(await ask("GET", "/tags"))).items.filter((name) => !on.includes(name));
  const items = [...on.map((name) => ({ value: name, name, note: t("take_off"), icon: "x" })), ...all.map((name) => ({ value: name, name, icon: "tag" }))];
  const known = new Set([...on, ...all].map((name) => name.toLowerCase()));
  const fresh = (text) => (known.has(text.toLowerCase()) ? null : { value: text, name: t("new_tag", { name: text }), icon: "plus" });
  const name = await choose(t("tags"), items, { hint: t("tags_hint"), none: t("tags_hint"), fresh });
  if (name) label(id, on.includes(name) ? "remove" : "add", name);
}

function label(id, what, name) {
  const path = `/c/${id}/tags`;
  const [text, other] = what === "add" ? [t("tagged", { name }), "remove"] : [t("untagged", { name }), "add"];
  return act({ path, body: { [what]: name }, text, undo: { path, method: "POST", body: { [other]: name } } });
}

export async function priority(id = subject()) {
  const place = await head(id);
  const value = place && await choose(t("priority"), choices.priorities, { search: false });
  if (value) prioritise(id, value);
}

function prioritise(id, value) {
  const path = `/c/${id}/priority`;
  const before = $("#conv [data-act=priority]").dataset.now;
  const { name } = choices.priorities.find((one) => one.value === value);
  return act({ path, body: { priority: value }, text: t("prioritised", { name }), undo: { path, method: "POST", body: { priority: before } } });
}

/** The address anybody here may open. */
export async function link(id = subject()) {
  const address = `${location.origin}/c/${id}`;
  await navigator.clipboard?.writeText(address); // only where the browser lets a page do it: not over plain http
  toast(navigator.clipboard ? t("copied") : address);
}

export function unread(id = subject()) {
  if (!id) return;
  clearTimeout(reading);
  setUnread(document.getElementById(`row-${id}`), 1);
  act({ path: `/c/${id}/reading`, method: "DELETE", text: t("unread") });
}

/** Y: the suggested account, else the offer that stands in a toast. */
export function accept() {
  if (openId() && $("[data-suggestion]")) confirm(true);
  else if (offered && Date.now() < offered.until) offered.act();
}

function confirm(yes) {
  const id = openId();
  if (!id || !$("[data-suggestion]")) return;
  $("[data-suggestion]").hidden = true;
  act({ path: `/c/${id}/account_suggestion`, body: { confirm: yes ? 1 : 0 }, text: t(yes ? "confirmed" : "denied") });
}

/** After a second in view what is shown counts as read. */
function read(id) {
  clearTimeout(reading);
  if (!id) return;
  reading = setTimeout(() => {
    if (openId() !== id || document.hidden) return;
    const last = $$("#timeline > .m[data-id]").at(-1);
    setUnread(document.getElementById(`row-${id}`), 0);
    if (last) ask("POST", `/c/${id}/reading`, { seq: parseInt(last.dataset.k, 10) }).catch((error) => say("failed", error));
  }, 1000);
}

/** The same for every ticked row; one undo takes all of it back. */
async function bulk(what) {
  const ids = ticked().map((row) => Number(row.dataset.id));
  const verb = { mine: "assignment", close: "closing", aside: "aside", snooze: "snoozing" }[what];
  const until = what === "snooze" ? await moment() : "";
  if (until === null) return;
  untick();
  if (!verb) return;
  const path = (id) => `/c/${id}/${verb}`;
  for (const id of ids) {
    if (what !== "mine") leave(id);
    await act({ path: path(id), body: { mine: { me: 1 }, snooze: { until } }[what] ?? {} });
  }
  offerUndo(t("ticked", { n: ids.length }), async () => {
    for (const id of ids) await back({ path: path(id), method: "DELETE", then: () => go($("#list").dataset.view, { push: false }) });
  });
}

async function resend(button) {
  const message = button.closest(".m");
  button.disabled = true;
  try {
    await ask("POST", `/c/${openId()}/messages/${message.dataset.id}/resend`);
    if (!state.open) refresh();
  } catch (error) {
    button.disabled = false;
    say("failed", error);
  }
}

const CLICKS = {
  assign: () => assign(openId()), unread: () => unread(openId()), "back-in": () => bringBack(openId()), link: () => link(openId()),
  reopen: () => reopen(openId()), resend,
};

const FORMS = {
  close: (id) => close({ id }), aside,
  label: (id, { name, value }) => label(id, name, value), snooze: (id, { value }) => snoozeUntil(id, value), priority: (id, { value }) => prioritise(id, value),
};

function clicked(event) {
  const button = event.target.closest("[data-act]");
  if (button?.tagName === "BUTTON") { button.closest(".head details[open]")?.removeAttribute("open"); CLICKS[button.dataset.act]?.(button); }
  const many = event.target.closest("[data-bulk]");
  if (many) bulk(many.dataset.bulk);
}

/** The forms that work without JavaScript, done here without leaving the page. */
function submitted(event) {
  const form = event.target;
  if (!form.closest("#conv") || form.id === "composer") return;
  event.preventDefault();
  if (FORMS[form.dataset.act]) {
    const field = event.submitter?.name ? event.submitter : $(".input", form);
    FORMS[form.dataset.act](openId(), { name: field?.name, value: field?.value });
    form.closest("details[open]")?.removeAttribute("open");
    return form.reset();
  }
  if (form.matches("[data-suggestion] form")) return confirm(event.submitter.value === "1");
  const method = form.dataset.verb ?? "POST";
  const path = new URL(form.action).pathname;
  if (form.matches("[data-join]")) act({ path, body: { into: form.elements.into.value }, text: t("joined"), undo: { path, method: "DELETE", then: refresh } }).then(refresh);
  else act({ path, method }).then(refresh);
}

if ($("#list")) {
  on("click", clicked);
  on("submit", submitted);
  hear("opened", read);
  hear("arrived", (node) => node.closest("#timeline") && read(openId()));
  read(openId());
}
