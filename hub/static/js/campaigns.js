// The pages of marketers: a form whose server draws what it would mean, soon after the last key; it saves itself.
import { $, $$, ask, on, say, spoken } from "./live.js";
import { nodes } from "./ops.js";

/** What is drawn anew from a form: `data-draws` names the address, `data-into` the place, `data-rest` the pause. */
const turns = new WeakMap();
const waits = new WeakMap();

function draw(form) {
  clearTimeout(waits.get(form));
  waits.set(form, setTimeout(() => show(form), Number(form.dataset.rest ?? 250)));
}

async function show(form) {
  const mine = (turns.get(form) ?? 0) + 1;
  turns.set(form, mine);
  const place = document.getElementById(form.dataset.into);
  place.ariaBusy = "true";
  try {
    const drawn = await (await ask("POST", form.dataset.draws, new FormData(form), { Accept: "text/html" })).text();
    if (turns.get(form) === mine) place.replaceChildren(nodes(drawn));
  } catch (error) {
    if (turns.get(form) === mine) say("failed", error);
  } finally {
    if (turns.get(form) === mine) place.ariaBusy = null;
  }
}

/** A button that changes the form's own shape: the server draws it again; the focus goes where the change is. */
async function reshape(form, button) {
  const sent = new FormData(form);
  if (button) sent.set(button.name, button.value);
  const drawn = nodes(await (await ask("POST", form.dataset.shape, sent, { Accept: "text/html", "X-Fragment": "shape" })).text());
  const inside = $("[data-shaped]", form);
  const at = document.activeElement?.id;
  inside.replaceChildren(drawn);
  ($("[data-focus]", inside) ?? (at && document.getElementById(at)))?.focus();
  if (form.dataset.draws) draw(form);
}

/** A form that saves itself: soon after the last key, and at once when something is chosen. */
const SAVE_REST = 900;
const saves = new WeakMap();

async function save(form, reload) {
  clearTimeout(saves.get(form));
  saves.delete(form);
  if (form.dataset.overtaken) return;
  const said = $("[data-said]", form);
  try {
    const answer = await ask("POST", form.action, new FormData(form), { "X-Fragment": "saved" });
    if (reload) return location.reload();
    form.elements.version.value = answer.headers.get("X-Version");
    const others = decodeURIComponent(answer.headers.get("X-Others"));
    const checks = document.getElementById("checks");
    checks.replaceChildren(nodes(await answer.text()));
    if (said) { said.textContent = `${checks.dataset.saved} ${spoken(new Date(), "clock")} ${others}`; said.classList.remove("wrong"); }
  } catch (error) {
    if (error.told?.error?.code === "overtaken") overtaken(form);
    if (!said) return say("failed", error);
    said.textContent = error.message;
    said.classList.add("wrong");
  }
}

/** Somebody else changed the same: nothing is saved until whoever writes here has seen both, and nothing is lost. */
function overtaken(form) {
  const both = $("[data-both]", form);
  if (!both) return form.submit();
  form.dataset.overtaken = "1";
  both.hidden = false;
}
addEventListener("beforeunload", (event) => {
  if ($("form:is([data-overtaken], :has(.clash)):not([data-left])")) event.preventDefault();
});
on("submit", ({ target }) => { target.dataset.left = "1"; });

function saveSoon(form) {
  clearTimeout(saves.get(form));
  saves.set(form, setTimeout(() => save(form), SAVE_REST));
}

on("input", ({ target }) => {
  const form = target.form;
  if (form?.dataset.draws && !target.closest("[data-reshapes]")) draw(form);
  if (form && "saves" in form.dataset && !["who", "look"].includes(target.name)) saveSoon(form);
});
on("change", ({ target }) => {
  const form = target.form;
  if (!form || !("saves" in form.dataset) || ["who", "look"].includes(target.name)) return;
  if ("reload" in target.dataset || "reloads" in form.dataset) save(form, true);
});
addEventListener("pagehide", () => $$("form[data-saves]").forEach((form) => {
  if (!saves.get(form)) return;
  fetch(form.action, { method: "POST", body: new FormData(form), keepalive: true, headers: { "X-Fragment": "saved" } });
}));

/** Walk from person to person; put a variable where the caret is. */
let caret = null;
on("focusin", ({ target }) => { if (target.matches("form[data-draws] :is(textarea, [name=subject], [name^=v_])")) caret = target; });
on("click", ({ target }) => {
  const walk = target.closest("[data-walk]");
  const insert = target.closest("[data-insert]");
  if (walk) {
    const people = $("select[name=who]");
    const at = people.selectedIndex + Number(walk.dataset.walk);
    people.selectedIndex = (at + people.length) % people.length;
    people.dispatchEvent(new InputEvent("input", { bubbles: true }));
  }
  if (insert) {
    caret ??= $("#step textarea");
    caret.setRangeText(insert.dataset.insert, caret.selectionStart, caret.selectionEnd, "end");
    caret.focus();
    caret.dispatchEvent(new InputEvent("input", { bubbles: true }));
  }
});

/** The worst letters, worked out only when somebody asks; one of them is the person whose data is shown. */
async function worst(button) {
  const place = document.getElementById("worst");
  place.ariaBusy = "true";
  button.disabled = true;
  try {
    place.replaceChildren(nodes(await (await ask("POST", button.dataset.worst, new FormData(button.form), { Accept: "text/html", "X-Fragment": "worst" })).text()));
    $("h2", place).focus();
    place.scrollIntoView({ block: "nearest" });
  } catch (error) { say("failed", error); }
  place.ariaBusy = null;
  button.disabled = false;
}

function showAs(link) {
  const people = $("select[name=who]");
  if (![...people.options].some((one) => one.value === link.dataset.who)) {
    people.prepend(new Option(link.closest("article").querySelector(".who a").textContent, link.dataset.who));
  }
  people.value = link.dataset.who;
  people.dispatchEvent(new InputEvent("input", { bubbles: true }));
  people.focus();
}
on("click", (event) => {
  const button = event.target.closest("[data-worst]");
  const link = event.target.closest("[data-who]");
  if (button) worst(button);
  if (link) showAs(link);
  if (button || link) event.preventDefault();
});

on("change", ({ target }) => {
  if (target.form?.dataset.shape && target.closest("[data-reshapes]")) reshape(target.form).catch((error) => say("failed", error));
});
on("submit", (event) => {
  const button = event.submitter;
  if (!event.target.dataset.shape || button?.name !== "act") return;
  event.preventDefault();
  reshape(event.target, button).catch((error) => say("failed", error));
});
$$("form[data-draws][data-now]").forEach(show);

/** Numbers that take a while: fetched one after the other, once the page stands. */
async function fill() {
  for (const node of $$("[data-fetch]")) {
    try {
      node.replaceChildren(nodes(await (await ask("GET", node.dataset.fetch, undefined, { Accept: "text/html" })).text()));
    } catch { node.textContent = "—"; }
  }
}
fill();
