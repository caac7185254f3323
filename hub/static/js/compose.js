// The composer: reply and note each keep a draft, at once in this browser and after a pause on the server.
import { $, $$, ask, h, hear, json, me, say, t } from "./live.js";
import { question } from "./notify.js";
import { send } from "./send.js";
import { send as tell } from "./wire.js";

const PAUSE = 700;
// A message counts as seen when it has stood in view this long: who presses Send in the same moment did not read it.
const NOTICED = 2000;
const FIELDS = ["to", "cc", "subject", "channel_id"];
// A variable of a saved text that nobody filled.
const BLANK = /\{\{\s*(contact|account|owner|agent)\.\w+\s*\}\}/;
let form = null;
let drafts = {};
let pause = 0;
let putting = null;
let typed = 0;
let ways = null;
let left = null;
let quick = null;
const names = new Map();

const mode = () => form.dataset.mode;
const field = (name) => form.elements[name];
const conversation = () => Number(form.dataset.c);
const shelf = (which) => `dialogo:draft:${me.id}:${form.dataset.c}:${which}`;
const status = (key) => { $("[data-status]", form).textContent = key ? t(key) : ""; };

/** Put the caret into the composer, as a reply or a note. */
export function focus(wanted) {
  if (!form) return;
  if (wanted) setMode(wanted);
  field("text").focus();
}

/** Take up the composer on the page: the server's drafts, or what this browser kept and could not save. */
function bind() {
  form = $("#composer");
  drafts = {};
  clearTimeout(pause);
  pause = 0;
  if (!form) return;
  for (const draft of JSON.parse($(".drafts", form)?.textContent || "[]")) drafts[draft.mode] = draft;
  for (const which of ["reply", "note"]) recover(which);
  const acts = { input: typing, change: changed, submit: submitted, click: stays, focusout: () => pause && save(), keydown: key, paste: handed, drop: handed, dragover: (event) => event.preventDefault() };
  for (const [type, act] of Object.entries(acts)) form.addEventListener(type, act);
  left = null;
  line();
  if ($$("option", form).length) import("./ways.js").then((found) => { ways = found; told(); }).catch(() => {});
}

function recover(which) {
  const kept = JSON.parse(localStorage.getItem(shelf(which)) ?? "null");
  const stored = drafts[which] ?? { text: "", version: 0 };
  if (!kept || kept.text === stored.text) return;
  if (kept.version < stored.version) return void (which === mode() && conflict(stored, kept));
  drafts[which] = { ...stored, ...kept };
  if (which !== mode()) return;
  fill(drafts[which]);
  status("saved_here");
}

function fill(draft) {
  field("text").value = draft.text ?? "";
  for (const name of FIELDS) if (draft[name] && field(name)) field(name).value = draft[name];
  const same = [...(field("channel_id")?.options ?? [])].find((one) => one.value === String(draft.channel_id) && one.dataset.to === draft.to);
  if (same) same.selected = true;
}

function setMode(wanted) {
  if (wanted === mode() || [...form.elements.mode].find((radio) => radio.value === wanted).disabled) return;
  drafts[mode()] = { ...drafts[mode()], text: field("text").value };
  if (pause) save();
  form.dataset.mode = wanted;
  typed = 0; // who writes what is told at once
  form.elements.mode.value = wanted;
  const text = field("text");
  text.value = drafts[wanted]?.text ?? "";
  text.placeholder = wanted === "note" ? text.dataset.asNote : text.dataset.asReply;
  status("");
}

function changed(event) {
  if (event.target.name === "mode") { const wanted = event.target.value; event.target.value = wanted; setMode(wanted); field("text").focus(); }
  if (event.target.name === "channel_id") { switched(); typing(event); }
  if (event.target.matches("[data-upload]")) { upload(event.target.files); event.target.value = ""; }
}

/** Another way was chosen: the text stays, and one step leads back. */
function switched() {
  const select = field("channel_id");
  const now = select.selectedIndex;
  const before = { ...written(), index: Number(select.dataset.index ?? 0) };
  const back = () => {
    select.selectedIndex = before.index;
    left = null;
    line();
    for (const name of ["to", "cc", "subject"]) if (field(name)) field(name).value = before[name];
    toLine();
    keepHere();
    save();
    field("text").focus();
  };
  left = now === before.index ? null : { before, back };
  line(true);
}

const told = () => { const option = field("channel_id")?.selectedOptions[0]; if (ways && option) ways.show(form, option, left?.before, left?.back); };
const spelled = (to) => [...field("channel_id").options].find((one) => one.dataset.to === to)?.dataset.told ?? to;
const toLine = () => { $("[data-to-line]", form).textContent = [spelled(field("to").value), field("cc").value].filter(Boolean).join(", "); };

