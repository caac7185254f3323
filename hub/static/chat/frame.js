// The chat itself, in a frame of the hub's own origin: it speaks to the page around it by messages of exact
// origins, to the hub by fetch and socket. Everything a person wrote is put in as text, never as markup.
const $ = (id) => document.getElementById(id);
const told = JSON.parse($("told").textContent);
const lang = document.documentElement.lang;
const alone = parent === window;
const t = (key, values = {}) => told.texts[key].replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const shown = new Map();
const mine = new Map();
let host = "", token = "", page = "", user = {}, state = {}, open = alone;
let ending = {}, socket, tries = 0, polling = false, have = "", got = 0, read = 0, typedAt = 0, files = [], beginning;

/** An element with attributes (a function is a listener) and children; strings become text. */
function h(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(key, value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

// the page around us

const isSite = (origin) => told.sites.some((site) => {
  const star = site.indexOf("*.");
  return star < 0 ? origin === site : origin.startsWith(site.slice(0, star)) && origin.endsWith(site.slice(star + 1));
});

/** The site's own colour, where white can be read on it (WCAG 2.2, 4.5 : 1). */
function paint(colour) {
  const digits = /^#(?:[0-9a-f]{3}){1,2}$/i.test(colour) ? colour.slice(1) : "";
  const parts = digits.length === 3 ? [...digits].map((one) => one + one) : digits.match(/../g);
  if (!parts) return;
  const [r, g, b] = parts.map((one) => parseInt(one, 16) / 255).map((one) => (one <= .04045 ? one / 12.92 : ((one + .055) / 1.055) ** 2.4));
  if (1.05 / (.2126 * r + .7152 * g + .0722 * b + .05) < 4.5) return;
  for (const name of ["--brand", "--accent"]) document.documentElement.style.setProperty(name, colour);
}

const tell = (what, d) => host && parent.postMessage({ hub: 1, t: what, d }, host);

const HEARD = {
  init(d) {
    token = String(d.token ?? "");
    page = String(d.page ?? "");
    user = d.user ?? {};
    paint(String(d.colour ?? ""));
    begin();
  },
  open() {
    open = true;
    focus();
    seen();
  },
  close() {
    open = false;
  },
  identify(d) {
    user = d ?? {};
    begin({}, false, true);
  },
  reset() {
    user = {};
    forget();
    begin();
  },
};

addEventListener("message", (event) => {
  if (alone || event.source !== parent || event.data?.hub !== 1) return;
  if (host ? event.origin !== host : !isSite(event.origin)) return;
  host = event.origin;
  HEARD[event.data.t]?.(event.data.d ?? {});
});

function keep(value) {
  token = value;
  if (alone) value ? sessionStorage.setItem("chat", value) : sessionStorage.removeItem("chat");
  else tell("token", value);
}

function forget() {
  keep("");
  have = "";
  got = read = 0;
  shown.clear();
  mine.clear();
  ending = {};
  $("log").replaceChildren();
  socket?.close();
  tell("unread", 0);
}

// the hub

async function ask(path, body) {
  const form = body instanceof FormData;
  const headers = { "X-Chat": token, Accept: "application/json", "Accept-Language": lang };
  if (!form) headers["Content-Type"] = "application/json";
  const answer = await fetch(`/widget/${told.key}/${path}`, { method: "POST", headers, body: form ? body : JSON.stringify(body) });
  const said = await answer.json();
  if (answer.ok) return said;
  throw Object.assign(new Error(said.error?.message), { status: answer.status, field: said.error?.field });
}

async function begin(said = {}, start = false, again = false) {
  const before = token;
  try {
    state = await ask("open", { ...said, start, language: lang, page, user });
  } catch (error) {
    if (error.status) throw error;
    return trouble(t("offline")), wait(3000).then(() => begin(said, start, again));
  }
  trouble("");
  if (state.token) {
    if (before) forget();
    keep(state.token);
  } else if (!state.known && token) forget();
  draw();
  if (state.known && (again || !socket || socket.readyState > 1)) connect();
}

function connect() {
  if (!token) return;
  socket?.close();
  const ws = (socket = new WebSocket(location.origin.replace("http", "ws") + "/widget/ws", ["hub.chat.1", token]));
  let opened = false;
  ws.onopen = () => {
    opened = true;
    polling = false;
    tries = 0;
    trouble("");
  };
  ws.onmessage = ({ data }) => {
    const { t: what, d } = JSON.parse(data);
    if (what === "messages") news(d);
    if (what === "typing") writes(d);
    if (what === "ending") ends(d);
    if (what === "gone" && ws === socket) gone();
  };
  ws.onclose = async ({ code }) => {
    if (ws !== socket || !token) return;
    if (code === 4401) return begin();
    tries += 1;
    if (!opened && tries >= 2) poll();
    if (tries > 1) trouble(polling ? "" : t("offline"));
    await wait(Math.min(15000, 500 * 2 ** tries));
    if (ws === socket) connect();
  };
}

async function poll() {
  if (polling) return;
  polling = true;
  while (polling && token) {
    try {
      const answer = await ask("poll", { have });
      trouble("");
      have = answer.have;
      news(answer.messages);
      writes(answer.typing);
      if (answer.ending) ends(answer.ending);
    } catch {
      await wait(4000);
    }
  }
}

const live = () => socket?.readyState === 1;
const send = (what) => (live() ? socket.send(JSON.stringify(what)) : ask(what.t, what).catch(() => {}));

// what is shown

function news(messages) {
  for (const message of messages) put(message);
  if (messages.some(({ out }) => out)) writes("");
  toEnd();
  seen();
}

function toEnd() {
  $("scroll").scrollTop = $("scroll").scrollHeight;
}

function put(message) {
  const made = bubble(message);
  const before = shown.get(message.id)?.made ?? mine.get(message.client_id);
  mine.delete(message.client_id);
  shown.set(message.id, { made, message });
  if (before) return before.replaceWith(made);
  const next = [...shown].find(([id]) => id > message.id)?.[1].made ?? $("log").querySelector(".waits");
  $("log").insertBefore(made, next ?? null);
}

function bubble({ out, who, text, at, seen: isSeen, files: sent, waits }) {
  const when = new Intl.DateTimeFormat(lang, { hour: "2-digit", minute: "2-digit" }).format(new Date(at));
  const status = out ? "" : waits ? t("sending") : t(isSeen ? "read" : "sent");
  return h("article", { class: `m ${out ? "out" : "in"}${waits ? " waits" : ""}` },
    h("p", { class: out ? "who" : "vh" }, out ? who || t("us") : t("you")),
    text ? h("div", { class: "text" }, ...linked(text)) : "",
    sent?.length ? h("ul", {}, ...sent.map((file) => h("li", {}, attached(file)))) : "",
    h("footer", {}, when, status && h("span", { class: isSeen ? "ticks seen" : "ticks", title: status },
      h("span", { "aria-hidden": "true" }, waits ? " ◷" : isSeen ? " ✓✓" : " ✓"), h("span", { class: "vh" }, ` ${status}`))));
}

const linked = (text) => text.split(/(https?:\/\/[^\s<>]+)/).map((part, at) =>
  at % 2 ? h("a", { href: part, target: "_blank", rel: "noopener noreferrer nofollow" }, part) : part);

function attached({ token: name, name: label, type }) {
  const made = h("button", { type: "button", class: "file", "aria-label": t("download", { name: label }), click: async () => {
    const link = h("a", { href: await content(name), download: label });
    link.click();
  } }, label);
  if (/^image\/(png|jpeg|gif|webp)$/.test(type) && name) {
    content(name).then((src) => made.prepend(h("img", { src, alt: "", load: toEnd })), () => {});
  }
  return made;
}

const contents = new Map();
function content(name) {
  if (!contents.has(name)) {
    contents.set(name, fetch(`/widget/${told.key}/files/${name}`, { headers: { "X-Chat": token } })
      .then((answer) => answer.ok ? answer.blob() : Promise.reject(answer.status)).then((blob) => URL.createObjectURL(blob)));
  }
  return contents.get(name);
}

/** Tell what arrived here, and what was really looked at; the button outside shows the rest. */
function seen() {
  const sent = [...shown.values()].map(({ message }) => message).filter((message) => message.out);
  const last = Math.max(0, ...sent.map(({ id }) => id));
  const looking = open && !document.hidden;
  if (looking && last > read && sent.some(({ id, seen: isSeen }) => id > read && !isSeen)) send({ t: "seen", id: last, read: true });
  else if (last > got && sent.some(({ id, seen: isSeen }) => id > got && !isSeen)) send({ t: "seen", id: last });
  got = Math.max(got, last);
  if (looking) read = Math.max(read, last);
  tell("unread", looking ? 0 : sent.filter(({ id, seen: isSeen }) => id > read && !isSeen).length);
}

function writes(name) {
  $("typing").textContent = name ? t("typing", { name }) : "";
  if (name) toEnd();
}

function trouble(words) {
  $("trouble").hidden = !words;
  $("trouble").textContent = words;
}

// what the visitor fills in

function draw() {
  $("expect").textContent = state.words ?? "";
  const asks = !state.known && told.fields.length + told.consent.length > 0;
  if (asks && !$("before").children.length) form();
  $("before").hidden = !asks;
  $("say").hidden = asks;
  const wants = state.known && state.mail && !state.here;
  $("mail").hidden = !wants;
  if (wants) $("mail").replaceChildren(...(state.email ? [h("p", {}, t("mailed", state))] : [
    h("label", { for: "email" }, t("mail")), h("div", {}, h("input", { id: "email", type: "email", required: true, autocomplete: "email", maxlength: 320 }), h("button", {}, t("keep")))]));
  $("more").hidden = !state.known;
  $("menu").replaceChildren(...(state.transcript ? [h("button", { type: "button", click: transcribe }, t("transcript", state))] : []),
    h("button", { type: "button", click: sure }, t("forget")));
  ends(ending);
  if (open) focus();
}

// how it ends

/** Once an agent closed it: a mark with one click, and why with another; theirs to change. */
function ends(d) {
  ending = d;
  const asks = Boolean(state.known && d.over);
  if (asks && !$("rate").children.length) {
    $("rate").append(
      h("fieldset", {}, h("legend", {}, t("how")), h("div", { class: "marks" }, ...[1, 2, 3, 4, 5].map((n) =>
        h("button", { type: "button", "data-n": n, "aria-label": t("mark", { n }), "aria-pressed": "false", click: () => rate(n) }, String(n))))),
      h("div", { class: "why", hidden: true }, h("input", { id: "why", maxlength: 1000, "aria-label": t("why"), placeholder: t("why") }), h("button", { class: "go" }, t("tell"))));
  }
  $("rate").hidden = !asks;
  if (!asks) return;
  for (const one of $("rate").querySelectorAll("[data-n]")) one.setAttribute("aria-pressed", String(Number(one.dataset.n) === d.score));
  $("rate").querySelector(".why").hidden = !d.score;
}

async function rate(score, words = "") {
  try {
    await ask("rating", { score, words });
    ends({ ...ending, score });
    note(t("thanks", { n: score }));
    if (words) $("why").value = "";
  } catch (error) {
    trouble(error.status ? error.message : t("offline"));
  }
}

async function transcribe() {
  $("more").open = false;
  try {
    note(t("transcribed", await ask("transcript", {})));
  } catch (error) {
    trouble(error.status ? error.message : t("offline"));
  }
}

function sure() {
  $("more").open = false;
  const keepIt = h("button", { type: "button", click: () => ($("sure").hidden = true) }, t("keep_it"));
  $("sure").replaceChildren(h("p", { id: "sure-words" }, t("sure")), h("div", {}, keepIt, h("button", { type: "button", class: "danger", click: async () => {
    try {
      await ask("forget", {});
      gone();
    } catch (error) {
      trouble(error.status ? error.message : t("offline"));
    }
  } }, t("forget"))));
  $("sure").hidden = false;
  keepIt.focus();
}

function gone() {
  $("sure").hidden = true;
  forget();
  $("before").replaceChildren();
  state = {};
  begin().then(() => note(t("forgotten")));
}

function note(words) {
  $("told-you").hidden = !words;
  $("told-you").textContent = words;
}

function form() {
  const kinds = { email: "email", name: "text" };
  $("before").append(...told.fields.map(({ name, label, required }) => h("label", {},
    h("span", {}, label, required ? "" : h("small", {}, ` (${t("optional")})`)),
    h("input", { name, required, type: kinds[name] ?? "text", autocomplete: kinds[name] ? name : "off", maxlength: 300 }))));
  if (told.consent) $("before").append(h("label", { class: "tick" }, h("input", { type: "checkbox", name: "consent", required: true }), h("span", {}, told.consent)));
  $("before").append(h("button", { class: "go" }, t("start")));
}

$("before").addEventListener("submit", async (event) => {
  event.preventDefault();
  if (!event.target.reportValidity()) return;
  const { name = "", email = "", consent, ...answers } = Object.fromEntries(new FormData(event.target));
  try {
    await begin({ name, email, answers, consent: consent === "on" }, true);
  } catch (error) {
    trouble(error.message);
  }
});

$("rate").addEventListener("submit", (event) => {
  event.preventDefault();
  rate(ending.score, $("why").value.trim());
});

$("mail").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    state.email = (await ask("email", { email: $("email").value })).email;
    trouble("");
    draw();
  } catch (error) {
    trouble(error.message);
  }
});

