// Who looks at what, and who writes: told on opening and every 15 s, shown in rows and above the thread.
import { $, ask, h, hear, me, on, say, t } from "./live.js";
import { send } from "./wire.js";

const LEASE = 15000;
const people = new Map();
const shown = () => Number($("#conv")?.dataset.c) || null;

function tell() {
  send({ viewing: document.hidden ? null : shown() });
}

function heard({ conversation, people: told }) {
  people.set(conversation, told.filter((one) => one.id !== me.id));
  draw(conversation);
}

function draw(conversation) {
  const others = people.get(conversation) ?? [];
  const watch = document.querySelector(`#row-${conversation} [data-mine=watch]`);
  watch?.replaceChildren(...others.slice(0, 2).map((one) => h("span", { class: "avatar", title: sentence(one) }, initials(one.name))));
  const banner = $("#watching");
  if (!banner || shown() !== conversation) return;
  const loudest = others.find((one) => one.mode !== "viewing") ?? others[0];
  banner.hidden = !loudest;
  if (loudest) $("span", banner).textContent = sentence(loudest);
}

/** Whose message has just come in writes it no more. */
function said(node) {
  const told = people.get(shown());
  const who = node.matches(".m") && told && $("header b", node)?.textContent;
  if (who) heard({ conversation: shown(), people: told.map((one) => (one.name === who ? { ...one, mode: "viewing" } : one)) });
}

const sentence = ({ name, mode }) => t({ reply: "writing", note: "noting" }[mode] ?? "viewing", { name });
const initials = (name) => name.split(/\s+/).map((word) => word[0]).filter((_, at, all) => !at || at === all.length - 1).join("").toUpperCase();

/** The here/away switch, without leaving the page. */
function available(event) {
  if (event.target.id !== "presence") return;
  event.preventDefault();
  const button = $("button", event.target);
  const here = button.value === "1";
  button.value = here ? "0" : "1";
  button.ariaPressed = here;
  $(".dot", button).classList.toggle("ok", here);
  $(".word", button).textContent = t(here ? "here" : "away");
  ask("POST", "/me/presence", { here: here ? 1 : 0 }).catch((error) => say("failed", error));
}

hear("start", () => {
  on("submit", available);
  hear("who", heard);
  hear("arrived", said);
  hear("opened", (id) => { tell(); if (id) draw(id); });
  hear("online", tell);
  on("visibilitychange", tell);
  setInterval(() => !document.hidden && shown() && tell(), LEASE);
});
