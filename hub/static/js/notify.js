// What the agent is told: toasts, the undo stack behind Z, counts in navigation, title and favicon.
import { $, $$, h, hear, on, say, t } from "./live.js";

const undos = [];
let title = document.title;
let quiet = 0;

/** A short notice; with `action` {label, act} it can be answered. Stays 8 s, longer while pointed at. */
export function toast(text, { tone = "", action = null, until = Date.now() + 8000 } = {}) {
  const box = h("div", { class: `toast ${tone}` }, h("span", {}, text));
  if (action) box.append(h("button", { class: "btn link", type: "button", onclick: () => { box.remove(); action.act(); } }, action.label(left())));
  function left() { return Math.max(0, Math.ceil((until - Date.now()) / 1000)); }
  const clock = setInterval(() => {
    if (action) $("button", box).textContent = action.label(left());
    if (Date.now() < until || (!action?.strict && box.matches(":hover, :focus-within"))) return;
    clearInterval(clock);
    box.remove();
  }, 500);
  const all = $("#toasts");
  if (all.children.length > 2) all.firstElementChild.remove();
  all.append(box);
  return box;
}

/** A toast with Undo; Z does the same. `until`: after that moment it is too late. */
export function offerUndo(text, act, { until = Date.now() + 8000, strict = false } = {}) {
  const entry = { act: once(act), until: strict ? until : Infinity };
  undos.push(entry);
  if (undos.length > 50) undos.shift();
  const label = (n) => (strict ? t("undo_in", { n }) : t("undo"));
  entry.toast = toast(text, { until, action: { label, strict, act: () => { undos.splice(undos.indexOf(entry), 1); entry.act(); } } });
}

/** Take back the last thing that can be taken back. */
export function undo() {
  const entry = undos.pop();
  if (!entry) return toast(t("nothing_to_undo"));
  entry.toast.remove();
  return Date.now() < entry.until ? entry.act() : toast(t("too_late"));
}

function once(act) {
  let done = false;
  return () => { if (!done) { done = true; act(); } };
}

/** A question above the composer: a sentence, an answer a button, and what it is about. */
export function question(box, text, answers, ...about) {
  const over = (act) => () => { box.hidden = true; box.replaceChildren(); act(); };
  const buttons = Object.entries(answers).map(([label, act]) => h("button", { class: "btn small", type: "button", onclick: over(act) }, t(label)));
  box.replaceChildren(h("div", { class: "banner warn" }, h("span", {}, t(text)), ...buttons), h("div", { class: "late" }, ...about));
  box.hidden = false;
}

/** Tell screen readers about the list, at most every 10 s. */
export function announce(text) {
  if (Date.now() - quiet < 10000) return;
  quiet = Date.now();
  $("#said").textContent = text;
}

export const titled = (text) => { title = `${text} · Dialogo`; drawTitle(); };

function drawTitle() {
  const n = Number($(".nav [data-count=mine]")?.textContent || 0);
  document.title = n ? `(${n}) ${title.replace(/^\(\d+\)\s/, "")}` : title;
}

function count({ key, n }) {
  if (key.startsWith("row-")) return say("unread", { row: key, n });
  for (const node of $$(`[data-count="${CSS.escape(key)}"]`)) node.textContent = n || "";
  if (key === "mine") drawTitle();
}

function news(waiting) {
  const link = $("link[rel=icon]");
  link.dataset.calm ??= link.getAttribute("href");
  link.setAttribute("href", waiting ? link.dataset.new : link.dataset.calm);
}

hear("start", () => {
  hear("count", count);
  hear("failed", (error) => toast(error instanceof TypeError ? t("offline") : error.message ?? String(error), { tone: "danger" }));
  hear("arrived", () => document.hidden && news(true));
  hear("fresh", () => document.hidden && news(true));
  on("visibilitychange", () => !document.hidden && news(false));
  drawTitle();
});
