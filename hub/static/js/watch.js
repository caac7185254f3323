// A part of a page that waits for something outside: fetched again until nothing in it waits; and texts copied with one click.
import { $, $$, ask, on } from "./live.js";
import { nodes } from "./ops.js";

const EVERY = 2000;
const LONGEST = 15 * 60000;

function watch(node) {
  const until = Date.now() + LONGEST;
  const again = () => setTimeout(look, EVERY);
  async function look() {
    if (!node.isConnected || Date.now() > until) return;
    if (document.hidden) return again();
    try {
      const text = await (await ask("GET", node.dataset.watch, undefined, { Accept: "text/html" })).text();
      const fresh = nodes(text);
      if (fresh.textContent.trim() !== node.textContent.trim()) node.replaceChildren(fresh);
    } catch { /* away for a moment: the next look tells */ }
    if ($("[data-waits]", node)) again();
  }
  if ($("[data-waits]", node)) again();
}

on("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const field = document.getElementById(button.dataset.copy);
  field.select();
  await navigator.clipboard?.writeText(field.value);
  button.lastChild.textContent = button.dataset.copied;
});
$$("[data-watch]").forEach(watch);
