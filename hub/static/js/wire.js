// One socket a tab: numbered frames in, topics and presence out; replays what was missed after a reconnect.
//
// In:  {"s": cursor, "o": [[op, …], …]} and {"pong": 1}. Cursors are run.epoch.entry.
// Out: {"sub": [topics], "since": cursor} replaces the topics; the server first sends again what came after
//      `since` on the topics that are new. {"ping": 1} every 25 s, {"viewing": id|null}, {"typing": id, "mode"}.
import { $, $$, app, hear, on, say, t } from "./live.js";
import { apply } from "./ops.js";

const BEAT = 25000;
const KEPT = 400;
let socket = null;
let cursor = app?.dataset.cursor ?? "";
let tries = 0;
let timer = 0;
let heard = 0;
let told = "";
let offlineSince = 0;
const recent = [];
const extra = new Set();

export const state = { open: false };

/** Start, unless the page says that live updates are off. */
hear("start", () => {
  if (!cursor) return;
  connect();
  setInterval(beat, BEAT);
  addEventListener("offline", () => offline(true));
  addEventListener("online", now);
  on("visibilitychange", () => document.visibilityState === "visible" && now());
  hear("opened", () => subscribe());
  hear("listed", () => subscribe());
});

function connect() {
  clearTimeout(timer);
  socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws?since=${encodeURIComponent(cursor)}`);
  socket.onopen = opened;
  socket.onmessage = (event) => { heard = Date.now(); take(JSON.parse(event.data)); };
  socket.onclose = closed;
}

function opened() {
  tries = 0;
  heard = Date.now();
  told = "";
  state.open = true;
  subscribe(cursor);
  offline(false);
  say("online");
}

function closed(event) {
  state.open = false;
  socket = null;
  if (event.code === 4401) return say("toast", t("signed_out"));
  if (!offlineSince) { offlineSince = Date.now(); setTimeout(() => !state.open && offline(true), 5000); }
  const wait = Math.min(15000, 250 * 2 ** tries++) * (0.5 + Math.random() / 2);
  timer = setTimeout(connect, wait);
}

function now() {
  if (state.open) offline(false);
  if (socket) return;
  tries = 0;
  connect();
}

function beat() {
  if (socket?.readyState !== WebSocket.OPEN) return;
  if (Date.now() - heard > 2 * BEAT) return socket.close();
  send({ ping: 1 });
}

function offline(shown) {
  if (!shown) offlineSince = 0;
  const banner = $("#offline");
  banner.hidden = !shown;
  if (shown) $("span", banner).textContent = t("offline");
}

function take(frame) {
  if (!frame.s) return;
  cursor = frame.s;
  recent.push(frame);
  if (recent.length > KEPT) recent.shift();
  apply(frame);
}

/** Frames that came after `since`, to be applied with a pane that was fetched before them. */
export const framesAfter = (since) => recent.filter((frame) => newer(frame.s, since));

/** Whether cursor `a` stands after `b`; other runs or epochs are never after. */
export function newer(a, b) {
  const [one, two] = [split(a), split(b)];
  if (one.head !== two.head) return false;
  return one.time > two.time || (one.time === two.time && one.n > two.n);
}

function split(text) {
  const at = text.lastIndexOf(".");
  const [time, n] = text.slice(at + 1).split("-");
  return { head: text.slice(0, at), time: Number(time), n: Number(n ?? 0) };
}

/** Listen to a topic that is not on the page yet: a pane being fetched. */
export function listenTo(topic, since) {
  extra.add(topic);
  if (extra.size > 8) extra.delete(extra.values().next().value);
  subscribe(since);
}

/** Tell the server which topics this page shows. */
export function subscribe(since = oldest()) {
  const shown = $$("[data-topic]").flatMap((node) => node.dataset.topic.split(" "));
  const topics = [...new Set([...(app.dataset.topics ?? "").split(" "), ...shown, ...extra])].filter(Boolean).sort();
  if (!state.open || topics.join(" ") === told) return;
  told = topics.join(" ");
  send({ sub: topics, since: since || cursor });
}

/** The cursor of the oldest thing shown: replay from there misses nothing, and repeats are harmless. */
function oldest() {
  const seqs = $$("[data-topic][data-seq]").map((node) => node.dataset.seq).filter(Boolean);
  return seqs.reduce((least, seq) => (newer(least, seq) ? seq : least), cursor);
}

/** Send a small message; lost when there is no connection, which is right for presence. */
export function send(message) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}
