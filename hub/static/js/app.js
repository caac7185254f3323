// Starts the kernel on every page of a signed-in agent.
import { app } from "./live.js";
import * as live from "./live.js";
import * as notify from "./notify.js";
import * as nav from "./nav.js";
import * as list from "./list.js";
import * as compose from "./compose.js";
import * as send from "./send.js";
import * as triage from "./triage.js";
import * as presence from "./presence.js";
import * as keys from "./keys.js";
import * as wire from "./wire.js";

document.documentElement.classList.add("js");
if (app) for (const part of [live, notify, nav, list, send, compose, triage, presence, keys, wire]) part.start();
