// Looks people up while one types; without it the same field is a search with a button.
import { $, ask, h, json } from "./live.js";

const REST = 150;
const field = $("[data-lookup]");
const list = $("[data-found]");
let waiting = 0;

field?.addEventListener("input", () => {
  clearTimeout(waiting);
  const text = field.value.trim();
  waiting = setTimeout(async () => {
    const { items } = await json(await ask("GET", `${field.dataset.lookup}?q=${encodeURIComponent(text)}`)).catch(() => ({ items: [] }));
    if (field.value.trim() !== text) return;
    const people = items.filter((one) => one.value.startsWith("/contacts/"));
    list.replaceChildren(...people.map((one) => h("li", { class: "btn-row" }, h("a", { href: field.dataset.opens + one.value.slice(10) }, one.name), h("span", { class: "dim" }, one.note))));
  }, REST);
});
