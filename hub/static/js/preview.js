// A form with a preview beside it: shown as somebody would read it, soon after the last key; variables by a click.
import { $, ask, on, say } from "./live.js";
import { nodes } from "./ops.js";

const REST = 120;
const form = $("form[data-preview]");
let [waits, turn, last] = [0, 0, $("textarea", form)];

async function show() {
  const mine = ++turn;
  try {
    const drawn = await (await ask("POST", form.dataset.preview, new FormData(form))).text();
    if (mine === turn) $("#preview").replaceChildren(nodes(drawn));
  } catch (error) {
    say("failed", error);
  }
}

on("input", ({ target }) => { if (target.form !== form) return; clearTimeout(waits); waits = setTimeout(show, REST); });
form.addEventListener("focusin", ({ target }) => { if (target.matches("textarea, [name=subject]")) last = target; });
on("click", ({ target }) => {
  const button = target.closest("[data-insert]");
  if (!button) return;
  last.setRangeText(button.dataset.insert, last.selectionStart, last.selectionEnd, "end");
  last.focus();
  last.dispatchEvent(new InputEvent("input", { bubbles: true }));
});
