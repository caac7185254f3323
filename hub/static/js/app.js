// Starts the kernel on every page of a signed-in agent; the parts start in this order.
import { $, app, say } from "./live.js";
import "./nav.js";
import "./list.js";
import "./send.js";
import "./compose.js";
import "./presence.js";
import "./keys.js";

document.documentElement.classList.add("js");
if (app) say("start");
if ($("form[data-preview]")) import("./preview.js");
if (app?.querySelector("[data-watch]")) import("./watch.js").catch(() => {}); // reloading the page shows the same
if (app) (window.requestIdleCallback ?? setTimeout)(() => import("./call.js").catch(() => {})); // the bar stands without it
