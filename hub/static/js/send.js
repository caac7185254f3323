// Sending: the bubble stands at once under its client id; held for undo, stopped if something arrived, kept on failure.
import { $, app, ask, clientId, h, hear, json, me, say, t } from "./live.js";
import { nodes, put } from "./ops.js";
import { openId } from "./nav.js";
import { offerUndo, question, toast } from "./notify.js";

const MAX = 20;
const shelf = `dialogo:outbox:${me.id}`;
const jobs = new Map();
let flushing = false;

/** Send what the composer holds: draw, then post `after` the draft being saved. `fields`: of POST /c/{id}/messages. */
export function send(conversation, fields, after) {
  if (jobs.size >= MAX) { toast(t("full"), { tone: "danger" }); return false; }
  const job = { conversation, client: clientId(), fields, tried: false };
  jobs.set(job.client, job);
  keep();
  draw(job);
  job.busy = true;
  Promise.resolve(after).then(() => post(job));
  return true;
}

function draw(job) {
  const log = logOf(job);
  if (!log) return;
  const bubble = $("#bubble").content.firstElementChild.cloneNode(true);
  bubble.dataset.client = job.client;
  bubble.classList.add(job.fields.mode === "note" ? "note" : "out");
  $("header b", bubble).textContent = me.name;
  $(".body", bubble).textContent = job.fields.text;
  $(".state span", bubble).textContent = t("sending");
  put(log, bubble);
  log.scrollTop = log.scrollHeight;
}

const logOf = (job) => (openId() === job.conversation ? $("#timeline") : null);
const bubbleOf = (job) => document.querySelector(`#timeline [data-client="${job.client}"]`);

async function post(job) {
  job.busy = true;
  try {
    const body = new FormData();
    for (const [name, value] of Object.entries({ ...job.fields, client_id: job.client })) for (const one of [value].flat()) body.append(name, one);
    sent(job, await json(await ask("POST", `/c/${job.conversation}/messages`, body)));
  } catch (error) {
    stumbled(job, error);
  } finally {
    job.busy = false;
  }
}

function sent(job, told) {
  done(job);
  const log = logOf(job);
  const drawn = told.message_html && nodes(told.message_html).firstElementChild;
  if (log && drawn) put(log, drawn, { arrive: false });
  const id = drawn?.dataset.id ?? told.id;
  say("sent", { conversation: job.conversation, mode: job.fields.mode, text: job.fields.text });
  if (!told.undo_until) return void toast(t(job.fields.mode === "note" ? "noted" : "sent"));
  offerUndo(t("sent"), () => takeBack(job, id), { until: Date.parse(told.undo_until), strict: true });
}

async function takeBack(job, id) {
  try {
    const told = await json(await ask("DELETE", `/c/${job.conversation}/messages/${id}`));
    document.getElementById(`m-${id}`)?.remove();
    say("returned", { conversation: job.conversation, fields: { ...job.fields, ...(told.text === undefined ? {} : { text: told.text }) } });
    toast(t("unsent"));
  } catch (error) {
    say("failed", error);
  }
}

function stumbled(job, error) {
  if (error.status === 409 && error.told.messages_html !== undefined) return stop(job, error.told);
  if (error instanceof TypeError) { job.waits = true; return mark(job, t("waiting"), "wifi-off"); }
  const bubble = bubbleOf(job);
  job.failed = true;
  if (!bubble) return void say("failed", error);
  bubble.classList.remove("pending");
  $("footer", bubble)?.remove();
  $(".fail", bubble)?.remove();
  bubble.append(h("div", { class: "fail" }, h("p", {}, h("b", {}, t("not_sent")), `: ${error.message}`),
    h("button", { class: "btn link", type: "button", onclick: () => again(job) }, t("retry")),
    h("button", { class: "btn link", type: "button", onclick: () => edit(job) }, t("edit"))));
  $("#timeline").scrollTop = $("#timeline").scrollHeight;
}

function mark(job, text) {
  const state = bubbleOf(job) && $(".state span", bubbleOf(job));
  if (state) state.textContent = text;
}

function again(job) {
  const bubble = bubbleOf(job);
  bubble?.remove();
  job.failed = false;
  draw(job);
  post(job);
}

function edit(job) {
  bubbleOf(job)?.remove();
  done(job);
  say("returned", { conversation: job.conversation, fields: job.fields });
}

/** Something arrived meanwhile: show it above the composer and let the agent decide. */
function stop(job, told) {
  const box = openId() === job.conversation && $("[data-stop]");
  if (!box) return void edit(job);
  const late = [...nodes(told.messages_html).children];
  const seq = told.after_seq ?? Math.max(0, ...late.map((node) => parseInt(node.dataset.k, 10) || 0));
  const see = (then) => () => { for (const node of late) put($("#timeline"), node); say("seen", seq); then(); };
  mark(job, t("not_sent"));
  question(box, "arrived", {
    send_anyway: see(() => { job.fields = { ...job.fields, force: "1", after_seq: seq }; post(job); }),
    edit: see(() => edit(job)),
  }, ...late.map((node) => { const copy = node.cloneNode(true); copy.id = ""; return copy; }));
  $("button", box).focus();
}

function done(job) {
  jobs.delete(job.client);
  keep();
}

/** What could not leave yet survives a reload of the tab. */
function keep() {
  const kept = [...jobs.values()].map(({ conversation, client, fields }) => ({ conversation, client, fields }));
  if (kept.length) localStorage.setItem(shelf, JSON.stringify(kept));
  else localStorage.removeItem(shelf);
}

/** The connection is back: one after the other, in the order they were written. */
async function flush() {
  if (flushing) return;
  flushing = true;
  for (const job of [...jobs.values()]) if (!job.busy && !job.failed && (job.waits || !job.tried)) { job.tried = true; job.waits = false; await post(job); }
  flushing = false;
}

/** Bubbles that still wait are drawn again when their conversation is opened. */
function redraw() {
  for (const job of jobs.values()) if (logOf(job) && !bubbleOf(job)) { draw(job); if (job.waits) mark(job, t("waiting")); }
}

hear("start", () => {
  if (!app || !$("#bubble")) return;
  for (const { conversation, client, fields } of JSON.parse(localStorage.getItem(shelf) ?? "[]")) jobs.set(client, { conversation, client, fields, waits: true });
  hear("online", flush);
  addEventListener("online", flush);
  hear("opened", redraw);
  hear("refreshed", redraw);
  redraw();
});
