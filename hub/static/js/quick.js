// Quick replies: a / at the start of a word opens the saved texts, filled for this customer, an @ in a note the people; Enter takes one.
import { $, ask, data, h, json, say, t } from "./live.js";
import { chipOf } from "./compose.js";
import { toast } from "./notify.js";

const TYPED = /(?:^|\s)\/(?!\s)([^\n\/]{0,40})$/;
const NAMED = /(?:^|\s)@(?!\s)([^\n@]{0,40})$/;
const BLANK = /(\{\{\s[a-z]+\.[a-z_]+\s\}\})/;
const FRESH = 60000;
const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
const known = { key: "", at: 0, items: [] };
let [shown, at, start, dismissed, asking, naming] = [[], 0, -1, -1, 0, false];

/** What stands before the caret may ask for a saved text, or for a colleague. */
export async function look(form) {
  const text = form.elements.text;
  const before = text.value.slice(0, text.selectionStart);
  const named = form.dataset.mode === "note" && !before.endsWith(" ") && before.match(NAMED);
  const typed = named || before.match(TYPED);
  naming = Boolean(named);
  start = typed ? text.selectionStart - typed[1].length - 1 : -1;
  if (start < 0 || start === dismissed) return close(form, dismissed);
  const turn = ++asking;
  const items = named ? people() : await all(form).catch((error) => { say("failed", error); return []; });
  if (turn !== asking || !form.isConnected) return;
  shown = matching(items, plain(typed[1]).trim());
  at = 0;
  if (shown.length || !typed[1].includes(" ")) draw(form); else close(form);
}

/** Whether the list is open and the key was meant for it. */
export function pressed(event, form) {
  const box = $(".quick", form);
  if (!box || event.ctrlKey || event.metaKey || event.altKey) return false;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && shown.length) { at = (at + step + shown.length) % shown.length; draw(form); }
  else if (event.key === "Enter" && shown.length) take(form, shown[at]);
  else if (event.key === "Escape") close(form, start);
  else return false;
  event.preventDefault();
  return true;
}

const people = () => data("choices", { assign: [] }).assign.filter(({ value }) => value.startsWith("agent-")).map(({ name, note }) => (
  { title: name, note, shortcut: "", found: plain(name), text: `@${name} `, subject: "", missing: [], does: [] }));

async function all(form) {
  const [id, channel] = [form.dataset.c, form.elements.channel_id?.value ?? ""];
  if (known.key !== `${id}:${channel}` || Date.now() - known.at > FRESH) {
    const { items } = await json(await ask("GET", `/c/${id}/saved-texts?channel_id=${channel}`));
    Object.assign(known, { key: `${id}:${channel}`, at: Date.now(), items: items.map((one) => ({ ...one, found: plain(`${one.shortcut} ${one.title} ${one.text}`) })) });
  }
  return known.items;
}

/** Those with all the words; first whose shortcut, then whose title begins so. */
function matching(items, typed) {
  const words = typed.split(/\s+/).filter(Boolean);
  const rank = (one) => (plain(one.shortcut).startsWith(typed) && one.shortcut ? 2 : 0) + plain(one.title).startsWith(typed);
  const fits = items.filter(({ found }) => words.every((word) => found.includes(word)));
  return (typed ? fits.toSorted((a, b) => rank(b) - rank(a)) : fits).slice(0, 30);
}

const marked = (text) => text.split(BLANK).map((piece) => (BLANK.test(piece) ? h("mark", { class: "blank" }, piece) : piece));

function draw(form) {
  const text = form.elements.text;
  const rows = shown.map((one, index) => h("li", { role: "option", id: `quick-${index}`, "aria-selected": String(index === at), onmousedown: (event) => { event.preventDefault(); take(form, one); } },
    h("span", { class: "cut" }, one.title), h("small", {}, one.note || (one.shortcut && `/${one.shortcut}`))));
  const none = h("li", { class: "none", role: "option", "aria-disabled": "true", "aria-selected": "false" }, t("nothing_found"));
  const list = h("ul", { role: "listbox", id: "quick-list", "aria-label": t(naming ? "mentions" : "saved_texts") }, ...(rows.length ? rows : [none]));
  const box = $(".quick", form) ?? form.insertBefore(h("div", { class: "quick" }), $(".box", form));
  box.replaceChildren(list, h("div", { class: "reads", "aria-live": "polite" }, ...told(shown[at])));
  text.setAttribute("aria-controls", "quick-list");
  text.setAttribute("aria-activedescendant", rows.length ? `quick-${at}` : "");
  rows[at]?.scrollIntoView({ block: "nearest" });
}

/** How it would read, what it lacks, what else it does. */
function told(one) {
  if (!one) return [];
  return [
    one.error && h("p", { class: "tone-danger" }, one.error),
    one.subject && h("p", {}, h("b", {}, ...marked(one.subject))),
    one.text && h("p", { class: "said" }, ...marked(one.text)),
    one.missing.length && h("p", { class: "tone-danger" }, t("fill_in", { names: one.missing.join(", ") })),
    one.does.length && h("ul", { class: "does" }, ...one.does.map((what) => h("li", {}, what))),
  ].filter(Boolean);
}

/** Its words stand where the / stood; what it does waits for the message, or is done now if it says nothing. */
async function take(form, one) {
  const text = form.elements.text;
  if (one.error) return;
  const from = start;
  text.setRangeText(one.text, from, text.selectionStart, "end");
  if (one.subject && form.elements.subject && !form.elements.subject.value) form.elements.subject.value = one.subject;
  close(form);
  text.focus();
  const hole = BLANK.exec(one.text);
  if (hole) text.setSelectionRange(from + hole.index, from + hole.index + hole[0].length);
  text.dispatchEvent(new InputEvent("input", { bubbles: true }));
  if (!one.macro) return;
  if (one.text) return void chipOf(one.does.join(" · "), h("input", { type: "hidden", name: "macro", value: one.macro }));
  await ask("POST", `/c/${form.dataset.c}/macro`, { macro: one.macro }).then(() => toast(one.does.join(" · ")), (error) => say("failed", error));
}

function close(form, wanted = -1) {
  asking += 1;
  dismissed = wanted;
  $(".quick", form)?.remove();
  form.elements.text.removeAttribute("aria-controls");
  form.elements.text.removeAttribute("aria-activedescendant");
}
