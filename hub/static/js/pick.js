// The dialog to choose from: people and teams with a search, or a few answers by digit.
import { $, h, t } from "./live.js";

/** A list in a dialog: search, arrows, Enter; without search the digits choose. Answers the value, "" or null. */
export function choose(title, all, { search = true } = {}) {
  const dialog = $("#pick");
  const [field, list] = [$("#pick-search"), $("#pick-list")];
  $("#pick-title").textContent = title;
  field.hidden = !search;
  field.value = "";
  let shown = [];
  let at = 0;
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  function draw() {
    shown = all.filter((one) => plain(one.name).includes(plain(field.value.trim())));
    at = Math.max(0, Math.min(at, shown.length - 1));
    list.replaceChildren(...shown.map((one, index) => h("li", { role: "option", id: `pick-${index}`, "aria-selected": String(index === at), "data-value": one.value },
      search ? h("span", { class: `dot ${one.here ? "ok" : ""}` }) : h("kbd", {}, String(one.digit ?? index + 1)), h("span", { class: "cut" }, one.name), h("small", {}, one.note))));
    if (!shown.length) list.append(h("li", { class: "none", role: "option", "aria-disabled": "true", "aria-selected": "false" }, t("nobody")));
    (search ? field : list).setAttribute("aria-activedescendant", shown.length ? `pick-${at}` : "");
    $("[aria-selected=true]", list)?.scrollIntoView({ block: "nearest" });
  }
  return new Promise((resolve) => {
    const end = (value) => { controller.abort(); dialog.close(); field.blur(); resolve(value); };
    const controller = new AbortController();
    const when = { signal: controller.signal };
    field.addEventListener("input", () => { at = 0; draw(); }, when);
    dialog.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") { event.preventDefault(); at += event.key === "ArrowDown" ? 1 : -1; draw(); }
      if (event.key === "Enter" && event.target.tagName !== "BUTTON") { event.preventDefault(); if (shown[at]) end(shown[at].value); }
      const digit = !search && shown.find((one, index) => String(one.digit ?? index + 1) === event.key);
      if (digit) end(digit.value);
    }, when);
    list.addEventListener("click", (event) => { const item = event.target.closest("[data-value]"); if (item) end(item.dataset.value); }, when);
    // the close of the question before this one is told late, when this one is already open
    dialog.addEventListener("close", () => { if (!dialog.open) { controller.abort(); resolve(null); } }, when);
    list.tabIndex = search ? -1 : 0;
    draw();
    dialog.showModal();
    (search ? field : list).focus();
  });
}
