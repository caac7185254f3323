// Applies frames to the page: patches nodes where they are, moves them by sort key, never enters [data-keep].
import { $$, say, times } from "./live.js";

const policy = window.trustedTypes?.createPolicy("dialogo", { createHTML: (text) => text }) ?? { createHTML: (text) => text };
const MINE = new Set(["role", "aria-selected", "aria-checked", "tabindex", "data-n", "data-open", "data-ticked", "data-gone", "open"]);

/** Set by list.js: may a row move now, and what a row needs when it comes in. */
export const manners = { mayMove: () => true, adopt: () => {}, held: () => {} };

/** The only door through which text becomes nodes. */
export function nodes(text) {
  const box = document.createElement("template");
  box.innerHTML = policy.createHTML(text);
  return times(box.content);
}

const places = (target) => $$(`[data-live~="${CSS.escape(String(target))}"]`).filter((place) => !place.closest("[data-keep]"));
const findIn = (place, fresh) => (fresh.id && place.querySelector(`#${CSS.escape(fresh.id)}`))
  || (fresh.dataset.client && place.querySelector(`[data-client="${CSS.escape(fresh.dataset.client)}"]`)) || null;

const OPS = {
  place: (target, text) => places(target).forEach((list) => place(list, nodes(text).firstElementChild)),
  put: (target, text) => places(target).forEach((log) => put(log, nodes(text).firstElementChild)),
  patch: (target, text, version) => places(target).forEach((node) => {
    if (version !== undefined && Number(version) < Number(node.dataset.v ?? 0)) return;
    const fresh = node.cloneNode(false);
    fresh.append(nodes(text));
    if (version !== undefined) fresh.dataset.v = version;
    patch(node, fresh);
  }),
  drop: (target, id) => places(target).forEach((list) => {
    const node = list.querySelector(`#${CSS.escape(id)}`);
    if (!node) say("dropped", id);
    else if (!(list.dataset.order === "desc" && manners.held(list, node, "drop"))) remove(list, node);
  }),
  attr: (target, name, value) => places(target).forEach((node) => (value === null ? node.removeAttribute(name) : node.setAttribute(name, value))),
  text: (target, text) => places(target).forEach((node) => { node.textContent = text; }),
  count: (key, n) => say("count", { key: String(key).replace(/^nav:/, ""), n: Number(n) }),
  who: (conversation, people) => say("who", { conversation: Number(String(conversation).replace(/^thread:/, "")), people }),
  toast: (text, conversation) => say("toast", conversation ? { text, conversation } : text),
  stale: () => say("stale"),
};

/** Apply the operations of one frame, in order; an operation of a newer server is left out. */
export function apply(frame) {
  for (const [name, ...rest] of frame.o ?? []) OPS[name]?.(...rest);
}

/** Put a row into its list, by its key; a lower version than the one shown is ignored. */
export function place(list, fresh) {
  const old = findIn(list, fresh);
  if (old && Number(fresh.dataset.v) < Number(old.dataset.v)) return old;
  const seen = old && Number(old.dataset.seq);
  if (old) patch(old, fresh);
  const node = old ?? fresh;
  manners.adopt(node, fresh, seen);
  if (!manners.held(list, node, "place")) settle(list, node);
  return node;
}

/** Put a message into its thread; the view stays at the end only if it was there. */
export function put(log, fresh, { arrive = true } = {}) {
  const old = findIn(log, fresh);
  if (old && Number(fresh.dataset.v) < Number(old.dataset.v ?? 0)) return old;
  const end = atEnd(log);
  const node = old ?? fresh;
  if (old) {
    old.id = fresh.id;
    patch(old, fresh);
  } else if (arrive) node.classList.add("new");
  settle(log, node);
  if (end) log.scrollTop = log.scrollHeight;
  if (!old) say("arrived", node);
  return node;
}

export const atEnd = (log) => log.scrollHeight - log.scrollTop - log.clientHeight < 48;

/** Move a node to where its key belongs. */
export function settle(list, node) {
  if (settled(list, node)) return;
  move(list, node, spot(list, node));
  say("moved", list);
}

/** Whether it stands where its key belongs. */
export const settled = (list, node) => node.isConnected && spot(list, node) === node.nextElementSibling;

function spot(list, node) {
  const down = list.dataset.order === "desc";
  for (const other of list.children) {
    if (other === node) continue;
    if (other.dataset.k === undefined) { if (down) return other; continue; }
    const order = compare(key(list, other), key(list, node));
    if (down ? order < 0 : order > 0) return other;
  }
  return null;
}

/** A list that may be sorted has rows with a key for each sort. */
function key(list, node) {
  const keys = node.dataset.k.split(" ");
  return keys[list.dataset.by ?? 0] ?? keys[0];
}

/** Keys of digits compare as numbers of any length, others as text. */
function compare(a, b) {
  if (/^\d+$/.test(a) && /^\d+$/.test(b) && a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Move without losing focus: moveBefore where the browser has it, else insert and focus again. */
function move(list, node, before) {
  if (node.isConnected && node.parentNode === list && list.moveBefore) return list.moveBefore(node, before);
  const focused = node.contains(document.activeElement) ? document.activeElement : null;
  list.insertBefore(node, before);
  focused?.focus({ preventScroll: true });
}

export function remove(list, node) {
  say("leaving", node);
  node.remove();
  say("moved", list);
}

/** Make `old` look like `fresh` in place. What belongs to the viewer stays: MINE, [data-mine], [data-keep]. */
export function patch(old, fresh) {
  if (old.hasAttribute("data-keep")) return;
  if (old.hasAttribute("data-mine") && fresh.hasAttribute("data-mine")) return;
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && !MINE.has(name)) old.removeAttribute(name);
  for (const { name, value } of [...fresh.attributes]) {
    if (old.getAttribute(name) !== value && !(MINE.has(name) && old.hasAttribute(name)) && !(name === "href" && old.matches("[role=option] > a"))) old.setAttribute(name, value);
  }
  children(old, fresh);
}

function children(old, fresh) {
  let at = old.firstChild;
  for (const node of [...fresh.childNodes]) {
    const match = alike(at, node) ? at : later(at, node);
    if (!match) { old.insertBefore(node, at); continue; }
    while (at !== match) at = dropped(at);
    if (match.nodeType === Node.ELEMENT_NODE) { if (!match.isEqualNode(node)) patch(match, node); }
    else if (match.data !== node.data) match.data = node.data;
    at = match.nextSibling;
  }
  while (at) at = dropped(at);
}

function dropped(node) {
  const next = node.nextSibling;
  if (!node.matches?.("[data-keep]")) node.remove();
  return next;
}

function alike(a, b) {
  return a && a.nodeType === b.nodeType && a.nodeName === b.nodeName && (a.id ?? "") === (b.id ?? "")
    && (a.classList?.[0] ?? "") === (b.classList?.[0] ?? "") && a.dataset?.mine === b.dataset?.mine;
}

function later(at, node) {
  if (node.nodeType !== Node.ELEMENT_NODE) return null;
  for (let next = at?.nextSibling; next; next = next.nextSibling) if (alike(next, node)) return next;
  return null;
}
