// The list: selection, ticks, unread numbers, and rows that change at once but do not move under the hand.
import { $, $$, app, hear, on, say, t } from "./live.js";
import { manners, remove, settle, settled } from "./ops.js";
import { address, open, openId, prefetch, view } from "./nav.js";
import { announce } from "./notify.js";

const REST = 60;
const POLITE = 1500;
let selected = null;
let resting = 0;
let pointed = false;
let keyed = 0;
let waiting = new Map();
let releasing = 0;

export const rows = () => $$("#rows > .row:not([data-gone], .pager ~ *)");
export const chosen = () => (selected && document.getElementById(`row-${selected}`)) || null;
export const ticked = () => $$("#rows > .row[data-ticked]");
const idOf = (row) => Number(row.dataset.id);

/** The conversation a key acts on: the open one, else the selected row. */
export const subject = () => (app.dataset.zone === "conv" && openId()) || selected || openId();

/** Make a row the selected one; after a short rest its conversation is fetched ahead. */
export function select(row, { scroll = true } = {}) {
  const list = $("#rows");
  const old = chosen();
  if (old) old.ariaSelected = "false";
  selected = row ? idOf(row) : null;
  if (!row) return list?.removeAttribute("aria-activedescendant");
  row.ariaSelected = "true";
  list.setAttribute("aria-activedescendant", row.id);
  if (scroll) row.scrollIntoView({ block: "nearest" });
  clearTimeout(resting);
  const id = selected;
  resting = setTimeout(() => id !== openId() && prefetch(id), REST);
}

/** J and K: the next or the previous row; past the last one, older ones come. */
export function step(by) {
  keyed = Date.now();
  const all = rows();
  if (!all.length) return;
  const at = all.indexOf(chosen());
  if (at + by === all.length) $("#rows .pager a:not([aria-disabled])")?.click();
  select(all[at < 0 ? 0 : Math.max(0, Math.min(all.length - 1, at + by))]);
  releaseSoon();
}

export function edge(last) {
  const all = rows();
  if (all.length) select(last ? all.at(-1) : all[0]);
}

export const openChosen = () => selected && open(selected);

/** The row to go to when `id` leaves: the next one, else the one before. */
export function neighbour(id) {
  const all = rows();
  const at = all.findIndex((row) => idOf(row) === id);
  return at < 0 ? null : all[at + 1] ?? all[at - 1] ?? null;
}

/** Take a row out at once because this agent acted on it. */
export function takeOut(id) {
  const row = document.getElementById(`row-${id}`);
  if (row) remove($("#rows"), row);
}

export function tick(row = chosen()) {
  if (!row) return;
  row.toggleAttribute("data-ticked");
  row.ariaChecked = row.hasAttribute("data-ticked");
  drawBulk();
}

export function untick() {
  for (const row of ticked()) { row.removeAttribute("data-ticked"); row.ariaChecked = null; }
  drawBulk();
}

function drawBulk() {
  const n = ticked().length;
  const bar = $("#bulk");
  if (!bar) return;
  bar.hidden = !n;
  $("#rows").classList.toggle("ticking", n > 0);
  $("b", bar).textContent = t("ticked", { n });
}

/** Unread is this agent's own number; live rows do not carry it. */
export function setUnread(row, n) {
  if (!row) return;
  row.dataset.n = n;
  const badge = $("[data-mine=unread]", row);
  if (badge) badge.textContent = n || "";
}

function adopt(row, fresh, seen) {
  if (!row.matches?.(".row")) return;
  row.role = "option";
  row.removeAttribute("data-gone");
  row.ariaSelected ??= String(idOf(row) === selected);
  $("a", row).removeAttribute("href");
  if (!fresh) return;
  const isNew = seen === null;
  const said = fresh.dataset.dir === "in" && (isNew || Number(fresh.dataset.seq) > seen);
  if (said && !(idOf(row) === openId() && !document.hidden)) setUnread(row, Number(row.dataset.n || 0) + 1);
  if (said) say("fresh", row);
}

/** Whether a move has to wait: the pointer rests in the list, or a list key was pressed just now. */
const busy = () => pointed || Date.now() - keyed < POLITE;

function held(list, node, what) {
  if (list.id !== "rows" || !busy()) return false;
  if (what === "drop") node.setAttribute("data-gone", "");
  else if (settled(list, node)) return false;
  waiting.set(node.id, { node, what });
  drawFresh();
  releaseSoon();
  return true;
}

function drawFresh() {
  const chip = $(".fresh");
  const n = [...waiting.values()].filter(({ what }) => what === "place").length;
  chip.hidden = !n;
  $("span", chip).textContent = n === 1 ? t("new_one") : t("new_many", { n });
}

/** Let the waiting moves happen. */
export function release() {
  const list = $("#rows");
  const moves = [...waiting.values()];
  waiting = new Map();
  for (const { node, what } of moves) {
    if (what === "drop") { if (node.hasAttribute("data-gone")) remove(list, node); }
    else settle(list, node);
  }
  drawFresh();
  if (moves.length) announce(t("changed", { n: moves.length }));
}

function releaseSoon() {
  clearTimeout(releasing);
  releasing = setTimeout(() => (busy() ? pointed || releaseSoon() : release()), POLITE + 50);
}

function adoptAll() {
  const list = $("#rows");
  if (!list) return;
  list.role = "listbox";
  list.tabIndex = 0;
  for (const row of $$(".row", list)) adopt(row);
  // A link is no option: keys go past the last row instead.
  for (const link of $$(".pager a", list)) { link.parentNode.ariaHidden = "true"; link.tabIndex = -1; }
  waiting = new Map();
  const first = openId() ?? selected;
  select(document.getElementById(`row-${first}`), { scroll: Boolean(openId()) });
  marked();
  list.addEventListener("pointerenter", () => { pointed = true; });
  list.addEventListener("pointerleave", () => { pointed = false; releaseSoon(); });
}

function marked() {
  for (const row of $$("#rows > .row[data-open]")) row.removeAttribute("data-open");
  const id = openId();
  const row = id && document.getElementById(`row-${id}`);
  if (row) { row.setAttribute("data-open", ""); if (id !== selected) select(row); }
}

function leaving(node) {
  waiting.delete(node.id);
  if (!node.matches(".row") || idOf(node) !== selected) return;
  select(neighbour(idOf(node)), { scroll: false });
}

function filled() {
  const none = $(".no-rows");
  if (none) none.hidden = Boolean(rows().length);
  drawBulk();
}

function clicked(event) {
  if (event.target.closest("[data-act=fresh]")) { pointed = false; keyed = 0; release(); $("#rows").scrollTop = 0; }
  const box = event.target.closest("[data-act=tick]");
  const row = event.target.closest("#rows > .row");
  if (box) return tick(row);
  if (!row) return;
  if (event.button || event.ctrlKey || event.metaKey || event.shiftKey) window.open(address(view(), row.dataset.id), "_blank", "noopener");
  else open(idOf(row));
}

hear("start", () => {
  manners.adopt = adopt;
  manners.held = held;
  adoptAll();
  on("click", clicked);
  on("auxclick", (event) => event.button === 1 && clicked(event));
  hear("listed", () => { adoptAll(); filled(); });
  hear("opening", (id) => { const row = document.getElementById(`row-${id}`); if (row) select(row); });
  hear("opened", marked);
  hear("leaving", leaving);
  hear("moved", filled);
  hear("dropped", (id) => { if (waiting.delete(id)) drawFresh(); });
  hear("unread", ({ row, n }) => setUnread(document.getElementById(row), n));
});
