// What one does with a conversation, each with its undo: assign, close, put aside, unread, confirm, join, resend.
import { $, $$, ask, data, hear, me, on, say, t } from "./live.js";
import { clear, forget, go, open, openId, refresh } from "./nav.js";
import { neighbour, setUnread, subject, takeOut, ticked, untick } from "./list.js";
import { offerUndo, toast } from "./notify.js";
import { state } from "./wire.js";

const choices = data("choices", { assign: [], reasons: [], outcomes: [] });
let reading = 0;

/** Do, tell, and be ready to take it back. Failure is told and what is shown is fetched again. */
async function act({ path, method = "POST", body, text, undo }) {
  try {
    await ask(method, path, body);
  } catch (error) {
    say("failed", error);
    return refresh();
  }
  if (text && undo) offerUndo(text, () => back(undo));
  else if (text) toast(text);
  if (!state.open) refresh();
}

async function back({ path, method, body, then }) {
  try {
    await ask(method, path, body);
    toast(t("undone"));
    if (then) then();
    else if (!state.open) refresh();
  } catch (error) {
    say("failed", error);
  }
}

/** Show what follows when a conversation leaves the list: the next one if this one was open. */
function leave(id, stay) {
  const next = neighbour(id);
  const keeps = ["all", "closed"].includes($("#list").dataset.view);
  const wasOpen = openId() === id;
  forget(id);
  if (!stay && !keeps) takeOut(id);
  if (stay || !wasOpen) return;
  if (next) open(Number(next.dataset.id));
  else clear();
}

export async function close({ stay = false, id = subject() } = {}) {
  if (!id) return;
  const path = `/c/${id}/closing`;
  const reason = await oneKey("why_close", choices.reasons);
  const outcome = reason === null ? null : await oneKey("how_ended", choices.outcomes);
  if (outcome === null) return;
  leave(id, stay);
  act({ path, body: { reason, outcome }, text: t("closed"), undo: { path, method: "DELETE", then: () => reappear(id) } });
}

/** A question answered by one digit; 0 leaves it open. */
const oneKey = (title, all) => (all.length ? choose(t(title), [...all, { value: "", name: t("skip"), note: "", digit: 0 }], { search: false }) : "");

async function reappear(id) {
  await go($("#list").dataset.view, { push: false });
  open(id);
}

export function reopen(id = subject()) {
  const path = `/c/${id}/closing`;
  act({ path, method: "DELETE", text: t("reopened"), undo: { path, method: "POST" } });
}

export const closeOrReopen = (stay) => ($("#conv [data-act=reopen]") && openId() === subject() ? reopen() : close({ stay }));

export function aside(id = subject()) {
  if (!id) return;
  const path = `/c/${id}/aside`;
  leave(id, false);
  act({ path, text: t("aside"), undo: { path, method: "DELETE", then: () => reappear(id) } });
}

export function bringBack(id = subject()) {
  const path = `/c/${id}/aside`;
  act({ path, method: "DELETE", text: t("back"), undo: { path, method: "POST" } });
}

export async function assign(id = subject()) {
  if (!id) return;
  const value = await choose($("#conv [data-act=assign]")?.title.replace(/\s\(A\)$/, "") ?? "", choices.assign);
  if (value) assignTo(id, value, choices.assign.find((one) => one.value === value).name);
}

export const assignMe = (id = subject()) => id && assignTo(id, `agent-${me.id}`, me.name, { me: 1 });

function assignTo(id, value, name, body) {
  const path = `/c/${id}/assignment`;
  const [kind, number] = value.split("-");
  const before = openId() === id ? $("#conv [data-act=assign]")?.dataset.agent : "";
  const undo = before ? { path, method: "POST", body: { agent_id: before } } : { path, method: "DELETE" };
  act({ path, body: body ?? { [`${kind}_id`]: number }, text: t("assigned", { name }), undo });
}

export function unread(id = subject()) {
  if (!id) return;
  clearTimeout(reading);
  setUnread(document.getElementById(`row-${id}`), 1);
  act({ path: `/c/${id}/reading`, method: "DELETE", text: t("unread") });
}

export function confirm(yes = true) {
  const id = openId();
  if (!id || !$("[data-suggestion]")) return;
  $("[data-suggestion]").hidden = true;
  act({ path: `/c/${id}/account_suggestion`, body: { confirm: yes ? 1 : 0 }, text: t(yes ? "confirmed" : "denied") }).then(refresh);
}

/** After a second in view what is shown counts as read. */
function read(id) {
  clearTimeout(reading);
  if (!id) return;
  reading = setTimeout(() => {
    if (openId() !== id || document.hidden) return;
    const last = $$("#timeline > .m[data-id]").at(-1);
    setUnread(document.getElementById(`row-${id}`), 0);
    if (last) ask("POST", `/c/${id}/reading`, { seq: parseInt(last.dataset.k, 10) }).catch((error) => say("failed", error));
  }, 1000);
}

/** The dialog to choose from is fetched when the page has come to rest. */
async function choose(...told) {
  pick ??= await import("./pick.js");
  return pick.choose(...told);
}
let pick; // kept, so that a second question stands before the next key

/** The same for every ticked row; one undo takes all of it back. */
async function bulk(what) {
  const ids = ticked().map((row) => Number(row.dataset.id));
  const verb = { mine: "assignment", close: "closing", aside: "aside" }[what];
  untick();
  if (!verb) return;
  const path = (id) => `/c/${id}/${verb}`;
  for (const id of ids) {
    if (what !== "mine") leave(id);
    await act({ path: path(id), body: what === "mine" ? { me: 1 } : {} });
  }
  offerUndo(t("ticked", { n: ids.length }), async () => {
    for (const id of ids) await back({ path: path(id), method: "DELETE", then: () => go($("#list").dataset.view, { push: false }) });
  });
}

async function resend(button) {
  const message = button.closest(".m");
  button.disabled = true;
  try {
    await ask("POST", `/c/${openId()}/messages/${message.dataset.id}/resend`);
    if (!state.open) refresh();
  } catch (error) {
    button.disabled = false;
    say("failed", error);
  }
}

const CLICKS = {
  assign: () => assign(openId()), unread: () => unread(openId()), aside: () => aside(openId()), "back-in": () => bringBack(openId()),
  reopen: () => reopen(openId()), resend,
};

function clicked(event) {
  const button = event.target.closest("[data-act]");
  if (button?.tagName === "BUTTON") CLICKS[button.dataset.act]?.(button);
  const many = event.target.closest("[data-bulk]");
  if (many) bulk(many.dataset.bulk);
}

/** The forms that work without JavaScript, done here without leaving the page. */
function submitted(event) {
  const form = event.target;
  if (!form.closest("#conv") || form.id === "composer") return;
  event.preventDefault();
  if (form.dataset.act === "close") return void close({ id: openId() });
  if (form.matches("[data-suggestion] form")) return confirm(event.submitter.value === "1");
  const method = form.dataset.verb ?? "POST";
  const path = new URL(form.action).pathname;
  if (form.matches("[data-join]")) act({ path, body: { into: form.elements.into.value }, text: t("joined"), undo: { path, method: "DELETE", then: refresh } }).then(refresh);
  else act({ path, method }).then(refresh);
}

hear("start", () => {
  if (!$("#list")) return;
  on("click", clicked);
  on("submit", submitted);
  hear("opened", read);
  hear("arrived", (node) => node.closest("#timeline") && read(openId()));
  read(openId());
  (window.requestIdleCallback ?? setTimeout)(() => import("./pick.js").catch(() => {})); // without a network now: asked for again when it is needed
});
