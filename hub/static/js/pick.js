// The dialog to choose from: people, times and tags with a search, a few answers by digit, and everything (Ctrl K).
import { $, ask, data, h, json, t } from "./live.js";
import { isInbox, openId } from "./nav.js";
import { subject } from "./list.js";

const REST = 120;
const actions = data("actions", []);
const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

// A list in a dialog: arrows, Enter, and a search; without search the digits choose. Answers the value or null.
// `fresh(text)` makes an item of what was typed, `more(text)` brings items from the server, `type` is the field's.
export function choose(title, all, { search = true, type = "text", hint = "", none = "", fresh, more, bare = false } = {}) {
  const dialog = $("#pick");
  const [field, list] = [$("#pick-search"), $("#pick-list")];
  $("#pick-title").textContent = title;
  dialog.classList.toggle("bare", bare);
  Object.assign(field, { hidden: !search, type, value: dialog.open ? field.value : "", placeholder: hint });
  let [shown, found, at, asked] = [[], [], 0, 0];
  function draw() {
    const typed = field.value.trim();
    const made = typed && fresh?.(typed);
    shown = [...matching(all, plain(typed)), ...found, ...(made ? [made] : [])];
    at = Math.max(0, Math.min(at, shown.length - 1));
    list.replaceChildren(...shown.map((one, index) => h("li", { role: "option", id: `pick-${index}`, "aria-selected": String(index === at), "data-value": one.value },
      sign(one, index, search), h("span", { class: "cut" }, one.name), h("small", {}, one.note ?? ""))));
    if (!shown.length) list.append(h("li", { class: "none", role: "option", "aria-disabled": "true", "aria-selected": "false" }, none || t("nobody")));
    (search ? field : list).setAttribute("aria-activedescendant", shown.length ? `pick-${at}` : "");
    $("[aria-selected=true]", list)?.scrollIntoView({ block: "nearest" });
  }
  function typing() {
    [at, found] = [0, []];
    draw();
    clearTimeout(asked);
    const text = field.value.trim();
    if (more && text) asked = setTimeout(async () => { const items = await more(text).catch(() => []); if (field.value.trim() === text && dialog.open) { found = items; draw(); } }, REST);
  }
  return new Promise((resolve) => {
    const end = (value) => { controller.abort(); clearTimeout(asked); dialog.close(); field.blur(); resolve(value); };
    const controller = new AbortController();
    const when = { signal: controller.signal };
    field.addEventListener("input", typing, when);
    dialog.addEventListener("keydown", (event) => {
      if (type === "text" && (event.key === "ArrowDown" || event.key === "ArrowUp")) { event.preventDefault(); at += event.key === "ArrowDown" ? 1 : -1; draw(); }
      if (event.key === "Enter" && event.target.tagName !== "BUTTON") { event.preventDefault(); if (shown[at]) end(shown[at].value); }
      const digit = !search && shown.find((one, index) => String(one.digit ?? index + 1) === event.key);
      if (digit) end(digit.value);
    }, when);
    list.addEventListener("click", (event) => { const item = event.target.closest("[data-value]"); if (item) end(item.dataset.value); }, when);
    // the close of the question before this one is told late, when this one is already open
    dialog.addEventListener("close", () => { if (!dialog.open) { controller.abort(); clearTimeout(asked); resolve(null); } }, when);
    list.tabIndex = search ? -1 : 0;
    typing();
    if (!dialog.open) dialog.showModal();
    (search ? field : list).focus();
  });
}

/** Every word of what was typed stands in the name; who begins with it comes first. */
function matching(all, typed) {
  const words = typed.split(/\s+/).filter(Boolean);
  const fits = all.filter((one) => words.every((word) => plain(`${one.name} ${one.note ?? ""}`).includes(word)));
  return typed ? fits.toSorted((a, b) => plain(b.name).startsWith(typed) - plain(a.name).startsWith(typed)) : fits;
}

function sign(one, index, search) {
  if (!search) return h("kbd", {}, String(one.digit ?? index + 1));
  if (!one.icon) return h("span", { class: `dot ${one.here ? "ok" : ""}` });
  const drawing = $("svg.ic").cloneNode(true);
  const use = drawing.firstElementChild;
  drawing.setAttribute("class", "ic");
  use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#i-${one.icon}`));
  return drawing;
}

/** What one can do here, where one can go, and, while typing, people and conversations. */
export function palette() {
  const there = { "": true, one: isInbox() && subject(), open: openId() };
  const bring = async (text) => (await json(await ask("GET", `/palette?q=${encodeURIComponent(text)}`))).items;
  return choose(t("commands"), actions.filter(({ needs }) => there[needs]), { hint: t("commands"), none: t("nothing_found"), more: bring, bare: true });
}
