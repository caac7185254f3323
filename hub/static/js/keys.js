// The keyboard: single letters by event.key, never while writing, composing or in a dialog, and switchable off.
import { $, app, hear, on } from "./live.js";
import * as list from "./list.js";
import * as nav from "./nav.js";
import * as triage from "./triage.js";
import { focus } from "./compose.js";
import { undo } from "./notify.js";

const GO = { i: "/inbox/mine", u: "/inbox/unassigned", a: "/inbox/all", c: "/inbox/closed", k: "/contacts", q: "/quarantine" };
const ZONES = ["#search", "#nav a[aria-current], #nav a", "#rows", "#timeline", "#text", "#card", "#toasts"];
const inbox = (act) => () => nav.isInbox() && act();
const thread = (act) => () => nav.openId() && act();
let going = 0;

const KEYS = {
  j: inbox(() => list.step(1)), k: inbox(() => list.step(-1)), o: inbox(list.openChosen), x: inbox(() => list.tick()),
  r: thread(() => focus("reply")), n: thread(() => focus("note")), a: inbox(() => triage.assign()), m: inbox(() => triage.assignMe()),
  e: inbox(() => triage.closeOrReopen(false)), E: inbox(() => triage.closeOrReopen(true)), u: inbox(leave), U: inbox(() => triage.unread()),
  y: thread(() => triage.confirm()), z: undo, i: thread(card), "/": () => $("#search").focus(), "?": help,
};

const BARE = { ArrowDown: () => list.step(1), ArrowUp: () => list.step(-1), Home: () => list.edge(false), End: () => list.edge(true), Enter: list.openChosen };

function pressed(event) {
  if (event.defaultPrevented || event.isComposing || event.key === "Dead" || $("dialog[open]")) return;
  if (event.key === "F6") return zone(event);
  if (event.key === "Escape") return escape(event);
  if (event.ctrlKey || event.metaKey || event.altKey || event.getModifierState("AltGraph") || inField(event.target)) return;
  if (nav.isInbox() && BARE[event.key] && inList(event.target)) { event.preventDefault(); return BARE[event.key](); }
  if (app.dataset.shortcuts === "off") return;
  if (going && Date.now() - going < 1500) return follow(event);
  if (event.key === "g") { going = Date.now(); return; }
  const act = KEYS[event.key] ?? (event.shiftKey ? null : KEYS[event.key.toLowerCase()]);
  if (!act) return;
  event.preventDefault();
  act();
}

const inField = (node) => node.closest?.("input, textarea, select, [contenteditable]");
const inList = (node) => node === document.body || node.id === "rows" || node.id === "main" || (node.id === "conv" && node.matches(":not([data-c])"));

function follow(event) {
  going = 0;
  const path = GO[event.key.toLowerCase()];
  if (!path) return;
  event.preventDefault();
  const view = path.match(/^\/inbox\/(.+)$/)?.[1];
  if (view && nav.isInbox()) nav.go(view);
  else location.assign(path);
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
  if (act === "card") card();
  if (act === "dismiss" || event.target.tagName === "DIALOG") event.target.closest("dialog").close();
}

hear("start", () => {
  on("keydown", pressed);
  on("click", clicked);
  if (localStorage.getItem("dialogo:card") === "off" && matchMedia("(min-width: 1281px)").matches) app.dataset.card = "off";
});
