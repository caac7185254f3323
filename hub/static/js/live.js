// What every module leans on: texts, times in the reader's own zone, and requests that carry the CSRF token.

export const app = document.getElementById("app");
export const me = { id: Number(app?.dataset.me), name: app?.dataset.name ?? "" };
const texts = JSON.parse(document.getElementById("texts")?.textContent ?? "{}");
// 17 Nov, as the server writes it, and not Nov 17.
const locale = document.documentElement.lang.replace("en", "en-GB");

export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
export const say = (name, detail) => document.dispatchEvent(new CustomEvent(`hub:${name}`, { detail }));
export const on = (type, act, options) => document.addEventListener(type, act, options);
export const hear = (name, act) => on(`hub:${name}`, (event) => act(event.detail));
export const phone = () => matchMedia("(max-width: 760px)").matches;

/** A text in the reader's language; %(name)s is filled from `values`. */
export const t = (key, values = {}) => (texts[key] ?? key).replace(/%\((\w+)\)s/g, (_, name) => values[name] ?? "");

/** Data the server left in a JSON block. */
export const data = (id, otherwise) => JSON.parse(document.getElementById(id)?.textContent ?? JSON.stringify(otherwise));

/** An element: h("button", {class: "btn", onclick: act}, "text", child…). Text is never parsed as HTML. */
export function h(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== false && value !== undefined) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

const dates = {};
const written = (form, at) => (dates[form] ??= new Intl.DateTimeFormat(locale, FORMS[form])).format(at);
const FORMS = {
  clock: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  day: { day: "numeric", month: "short" },
  date: { dateStyle: "medium" },
  full: { dateStyle: "medium", timeStyle: "short" },
};

/** Write every <time data-t> below `root` again, in the zone of this browser. */
export function times(root = document) {
  for (const node of $$("time[data-t]", root)) {
    const at = new Date(node.dateTime);
    const text = spoken(at, node.dataset.t);
    if (node.textContent !== text) node.textContent = text;
    node.title = written("full", at);
  }
  return root;
}

export function spoken(at, form) {
  const now = new Date();
  if (form === "wait") return waited(Math.max(0, Math.floor((now - at) / 60000)));
  if (form === "full") return written("full", at);
  const clock = written("clock", at);
  if (form === "clock" || at.toDateString() === now.toDateString()) return clock;
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1).toDateString() === at.toDateString();
  const day = yesterday ? t("yesterday") : written(at.getFullYear() === now.getFullYear() ? "day" : "date", at);
  return form === "when" ? `${day}, ${clock}` : day;
}

function waited(minutes) {
  if (minutes < 60) return t("wait_min", { n: minutes });
  return minutes < 2880 ? t("wait_hours", { n: Math.floor(minutes / 60) }) : t("wait_days", { n: Math.floor(minutes / 1440) });
}

/** A request to the server. Throws Failed with words for people; a body of plain values goes as a form. */
export async function ask(method, url, body, headers = {}) {
  const plain = body && !(body instanceof FormData) ? new URLSearchParams(body) : body;
  const csrf = $("meta[name=csrf]")?.content ?? "";
  const answer = await fetch(url, {
    method, body: plain, credentials: "same-origin",
    headers: { Accept: "application/json", ...(method === "GET" ? {} : { "X-CSRF": csrf }), ...headers },
  });
  if (answer.status === 401 || (answer.redirected && new URL(answer.url).pathname === "/login")) throw new Failed(401, t("signed_out"));
  if (!answer.ok) throw await Failed.from(answer);
  return answer;
}

export class Failed extends Error {
  constructor(status, message, told = {}) {
    super(message || t("failed"));
    this.status = status;
    this.told = told;
  }

  static async from(answer) {
    const text = await answer.text();
    let told = {};
    try { told = JSON.parse(text); } catch { /* a proxy's own error page: the status says enough */ }
    return new Failed(answer.status, told.error?.message, told);
  }
}

/** JSON of an answer, {} when it has none. */
export async function json(answer) {
  return answer.status !== 204 && answer.headers.get("Content-Type")?.includes("json") ? answer.json() : {};
}

/** A random name for what we send: the server stores it once, however often it arrives. */
export const clientId = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** Preferences take effect at once; without JavaScript the same form reloads the page. */
function preferences() {
  on("submit", (event) => {
    const form = event.target.closest("form[data-live=preferences]");
    const { name, value } = event.submitter ?? {};
    if (!form || !["theme", "density"].includes(name)) return;
    event.preventDefault();
    document.documentElement.dataset[name] = value;
    for (const button of $$(`button[name=${name}]`, form)) button.ariaPressed = button.value === value;
    ask("POST", form.action, { [name]: value }).catch((error) => say("failed", error));
  });
}

/** Menus close when something else is clicked; forms that came without a token get it. */
function menus() {
  on("click", (event) => {
    for (const open of $$("details[name=menu][open]")) if (!open.contains(event.target)) open.open = false;
  });
  on("submit", (event) => {
    const field = event.target.elements?.csrf;
    if (field && !field.value) field.value = $("meta[name=csrf]").content;
  }, true);
}

hear("start", () => {
  times();
  setInterval(times, 30000);
  preferences();
  menus();
});
