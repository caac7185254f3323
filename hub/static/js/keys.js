// The keyboard: single letters by event.key, never while writing, composing or in a dialog, and switchable off.
import { $, app, hear, on, say, t } from "./live.js";
import * as list from "./list.js";
import * as nav from "./nav.js";
import { focus } from "./compose.js";
import { undo } from "./notify.js";

const GO = { i: "mine", m: "mentions", u: "unassigned", h: "snoozed", d: "drafts", a: "all", c: "closed", k: "/contacts", q: "/quarantine" };
const ZONES = ["#search", "#nav a[aria-current], #nav a", "#rows", "#timeline", "#text", "#card", "#toasts"];
const inbox = (act) => () => nav.isInbox() && act();
const thread = (act) => () => nav.openId() && act();
const verb = (name, ...told) => inbox(async () => (await verbs())[name](...told));
let going = 0;

/** What can be done by name: by a key, or from the palette. */
const ACTIONS = {
  reply: thread(() => focus("reply")), note: thread(() => focus("note")), card: thread(card), tick: inbox(() => list.tick()),
  assign: verb("assign"), mine: verb("assignMe"), tags: verb("tags"), snooze: verb("snooze"), priority: verb("priority"),
  close: verb("closeOrReopen", false), stay: verb("closeOrReopen", true), unread: verb("unread"), link: verb("link"), accept: verb("accept"),
  call: thread(() => say("call")), undo, help, new: () => location.assign("/new"), search: () => $("#search").focus(), next: inbox(() => list.step(1)), before: inbox(() => list.step(-1)), open: inbox(list.openChosen), leave: inbox(leave),
};

const KEYS = {
  j: "next", k: "before", o: "open", x: "tick", u: "leave", r: "reply", n: "note", a: "assign", m: "mine", t: "tags", h: "snooze", p: "priority",
  c: "new", C: "call", e: "close", E: "stay", U: "unread", y: "accept", l: "link", i: "card", z: "undo", "/": "search", "?": "help",
};

const BARE = { ArrowDown: () => list.step(1), ArrowUp: () => list.step(-1), Home: () => list.edge(false), End: () => list.edge(true), Enter: list.openChosen };

function pressed(event) {
  if (event.defaultPrevented || event.isComposing || event.key === "Dead" || $("dialog[open]")) return;
  if (event.key === "F6") return zone(event);
  if (event.key === "Escape") return escape(event);
  if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) { event.preventDefault(); return palette(); }
  if (event.ctrlKey || event.metaKey || event.altKey || event.getModifierState("AltGraph") || inField(event.target)) return;
  if (nav.isInbox() && BARE[event.key] && inList(event.target)) { event.preventDefault(); return BARE[event.key](); }
  if (app.dataset.shortcuts === "off") return;
  if (going && Date.now() - going < 1500) return follow(event);
  if (event.key === "g") { going = Date.now(); return; }
  const name = KEYS[event.key] ?? (event.shiftKey ? null : KEYS[event.key.toLowerCase()]);
  if (!name) return;
  event.preventDefault();
  ACTIONS[name]();
}

/** What one does with a conversation, and the dialogs for it, are fetched when the page has come to rest. */
const verbs = () => import("./triage.js").catch((error) => { say("failed", new Error(t("failed"))); throw error; });

/** Everything that can be done here, by name. What is typed while the rest is fetched is kept: it was meant for here. */
async function palette() {
  const [dialog, field] = [$("#pick"), $("#pick-search")];
  dialog.className = "pick bare";
  Object.assign(field, { hidden: false, value: "" });
  dialog.showModal();
  field.focus();
  const pick = await import("./pick.js");
  const value = dialog.open && (await pick.palette());
  if (!value) return;
  const place = value.match(/^\/(inbox|c)\/(\w+)$/);
  if (ACTIONS[value]) ACTIONS[value]();
  else if (!place || !nav.isInbox()) location.assign(value);
  else if (place[1] === "c") nav.open(Number(place[2]));
  else nav.go(place[2]);
}

const inField = (node) => node.closest?.("input, textarea, select, [contenteditable]");
const inList = (node) => node === document.body || node.id === "rows" || node.id === "main" || (node.id === "conv" && node.matches(":not([data-c])"));

function follow(event) {
  going = 0;
  const to = GO[event.key.toLowerCase()];
  if (!to) return;
  event.preventDefault();
  if (to.startsWith("/")) location.assign(to);
  else nav.go(to);
}

/** Esc leaves the field, then closes what lies over the page, then goes back to the list. */
function escape(event) {
  const field = inField(event.target);
  const open = $("details[name=menu][open]");
  if (field) { field.blur(); $("#rows")?.focus({ preventScroll: true }); return; }
  if (open) { open.open = false; $("summary", open).focus(); return; }
  if (app.dataset.card === "on") return card();
  if ($("#bulk:not([hidden])")) list.untick();
}

/** F6 goes round the zones: search, navigation, list, thread, composer, card, notices. */
function zone(event) {
  event.preventDefault();
  const stops = ZONES.map((selector) => $(selector)).filter((node) => node && node.checkVisibility() && (node.id !== "toasts" || node.children.length));
  const at = stops.findLastIndex((stop) => stop === document.activeElement || stop.contains(document.activeElement) || stop.closest("nav, aside, form#composer")?.contains(document.activeElement));
  stops[(at + (event.shiftKey ? stops.length - 1 : 1)) % stops.length]?.focus();
}

function leave() {
  nav.close();
  $("#rows")?.focus({ preventScroll: true });
}

function card() {
  const wide = matchMedia("(min-width: 1281px)").matches;
  if (wide) app.dataset.card = app.dataset.card === "off" ? "" : "off";
  else app.dataset.card = app.dataset.card === "on" ? "" : "on";
  if (wide) localStorage.setItem("dialogo:card", app.dataset.card);
  else if (app.dataset.card === "on") $("#card").focus();
}

function help() {
  $("#help").showModal();
}

function clicked(event) {
  const act = event.target.closest("[data-act]")?.dataset.act;
  if (act === "help") help();
  if (act === "palette") palette();
  if (act === "card") card();
  if (act === "dismiss" || event.target.tagName === "DIALOG") event.target.closest("dialog").close();
}

hear("start", () => {
  if (nav.isInbox()) setTimeout(() => verbs().catch(() => {})); // without a network now: asked for again when it is needed
  on("keydown", pressed);
  on("click", clicked);
  if (localStorage.getItem("dialogo:card") === "off" && matchMedia("(min-width: 1281px)").matches) app.dataset.card = "off";
});
