// What another way to answer changes: what it cannot carry, in how many parts a text goes, until when it may.
import { $, $$, h, spoken, t } from "./live.js";
import { atEnd } from "./ops.js";

// 3GPP TS 23.038; the same table as hub/channels/sms/segments.py, and a test compares both.
const ALPHABET = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const EXTENSION = "\f^{}\\[~]|€";
const COST = new Map([...[...ALPHABET].map((one) => [one, 1]), ...[...EXTENSION].map((one) => [one, 2])]);

/** Parts, units, encoding and what is left in the last part. */
export function measure(text) {
  const all = [...text];
  const plain = all.map((one) => COST.get(one) ?? 0);
  const gsm = !plain.includes(0);
  const costs = gsm ? plain : all.map((one) => one.length);
  const [most, each] = gsm ? [160, 153] : [70, 67];
  const units = costs.reduce((sum, cost) => sum + cost, 0);
  const encoding = gsm ? "GSM-7" : "UCS-2";
  if (units <= most) return { parts: 1, units, encoding, left: most - units };
  let parts = 1;
  let used = 0;
  for (const cost of costs) { if (used + cost > each) { parts += 1; used = 0; } used += cost; }
  return { parts, units, encoding, left: each - used };
}

/** About how many sheets a text takes behind its cover (A4, 11 points; channels/paper/typeset). */
export function sheets(text) {
  const lines = text.split("\n").reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / 90)), 0);
  return 1 + Math.max(0, Math.ceil((lines - 36) / 48));
}

// Who reads the end of the conversation keeps reading it while the form below it grows.
let low = false;
const room = new ResizeObserver(([{ target }]) => low && target.scrollTo(0, target.scrollHeight));

function stay(log) {
  if (!log || log.onscroll) return;
  log.onscroll = () => { low = atEnd(log); };
  log.onscroll();
  room.observe(log);
}

/** Tell it below the text. `before`: the fields of the way just left, or null; `back`: takes the switch back. */
export function show(form, option, before, back) {
  const { name, hasSubject, hasCc, files, parts, pages, cost, limit, until } = option.dataset;
  stay($("#timeline"));
  const text = form.elements.text.value;
  const attached = $$("input[name=attachments]", form).length;
  const lost = [
    hasSubject !== "1" && before?.subject && t("lost_subject"),
    hasCc !== "1" && before?.cc && t("lost_cc"),
    files !== "1" && attached && t("lost_files", { n: attached }),
  ].filter(Boolean);
  const place = $("[data-lost]", form);
  place.hidden = !before && !lost.length;
  place.replaceChildren(h("span", {}, [before && t("now_by", { name }), lost.length && t("lost", { what: lost.join(", ") })].filter(Boolean).join(". ")));
  if (before) place.append(h("button", { class: "btn small", type: "button", onclick: back }, t("undo")));
  const said = [];
  if (parts === "1" && text) { const one = measure(text); said.push(t("parts", one)); if (Number(cost)) said.push(t("cents", { n: Math.round(one.parts * cost) })); }
  if (pages === "1") said.push(t("pages", { n: sheets(text) }), ...attached ? [t("pages_files", { n: attached })] : []);
  if (Number(limit) && text.length > limit) said.push(t("too_long", { n: text.length - limit }));
  if (until) said.push(t("free_until", { at: spoken(new Date(until), "when") }));
  $("[data-measure]", form).textContent = said.join(" · ");
}