/** Show what the chosen line can carry; its own addressee and subject when it was just chosen. */
function line(fresh = false) {
  const option = field("channel_id")?.selectedOptions[0];
  if (!option) return;
  const { to, cc, subject, hasCc, hasSubject, files } = option.dataset;
  field("channel_id").dataset.index = option.index;
  for (const icon of $$("[data-line]", form)) icon.hidden = icon.dataset.line !== option.value;
  const shown = { cc: hasCc, subject: hasSubject, files };
  for (const node of $$("[data-needs]", form)) node.hidden = shown[node.dataset.needs] !== "1";
  if (field("to") && fresh) {
    field("to").value = to;
    field("cc").value = cc;
    field("subject").value = subject;
    toLine();
  }
  told();
}

function typing(event) {
  if (event.target.name === "mode" || event.target.matches("[data-upload]")) return;
  if (quick) quick.look(form);
  else if (["/", "@"].includes(event.data)) import("./quick.js").then((found) => { quick = found; quick.look(form); }).catch(() => {});
  keepHere();
  told();
  status("saving");
  clearTimeout(pause);
  pause = setTimeout(save, PAUSE);
  if (Date.now() - typed > 3000) { typed = Date.now(); tell({ typing: conversation(), mode: mode() }); }
}

const written = () => ({ text: field("text").value, ...Object.fromEntries(FIELDS.filter((name) => field(name)).map((name) => [name, field(name).value])) });

function keepHere() {
  localStorage.setItem(shelf(mode()), JSON.stringify({ ...written(), version: drafts[mode()]?.version ?? 0 }));
}

/** PUT the draft; one request at a time, the newest text last. */
function save() {
  clearTimeout(pause);
  pause = 0;
  const job = { form, which: mode(), at: conversation(), body: { ...written(), mode: mode(), version: drafts[mode()]?.version ?? 0 }, drafts, shelf: shelf(mode()) };
  putting = (putting ?? Promise.resolve()).then(() => store(job));
  return putting;
}

async function store({ form: shown, which, at, body, drafts: own, shelf: place }) {
  const said = (key) => shown === form && shown.dataset.mode === which && status(key);
  body.version = own[which]?.version ?? body.version;
  try {
    if (!body.text.trim()) {
      if (own[which]?.version) await ask("DELETE", `/c/${at}/draft?mode=${which}`);
      own[which] = { text: "", version: 0 };
      badge(at, own);
      localStorage.removeItem(place);
      return said("");
    }
    const kept = await json(await ask("PUT", `/c/${at}/draft`, body));
    own[which] = { ...body, version: kept.version ?? body.version + 1 };
    badge(at, own);
    if (JSON.parse(localStorage.getItem(place) ?? "{}").text === body.text) localStorage.removeItem(place);
    said("saved");
  } catch (error) {
    if (error.status === 409 && error.told.draft && shown === form) return conflict(error.told.draft, body);
    said("saved_here");
  }
}

/** Whether something is begun there shows in its row. */
function badge(at, own) {
  const mark = $(`#row-${at} [data-mine=draft]`);
  if (mark) mark.hidden = !Object.values(own).some((one) => one.text);
}

/** The draft was changed elsewhere too: both texts are offered, none is lost. */
function conflict(theirs, mine) {
  const which = theirs.mode ?? mode();
  const end = (text) => () => {
    drafts[which] = { ...theirs, text };
    if (which === mode()) field("text").value = text;
    keepHere();
    save();
    field("text").focus();
  };
  const shown = (text) => h("p", { class: "m" }, text);
  question($("[data-stop]", form), "conflict", { keep_mine: end(mine.text), take_theirs: end(theirs.text) }, shown(mine.text), shown(theirs.text));
}

/** Files pasted or dropped. */
function handed(event) {
  const { files } = event.clipboardData ?? event.dataTransfer;
  if (!files.length) return;
  event.preventDefault();
  upload(files);
}

export function chipOf(name, ...more) {
  const list = $("[data-chips]", form);
  const gone = () => { chip.remove(); list.hidden = !list.children.length; told(); };
  const chip = h("li", { class: "file" }, h("span", { class: "cut" }, name), ...more, h("button", { class: "btn quiet icon", type: "button", "aria-label": `${t("remove")}: ${name}`, onclick: gone }, "×"));
  list.append(chip);
  list.hidden = false;
  return chip;
}

