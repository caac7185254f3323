// The chat on somebody else's page: a button and a frame, no style, script or request of its own beside them.
(() => {
  const tag = document.currentScript;
  if (!tag || window.hubChat) return;
  const hub = new URL(tag.src).origin;
  const key = tag.dataset.key;
  const texts = __TEXTS__;
  const wanted = (tag.dataset.locale || document.documentElement.lang || navigator.language || "").slice(0, 2);
  const lang = texts[wanted] ? wanted : "en";
  const t = texts[lang];
  const place = `hub-chat:${key}`;
  const colour = /^#(?:[0-9a-f]{3}){1,2}$/i.test(tag.dataset.colour) ? tag.dataset.colour : "#1D5FD1";
  let frame, user, ready = false, isOpen = false, unread = 0;

  const host = document.createElement("div");
  const root = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`
    :host { all: initial; color-scheme: normal; }
    button { position: fixed; inset: auto 20px 20px auto; z-index: 2147483000; width: 56px; height: 56px; border: 0; border-radius: 50%; cursor: pointer; background: ${colour}; color: #fff; box-shadow: 0 6px 20px #17202c4d; display: grid; place-items: center; }
    button:focus-visible { outline: 3px solid #fff; box-shadow: 0 0 0 6px #1D5FD1; }
    svg { width: 26px; height: 26px; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
    span { position: absolute; inset: -4px -4px auto auto; min-width: 20px; padding: 0 5px; border-radius: 10px; box-sizing: border-box; background: #B3261E; font: 600 12px/20px system-ui, sans-serif; }
    [hidden] { display: none; }
    iframe { position: fixed; inset: auto 20px 88px auto; z-index: 2147483000; width: 376px; height: min(620px, calc(100dvh - 108px)); border: 0; border-radius: 12px; color-scheme: normal; background: #fff; box-shadow: 0 12px 40px #17202c4d; }
    @media (max-width: 480px) { iframe { inset: 0; width: 100%; height: 100dvh; border-radius: 0; } }
  `);
  root.adoptedStyleSheets = [sheet];

  const drawn = (d) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", d);
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    svg.append(path);
    return svg;
  };
  const button = document.createElement("button");
  const badge = document.createElement("span");
  button.type = "button";
  badge.ariaHidden = "true";
  button.append(drawn("M7.9 20A9 9 0 1 0 4 16.1L2 22z"), badge);
  root.append(button);

  const kept = (value) => {
    try {
      if (value === undefined) return localStorage.getItem(place) || "";
      if (value) localStorage.setItem(place, value);
      else localStorage.removeItem(place);
    } catch {
      return "";
    }
  };
  const tell = (t, d) => ready && frame.contentWindow.postMessage({ hub: 1, t, d }, hub);

  function make() {
    if (frame) return;
    frame = document.createElement("iframe");
    frame.title = t.frame;
    frame.hidden = !isOpen;
    frame.allow = "clipboard-write";
    frame.src = `${hub}/widget/${key}?lang=${lang}`;
    frame.addEventListener("load", () => {
      ready = true;
      tell("init", { token: kept(), page: location.origin + location.pathname, user, colour });
      if (isOpen) tell("open");
    });
    root.append(frame);
  }

  function show(open) {
    const was = isOpen;
    isOpen = open;
    make();
    frame.hidden = !open;
    tell(open ? "open" : "close");
    if (open) frame.focus();
    else if (was) button.focus();
    name();
  }

  function name() {
    button.ariaExpanded = String(isOpen);
    button.ariaLabel = (isOpen ? t.close : t.open) + (unread ? ` (${unread} ${t.new})` : "");
    badge.textContent = unread > 9 ? "9+" : unread;
    badge.hidden = !unread;
  }

  addEventListener("message", (event) => {
    if (event.origin !== hub || !frame || event.source !== frame.contentWindow || event.data?.hub !== 1) return;
    const { t: what, d } = event.data;
    if (what === "token") kept(typeof d === "string" ? d : "");
    if (what === "close") show(false);
    if (what === "unread") {
      unread = Number(d) || 0;
      name();
    }
  });
  button.addEventListener("click", () => show(!isOpen));
  for (const near of ["pointerenter", "focus"]) button.addEventListener(near, make, { once: true });

  window.hubChat = {
    open: () => show(true),
    close: () => show(false),
    identify(who) {
      user = who;
      make();
      tell("identify", who);
    },
    reset() {
      user = undefined;
      kept("");
      tell("reset");
    },
  };
  name();
  const begin = () => {
    document.body.append(host);
    if (kept()) (window.requestIdleCallback || setTimeout)(make);
  };
  if (document.body) begin();
  else addEventListener("DOMContentLoaded", begin);
})();
