// The agent desk: listens to the desk's events, shows calls, sends what is clicked.

import { card, clock, duration, el, icon, row, title } from "/card.js";
import { openOnce, openPage } from "/open.js";
import { language, nameOf, otherLanguage, speak, t } from "/words.js";

const $ = (id) => document.getElementById(id);
const RECENT = 20;
const MAX_WAIT = 15000;
const RENEW = 3600000;

let desk = null; // who is signed in, and what the page may show
let calls = new Map(); // live calls by id
let recent = []; // calls that are over, newest first
let parts = {}; // how the parts of the adapter stand
let states = {}; // agent states by extension
const ui = new Map(); // what only this page knows of a call
let skew = 0; // the desk's clock less ours, in milliseconds
let stream = null;
let link = "connecting";
let wait = 1000;

// ---- talking to the desk

class Refused extends Error {
  constructor(status, body) {
    super(body.message ?? "");
    this.status = status;
    this.code = body.code ?? "other";
  }
  get words() {
    return t(`error.${this.code}`, { message: this.message }) ?? t("error.other", { message: this.message });
  }
}

async function ask(method, path, body) {
  const options = { method, credentials: "same-origin", cache: "no-store" };
  if (body) Object.assign(options, { headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Refused(0, { code: "network" });
  }
  const data = answer.status === 204 ? null : await answer.json().catch(() => ({}));
  if (answer.ok) return data;
  if (answer.status === 401) showSignIn();
  throw new Refused(answer.status, data ?? {});
}

async function start() {
  try {
    desk = await ask("GET", "/session");
  } catch (refused) {
    if (refused.status !== 401) setTimeout(start, nextWait());
    return;
  }
  $("sign-in").hidden = true;
  $("desk").hidden = false;
  $("me").hidden = false;
  listen();
  render();
}

function nextWait() {
  const now = wait;
  wait = Math.min(wait * 2, MAX_WAIT);
  return now;
}

function listen() {
  stream?.close();
  stream = new EventSource("/events");
  stream.onopen = () => {
    wait = 1000;
    setLink("up");
  };
  stream.onerror = () => {
    setLink("down");
    // A closed stream was refused (signed out, too many pages, restart): ask who we are, then try again.
    if (stream.readyState === EventSource.CLOSED) setTimeout(start, nextWait());
  };
  on("snapshot", takeSnapshot);
  on("call", (view) => take(view, false));
  on("pop", (view) => take(view, true));
  on("notified", notified);
  on("dismissed", ({ call }) => ui.set(call, Object.assign(ui.get(call) ?? {}, { dismissed: true })));
  on("agent", (told) => (states = told));
  on("link", (told) => (parts = told.parts));
}

function on(event, action) {
  stream.addEventListener(event, (message) => {
    action(JSON.parse(message.data));
    render();
  });
}

function setLink(state) {
  link = state;
  renderHeader();
}

// ---- taking in

function takeSnapshot(snapshot) {
  skew = Date.parse(snapshot.now) - Date.now();
  calls = new Map(snapshot.calls.map((view) => [view.call, view]));
  recent = snapshot.recent;
  states = snapshot.states;
  parts = snapshot.parts.parts;
  snapshot.calls.filter((view) => view.fresh).forEach(announce);
}

function take(view, isPop) {
  const before = calls.get(view.call);
  recent = recent.filter((old) => old.call !== view.call);
  if (view.state !== "over") {
    calls.set(view.call, view);
    if (isPop && view.pop?.hints.copy) navigator.clipboard?.writeText(view.pop.hints.copy).catch(() => {});
    if (isPop || before?.state !== view.state) announce(view);
    return;
  }
  calls.delete(view.call);
  ui.delete(view.call);
  if (view.outcome !== "merged") recent = [view, ...recent].slice(0, RECENT);
  recent.sort((a, b) => Date.parse(b.started_at) - Date.parse(a.started_at));
}

function announce(view) {
  if (view.state === "ringing") $("announce").textContent = t("incoming_announce", { name: title(view, desk) });
}

// A CRM was told of an event: a page is to be opened, or it failed. What the browser blocks is offered as a button.
async function notified(told) {
  const note = (what) => {
    ui.set(told.call, Object.assign(ui.get(told.call) ?? {}, what));
    render();
  };
  if (told.problem) note({ problem: t("notice_failed", { crm: told.crm }) });
  else if (told.page && !(await openOnce(`${told.crm}/${told.id}`, told.page))) note({ page: told.page });
}

// ---- showing

function showSignIn() {
  stream?.close();
  desk = null;
  // Nothing of a customer stays behind for the next person at this machine.
  calls.clear();
  ui.clear();
  recent = [];
  for (const id of ["calls", "recent", "derivation", "announce"]) $(id).replaceChildren();
  $("desk").hidden = true;
  $("me").hidden = true;
  $("sign-out").hidden = true;
  $("link").hidden = true;
  $("banner").hidden = true;
  document.title = t("page_title");
  $("sign-in").hidden = false;
  $("token").focus();
  renderWords();
}

function renderWords() {
  document.documentElement.lang = language();
  document.querySelectorAll("[data-word]").forEach((place) => (place.textContent = t(place.dataset.word)));
  $("language").textContent = nameOf(otherLanguage());
  $("language").lang = otherLanguage();
  $("number").placeholder = t("number_hint");
  $("dial-go").replaceChildren(icon("phone"), t("dial"));
}

function renderHeader() {
  if (!desk) return;
  $("link").hidden = false;
  $("link").dataset.state = link;
  $("link").textContent = t(`link_${link}`);
  $("me-name").textContent = desk.name ?? desk.user;
  const phones = desk.extensions.map((extension) => {
    const state = states[extension] ? ` · ${t(`agent_state.${states[extension]}`)}` : "";
    return t("extension", { extension }) + state;
  });
  $("me-extensions").textContent = phones.join(", ");
  $("sign-out").hidden = !desk.signed_in;
  const missing = Object.entries(parts).filter(([, state]) => state !== "ready").map(([part]) => part);
  const banner = link === "down" ? t("banner_down") : missing.length ? t("banner_part", { parts: missing.join(", ") }) : "";
  $("banner").textContent = banner;
  $("banner").hidden = !banner;
}

function render() {
  if (!desk) return;
  renderHeader();
  renderCalls();
  $("recent").replaceChildren(...recent.map((view) => row(view, desk)));
  $("no-recent").hidden = recent.length > 0;
  $("no-calls").hidden = calls.size > 0;
  const ringing = [...calls.values()].find((view) => view.state === "ringing");
  document.title = ringing ? `☎ ${title(ringing, desk)} – ${t("state.ringing")}` : t("page_title");
  tick();
}

function renderCalls() {
  const focus = document.activeElement?.dataset ?? {};
  const focusedCard = document.activeElement?.closest?.(".card");
  const known = new Map([...$("calls").children].map((element) => [element.dataset.call, element]));
  const cards = [...calls.values()].map((view) => {
    const element = known.get(view.call) ?? el("article", { className: "card", data: { call: view.call } });
    element.dataset.state = view.state;
    element.dataset.size = view.pop?.hints.size ?? "standard";
    // A pop whose time is up is away until the call is answered.
    element.hidden = Boolean(ui.get(view.call)?.dismissed) && ["ringing", "dialing"].includes(view.state);
    element.replaceChildren(...card(view, desk, ui.get(view.call) ?? {}));
    return element;
  });
  cards.sort((a, b) => (b.dataset.state === "ringing") - (a.dataset.state === "ringing"));
  // Elements that stay in place are left alone: moving one would start its animation again.
  const shown = [...$("calls").children];
  const isSame = shown.length === cards.length && shown.every((element, at) => element === cards[at]);
  if (!isSame) $("calls").replaceChildren(...cards);
  const again = focusedCard && focus.action ? [...focusedCard.querySelectorAll("[data-action]")] : [];
  again.find(({ dataset }) => dataset.action === focus.action && dataset.digit === focus.digit)?.focus();
}

function tick() {
  const now = Date.now() + skew;
  document.querySelectorAll("[data-since]").forEach((timer) => {
    timer.textContent = duration((now - Date.parse(timer.dataset.since)) / 1000);
    timer.title = t("call_from", { time: clock(timer.dataset.since) });
  });
}

// ---- click-to-dial

async function dial(number, choice) {
  $("dial-problem").textContent = "";
  $("derivation").replaceChildren(el("p", {}, t("dialing_now")));
  $("dial-go").disabled = true;
  try {
    const outcome = await ask("POST", "/api/dial", { number, choice: choice ?? {} });
    if (outcome.outcome === "choice_needed") {
      $("derivation").replaceChildren();
      offer(number, outcome.offer, choice ?? {});
    } else {
      showDerivation(outcome.derivation);
      $("number").value = "";
    }
  } catch (refused) {
    $("derivation").replaceChildren();
    $("dial-problem").textContent = refused.words;
  } finally {
    $("dial-go").disabled = false;
  }
}

function showDerivation(derivation) {
  if (!derivation) return $("derivation").replaceChildren();
  const { extension, dial_string, steps } = derivation;
  const rows = steps.map((step) => el("li", {}, el("code", {}, step.number), el("span", {}, ruleWords(step.rule))));
  $("derivation").replaceChildren(
    el("p", {}, t("dial_string", { extension, number: dial_string })), el("ol", {}, ...rows));
}

// A rule is `name` or `name:label`; one that has no words yet is shown by its name.
function ruleWords(rule) {
  const [name, ...label] = rule.split(":");
  return t(`rule.${name}`, { label: label.join(":") }) ?? rule;
}

function radios(place, name, options, chosen) {
  place.hidden = options.length === 0;
  place.querySelector("div").replaceChildren(...options.map(([value, label]) =>
    el("label", { className: "radio" }, el("input", { type: "radio", name, value, checked: value === chosen }), label)));
}

function offer(number, { extensions, prefixes }, choice) {
  $("choice-number").textContent = number;
  radios($("choice-extensions"), "extension", extensions.map((extension) => [extension, extension]), extensions[0]);
  const labels = prefixes.map((label) => [`=${label}`, label]);
  radios($("choice-prefixes"), "prefix", labels.length ? [...labels, ["", t("no_prefix")]] : [], labels[0]?.[0]);
  const dialog = $("choice");
  dialog.returnValue = "cancel";
  dialog.onclose = () => {
    if (dialog.returnValue === "go") dial(number, chosen(choice));
    else $("number").focus();
  };
  dialog.showModal();
}

function chosen(before) {
  const form = new FormData($("choice-form"));
  const choice = { ...before };
  if (form.has("extension")) choice.extension = form.get("extension");
  if (form.has("prefix")) choice.prefix = form.get("prefix") ? { label: form.get("prefix").slice(1) } : "no_prefix";
  return choice;
}

// ---- call control

async function control(view, action, more = {}) {
  const known = ui.get(view.call) ?? {};
  // A second press before the first was answered is the same press; keys are pressed fast.
  if (known.busy && action !== "digits") return;
  ui.set(view.call, Object.assign(known, { busy: true, problem: "" }));
  try {
    await ask("POST", `/api/calls/${action}`, { call: view.call, extension: view.extension, ...more });
  } catch (refused) {
    known.problem = refused.words;
  }
  known.busy = false;
  render();
}

async function click(view) {
  const { crm } = view.pop;
  const known = ui.get(view.call) ?? {};
  ui.set(view.call, known);
  try {
    const outcome = await ask("POST", "/api/click", { call: view.call, extension: view.extension, crm });
    known.problem = "";
    if (outcome.outcome === "open" && !openPage(outcome.page)) known.page = outcome.page;
  } catch (refused) {
    known.problem = refused.words;
  }
  render();
}

function transfer(view) {
  $("transfer-call").textContent = title(view, desk);
  $("transfer-to").value = "";
  for (const [step, can] of [["blind", "blind_transfer"], ["consult", "attended_transfer"]]) {
    $("transfer").querySelector(`[value="${step}"]`).hidden = !desk.capabilities[can];
  }
  const dialog = $("transfer");
  dialog.returnValue = "cancel";
  dialog.onclose = () => {
    const to = $("transfer-to").value.trim();
    if (["blind", "consult"].includes(dialog.returnValue) && to) {
      control(view, "transfer", { to, step: dialog.returnValue });
    }
  };
  dialog.showModal();
  $("transfer-to").focus();
}

async function copy(view, pressed) {
  try {
    await navigator.clipboard.writeText(view.number);
    pressed.replaceChildren(t("copied"));
  } catch {
    // The browser does not allow it here; the number can be marked by hand.
  }
}

const ACTIONS = {
  answer: (view) => control(view, "answer"),
  hang_up: (view) => control(view, "hang_up"),
  hold: (view) => control(view, "hold"),
  resume: (view) => control(view, "resume"),
  complete: (view) => control(view, "transfer", { step: "complete" }),
  cancel: (view) => control(view, "transfer", { step: "cancel" }),
  digit: (view, pressed) => control(view, "digits", { digits: pressed.dataset.digit }),
  transfer,
  copy,
  click,
  page: (view) => {
    const known = ui.get(view.call);
    if (known?.page && openPage(known.page)) known.page = null;
    render();
  },
  keypad: (view) => {
    const known = ui.get(view.call) ?? {};
    ui.set(view.call, Object.assign(known, { keypad: !known.keypad }));
    render();
  },
};

// ---- what people do

$("calls").addEventListener("click", (event) => {
  const pressed = event.target.closest("[data-action]");
  const view = calls.get(event.target.closest(".card")?.dataset.call);
  if (pressed && view) ACTIONS[pressed.dataset.action](view, pressed);
});

$("recent").addEventListener("click", (event) => {
  const pressed = event.target.closest("[data-number]");
  if (!pressed) return;
  $("number").value = pressed.dataset.number;
  $("number").focus();
});

$("dial").addEventListener("submit", (event) => {
  event.preventDefault();
  const number = $("number").value.trim();
  if (number && !$("dial-go").disabled) dial(number);
});

$("sign-in-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await ask("POST", "/session", { token: $("token").value.trim() });
    $("token").value = "";
    $("sign-in-problem").textContent = "";
    start();
  } catch (refused) {
    $("sign-in-problem").textContent = refused.status === 401 ? t("sign_in_wrong") : refused.words;
  }
});

$("sign-out").addEventListener("click", async () => {
  await ask("DELETE", "/session").catch(() => {});
  showSignIn();
});

$("language").addEventListener("click", () => {
  speak(otherLanguage());
  renderWords();
  render();
});

document.addEventListener("keydown", (event) => {
  const writes = event.target.closest?.("input, textarea, dialog");
  if (event.key !== "/" || writes || event.ctrlKey || event.metaKey || event.altKey || !desk) return;
  event.preventDefault();
  $("number").focus();
});

setInterval(tick, 1000);
// A page that stays open stays signed in.
setInterval(() => desk && ask("GET", "/session").catch(() => {}), RENEW);
renderWords();
start();