function focus() {
  const first = $("say").hidden ? $("before").querySelector("input") : $("text");
  first?.focus();
}

function choose(more) {
  files.push(...more);
  if (files.reduce((sum, file) => sum + file.size, 0) > told.most) {
    files.splice(-more.length);
    trouble(t("large", { n: told.most / 1e6 }));
  }
  $("chosen").hidden = !files.length;
  $("chosen").replaceChildren(...files.map((file, at) => h("li", {}, file.name,
    h("button", { type: "button", "aria-label": `× ${file.name}`, click: () => { files.splice(at, 1); choose([]); } }, "×"))));
}

async function say(text, sent, client_id = crypto.randomUUID?.() ?? String(Math.random())) {
  const made = bubble({ text, at: Date.now(), waits: true, files: sent.map(({ name, type }) => ({ name, type })) });
  mine.get(client_id)?.remove();
  mine.set(client_id, made);
  $("log").append(made);
  toEnd();
  try {
    if (!state.known) await (beginning ??= begin({}, true));
    const body = new FormData();
    for (const [name, value] of Object.entries({ text, client_id, page })) body.append(name, value);
    for (const file of sent) body.append("file", file);
    await ask("messages", body);
  } catch (error) {
    if (!mine.has(client_id)) return;
    made.classList.add("lost");
    made.append(h("p", {}, error.status ? error.message : t("failed"), " ", h("button", { type: "button", click: () => say(text, sent, client_id) }, t("again"))));
  } finally {
    beginning = undefined;
  }
}

$("say").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = $("text").value.trim();
  if (!text && !files.length) return;
  say(text, files);
  $("text").value = "";
  files = [];
  trouble("");
  note("");
  choose([]);
  $("text").focus();
});

$("text").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  $("say").requestSubmit();
});
$("text").addEventListener("input", () => {
  if (!state.known || Date.now() - typedAt < 3100) return;
  typedAt = Date.now();
  send({ t: "typing" });
});
$("text").addEventListener("paste", (event) => event.clipboardData.files.length && choose([...event.clipboardData.files]));
$("files").addEventListener("change", (event) => {
  choose([...event.target.files]);
  event.target.value = "";
});
$("close").addEventListener("click", () => tell("close"));
addEventListener("keydown", (event) => event.key === "Escape" && tell("close"));
addEventListener("visibilitychange", seen);
addEventListener("online", connect);
if (alone) HEARD.init({ token: sessionStorage.getItem("chat") });