async function upload(files) {
  for (const file of [...files]) { // the field is emptied while the first is on its way
    const size = h("small", {}, t("uploading"));
    const chip = chipOf(file.name, size);
    if (file.size > Number(form.dataset.limit)) { size.textContent = t("too_big"); size.classList.add("tone-danger"); continue; }
    const body = new FormData();
    body.append("file", file);
    try {
      const kept = await json(await ask("POST", "/files", body));
      chip.append(h("input", { type: "hidden", name: "attachments", value: kept.id }));
      names.set(String(kept.id), file.name);
      size.textContent = `${Math.max(1, Math.round(kept.size / 1000))} kB`;
      told();
    } catch (error) {
      size.textContent = error.message;
    }
  }
}

async function submitted(event) {
  event.preventDefault();
  const own = form;
  const carries = mode() === "note" || field("channel_id")?.selectedOptions[0]?.dataset.files === "1";
  const files = carries ? $$("input[name=attachments]", own).map((input) => input.value) : [];
  const text = field("text").value.trim();
  if (carries && $("[data-chips] > :not(:has(input))", own)) return status("file_waits");
  if (!text && !files.length) return field("text").focus();
  const which = mode();
  const hole = which === "reply" && BLANK.exec(field("text").value);
  if (hole) { field("text").focus(); field("text").setSelectionRange(hole.index, hole.index + hole[0].length); return void ($("[data-status]", own).textContent = t("fill_in", { names: hole[0] })); }
  const fields = { ...written(), text, mode: which, after_seq: field("after_seq").value, force: "" };
  if (files.length) fields.attachments = files;
  const macro = $("input[name=macro]", own);
  if (macro) Object.assign(fields, { macro: macro.value, does: macro.parentNode.firstChild.textContent });
  if (!send(conversation(), fields, putting)) return;
  clearTimeout(pause);
  pause = 0;
  localStorage.removeItem(shelf(which));
  drafts[which] = { text: "", version: 0 };
  const at = conversation();
  const rest = { ...drafts };
  Promise.resolve(putting).then(() => badge(at, rest)); // one on its way would show it again
  field("text").value = "";
  $("[data-chips]", own).replaceChildren();
  $("[data-chips]", own).hidden = true;
  left = null;
  told();
  status("");
  field("text").focus();
}

/** Whether answers of this conversation go on by another channel when they do not arrive. */
async function stays(event) {
  const button = event.target.closest("[data-stays]");
  if (!button) return;
  await save();
  ask("POST", `/c/${conversation()}/fallback`, { fallback: button.dataset.stays }).then(() => location.reload(), (error) => say("failed", error));
}

function key(event) {
  if (event.isComposing || (quick && quick.pressed(event, form))) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.shiftKey) { event.preventDefault(); form.requestSubmit(); }
  if (event.key === "Enter" && event.target.matches("input.plain")) event.preventDefault();
}

/** A send was taken back or stopped: its text is in the composer again, before what was written since. */
function returned({ conversation: at, fields }) {
  if (!form || conversation() !== at) return void localStorage.setItem(`dialogo:draft:${me.id}:${at}:${fields.mode}`, JSON.stringify({ ...fields, version: 1e9 }));
  setMode(fields.mode);
  const since = field("text").value;
  for (const id of fields.attachments ?? []) chipOf(names.get(String(id)) ?? String(id), h("input", { type: "hidden", name: "attachments", value: id }));
  if (fields.macro) chipOf(fields.does, h("input", { type: "hidden", name: "macro", value: fields.macro }));
  fill({ ...fields, text: since.trim() ? `${fields.text}\n\n${since}` : fields.text });
  keepHere();
  save();
  field("text").focus();
}

/** What waited for the connection has left: its draft, drawn by the server before, is not offered once more. */
function gone({ conversation: at, mode: which, text }) {
  const box = form && conversation() === at && which === mode() && field("text");
  if (!box || !box.value || box.value !== box.defaultValue || !text.startsWith(box.value.trim())) return;
  box.value = "";
  drafts[which] = { text: "", version: 0 };
  status("");
}

/** What the agent has seen is what a send is checked against. */
function seen(seq) {
  const after = form && field("after_seq");
  if (after && Number(seq) > Number(after.value)) after.value = seq;
}

hear("start", () => {
  if (!$("#list")) return;
  bind();
  if (form && !$("#timeline .m")) focus("reply"); // begun just now: nothing was said yet
  hear("opened", bind);
  hear("returned", returned);
  hear("sent", gone);
  hear("seen", seen);
  hear("arrived", (node) => setTimeout(() => node.closest("#timeline") && !document.hidden && node.dataset.id && seen(parseInt(node.dataset.k, 10)), NOTICED));
  addEventListener("pagehide", () => pause && save());
});
