// Calls: the clock in the bar, what rings, beginning one and hanging up. The bar itself comes and goes by frames.
import { $, $$, ask, clientId, hear, on, say, t } from "./live.js";
import { nodes } from "./ops.js";
import { openId } from "./nav.js";

const two = (n) => String(n).padStart(2, "0");

/** 3:07, or 1:02:07 from an hour on. */
function lasted(since) {
  const all = Math.max(0, Math.floor((Date.now() - new Date(since)) / 1000));
  const [hours, minutes] = [Math.floor(all / 3600), Math.floor(all / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(all % 60)}` : `${minutes}:${two(all % 60)}`;
}

function tick() {
  for (const call of $$("#calls .call")) $(".clock", call).textContent = lasted(call.dataset.since);
}

/** A repeated press rings nobody twice: the same name until the server has answered. */
let named = "";
async function start(button) {
  const conversation = button?.dataset.c ?? openId();
  if (!conversation || named) return;
  named = clientId();
  try {
    await ask("POST", `/c/${conversation}/calls`, { client_id: named, number: button?.dataset.number ?? "" });
    say("toast", t("pick_up"));
  } catch (error) {
    say("failed", error);
  } finally {
    named = "";
  }
}

async function hangUp(button) {
  button.disabled = true;
  try {
    await ask("POST", `/c/${button.dataset.c}/calls/${button.dataset.call}/hang-up`);
  } catch (error) {
    button.disabled = false;
    say("failed", error);
  }
}

function clicked(event) {
  const button = event.target.closest("[data-act=call], [data-act=hang-up]");
  if (button) (button.dataset.act === "call" ? start : hangUp)(button);
}

/** What rings is said at once, wherever the focus is; it is answered on the telephone. */
function rings(node) {
  if (node.dataset.rings) $("#said").textContent = node.dataset.rings;
  tick();
}

async function again() {
  const answer = await ask("GET", "/calls");
  $("#calls").replaceChildren(nodes(await answer.text()));
  tick();
}

on("click", clicked);
hear("call", () => start());
hear("arrived", (node) => node.closest("#calls") && rings(node));
hear("stale", () => again().catch((error) => say("failed", error)));
setInterval(tick, 1000);
tick();
