// Calls as elements. Text goes in as text only: names and numbers are chosen by strangers.

import { language, t } from "/words.js";

const SVG = "http://www.w3.org/2000/svg";
const ICONS = {
  phone: "M6.6 10.8a15 15 0 0 0 6.600 6.600l2.200-2.200a1 1 0 0 1 1-.25 11.400 11.400 0 0 0 3.600.57 1 1 0 0 1 1 1V20a1 1 0 0 1-1 1A17 17 0 0 1 3 4a1 1 0 0 1 1-1h3.500a1 1 0 0 1 1 1c0 1.250.2 2.450.57 3.570a1 1 0 0 1-.25 1z",
  hang_up: "M12 9c-1.600 0-3.150.25-4.600.72v3.100c0 .39-.23.74-.56.9-.98.49-1.870 1.120-2.660 1.850a1 1 0 0 1-1.400-.01L.29 13.080a1 1 0 0 1 0-1.410C3.340 8.780 7.460 7 12 7s8.660 1.780 11.710 4.670a1 1 0 0 1 0 1.410l-2.480 2.480a1 1 0 0 1-1.400.01 11.300 11.300 0 0 0-2.670-1.850 1 1 0 0 1-.56-.9v-3.100A15 15 0 0 0 12 9z",
  hold: "M7 5h3.500v14H7zM13.500 5H17v14h-3.500z",
  resume: "M8 5v14l11-7z",
  transfer: "M13 5l7 6-7 6v-4H4V9h9z",
  keypad: "M5 4h3v3H5zM10.500 4h3v3h-3zM16 4h3v3h-3zM5 9.500h3v3H5zM10.500 9.500h3v3h-3zM16 9.500h3v3h-3zM5 15h3v3H5zM10.500 15h3v3h-3zM16 15h3v3h-3z",
  record: "M14 3h7v7h-2V6.400l-8.300 8.300-1.400-1.400L17.600 5H14zM5 5h5v2H5v12h12v-5h2v5a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V7a2 2 0 0 1 2-2z",
  copy: "M16 1H5a2 2 0 0 0-2 2v13h2V3h11zm3 4H9a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V7a2 2 0 0 0-2-2zm0 16H9V7h10z",
  inbound: "M19 6.400 17.600 5 8 14.600V9H6v9h9v-2H9.400z",
  outbound: "M5 17.600 6.400 19 16 9.400V15h2V6H9v2h5.600z",
  internal: "M7 7l-5 5 5 5v-4h10v4l5-5-5-5v4H7z",
  missed: "M19.600 7 12 14.600 6.400 9H11V7H3v8h2v-4.600l7 7 9-9z",
};
ICONS.answer = ICONS.phone;
ICONS.decline = ICONS.hang_up;
const MISSED = ["missed", "abandoned", "no_answer", "caller_gave_up", "unavailable", "lost_track", "failed"];
const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];

// An element with properties and children; children that are strings become text.
export function el(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "data") Object.assign(made.dataset, value);
    else if (name.startsWith("aria-")) made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

// Minutes and seconds, and hours where there are some.
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (value) => String(value).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  return (hours ? `${hours}:` : "") + `${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}

export const clock = (at) =>
  new Date(at).toLocaleTimeString(language(), { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

const matches = (view) => view.pop?.matches ?? [];
const only = (view) => (matches(view).length === 1 && !view.pop.more ? matches(view)[0] : null);

function withheld(view, desk) {
  if (view.number || view.direction === "outbound") return null;
  return view.pop?.hints.label ?? desk.window.withheld_label ?? t(`withheld.${view.withheld ?? "unknown"}`);
}

// Who it is, in one line.
export function title(view, desk) {
  const found = only(view);
  const hidden = withheld(view, desk);
  if (found) return found.name ?? found.company ?? view.number ?? hidden ?? "";
  if (hidden) return hidden;
  if (matches(view).length > 1) return view.number ?? "";
  if (view.name) return view.name;
  if (view.direction === "inbound" && view.pop && !view.pop.problem) return t("unknown_caller");
  if (view.direction === "internal" && view.number) return t("extension", { extension: view.number });
  return view.number ?? t("unknown_caller");
}

function subtitle(view) {
  const found = only(view);
  if (found) return found.name ? found.company : null;
  if (!view.pop || view.direction === "internal") return null;
  if (view.pop.problem || matches(view).length) return null;
  return title(view, { window: {} }) === t("unknown_caller") ? null : t("unknown_number");
}

// Web addresses only, whatever the customer system says.
function web(address) {
  try {
    const url = new URL(address);
    return ["http:", "https:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

function recordLink(address, className) {
  const href = web(address);
  if (!href) return null;
  return el("a", { className, href, target: "_blank", rel: "noopener noreferrer" }, icon("record"), t("open_record"));
}

function avatar(view, desk) {
  const first = only(view) || view.name ? [...title(view, desk)][0] : "";
  const letter = /\p{L}/u.test(first) ? first : null;
  return el("div", { className: "avatar", "aria-hidden": "true" }, letter ?? icon(view.direction));
}

function facts(view, desk) {
  const list = [
    desk.extensions.length > 1 && t("extension", { extension: view.extension }),
    view.direction === "inbound" && view.dialed && t("to_number", { number: view.dialed }),
    view.queue && t("queue", { queue: view.queue }),
    view.slot && view.state === "parked" && t("slot", { slot: view.slot }),
    view.conference && t("conference"),
    view.recorded && t("recorded"),
  ];
  const chips = list.filter(Boolean).map((text) => el("li", {}, text));
  return chips.length ? el("ul", { className: "facts" }, ...chips) : null;
}

function fields(found) {
  if (!found?.fields.length) return null;
  const pairs = found.fields.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]);
  return el("dl", { className: "fields" }, ...pairs);
}

function several(view) {
  const all = matches(view);
  if (all.length < 2 && !view.pop?.more) return null;
  const heading = t(view.pop.more ? "several_more" : "several", { count: all.length });
  const rows = all.map((found) =>
    el("li", {},
      el("span", { className: "who" },
        el("strong", {}, found.name ?? found.company ?? found.number ?? "?"),
        found.name && found.company ? el("span", {}, found.company) : null),
      recordLink(found.url, "open small")));
  return el("div", { className: "several" }, el("p", {}, heading), el("ul", {}, ...rows));
}

function lookUp(view) {
  if (view.pop?.problem) return el("p", { className: "note warn" }, t("look_up_failed"));
  const waits = !view.pop && view.number && view.direction !== "internal" && view.state === "ringing";
  return waits ? el("p", { className: "note" }, t("looking_up")) : null;
}

function button(name, action, className, picture = name) {
  return el("button", { type: "button", className, data: { action } }, icon(picture), t(name));
}

// What a click on the pop does: the address that the customer system gives, else it is told of the click.
function recordButton(view, found) {
  const link = recordLink(view.pop?.url ?? found?.url, "open");
  return link ?? (view.pop?.click ? button("open_record", "click", "open", "record") : null);
}

function buttons(view, desk) {
  const can = desk.window.call_control && (view.pop?.hints.call_control ?? true) ? desk.capabilities : {};
  const rings = view.state === "ringing";
  const talks = ["talking", "held", "held_by_other"].includes(view.state);
  return [
    rings && can.answer && button("answer", "answer", "go"),
    view.state === "talking" && can.hold && button("hold", "hold", ""),
    view.state === "held" && can.hold && button("resume", "resume", "go"),
    talks && !view.consulting && (can.blind_transfer || can.attended_transfer) && button("transfer", "transfer", ""),
    talks && can.send_digits && button("keypad", "keypad", ""),
    can.hang_up && view.state !== "parked" && button(rings ? "decline" : "hang_up", "hang_up", "stop"),
  ].filter(Boolean);
}

function consulting(view) {
  if (!view.consulting) return null;
  return el("div", { className: "consulting" },
    el("span", {}, t("consulting", { number: view.consulting })),
    el("button", { type: "button", className: "primary", data: { action: "complete" } }, t("transfer_complete")),
    el("button", { type: "button", data: { action: "cancel" } }, t("transfer_cancel")));
}

function keypad(open) {
  if (!open) return null;
  const keys = KEYS.map((key) => el("button", { type: "button", data: { action: "digit", digit: key } }, key));
  return el("div", { className: "keypad" }, ...keys);
}

function numberLine(view, desk) {
  if (!view.number || title(view, desk) === view.number) return null;
  return el("p", { className: "number" }, el("span", {}, view.number), copyButton(view, desk));
}

function copyButton(view, desk) {
  if (!desk.window.copy_number || !view.number) return null;
  return iconButton("copy", t("copy"), { action: "copy" });
}

function iconButton(name, label, data) {
  return el("button", { type: "button", className: "icon", title: label, "aria-label": label, data }, icon(name));
}

// A live call. `ui` is what only this page knows of it: an open keypad, a problem.
export function card(view, desk, ui) {
  const found = only(view);
  const name = title(view, desk);
  const since = view.state === "talking" ? view.answered_at : view.since;
  const timer = el("span", { className: "timer", data: { since } });
  const lines = buttons(view, desk);
  return [
    el("div", { className: "top" },
      el("span", { className: "badge" }, t(`state.${view.state}`)),
      el("span", { className: "direction" }, icon(view.direction), t(`direction.${view.direction}`)),
      el("span", { className: "spacer" }), timer),
    el("div", { className: "person" },
      avatar(view, desk),
      el("div", { className: "names" },
        el("h2", {}, name, name === view.number ? copyButton(view, desk) : null),
        subtitle(view) ? el("p", { className: "company" }, subtitle(view)) : null,
        numberLine(view, desk)),
      recordButton(view, found)),
    facts(view, desk), fields(found), several(view), lookUp(view), consulting(view),
    keypad(ui.keypad),
    ui.page ? button("open_page", "page", "open", "record") : null,
    ui.problem ? el("p", { className: "problem", role: "alert" }, ui.problem) : null,
    lines.length ? el("div", { className: "actions" }, ...lines) : null,
  ].filter(Boolean);
}

function outcome(view) {
  if (view.transferred_to) return t("transferred_to", { number: view.transferred_to });
  if (view.answered_by) return t("answered_by", { extension: view.answered_by });
  return t(`outcome.${view.outcome}`) ?? "";
}

// A call that is over.
export function row(view, desk) {
  const isMissed = view.direction !== "outbound" && view.talked_seconds === null && MISSED.includes(view.outcome);
  const name = title(view, desk);
  const found = only(view);
  const href = web(found?.url);
  const second = [name !== view.number && view.number, found?.name && found.company].filter(Boolean).join(" · ");
  const how = [outcome(view), view.talked_seconds !== null && duration(view.talked_seconds)].filter(Boolean).join(" · ");
  const shown = href
    ? el("a", { href, target: "_blank", rel: "noopener noreferrer", title: t("open_record") }, name)
    : name;
  return el("li", { className: isMissed ? "missed" : "" },
    el("span", { className: "way", title: t(`direction.${view.direction}`) }, icon(isMissed ? "missed" : view.direction)),
    el("span", { className: "who" },
      el("strong", {}, shown),
      second ? el("span", {}, second) : null,
      el("span", { className: "how" }, how)),
    el("time", { dateTime: view.started_at }, clock(view.started_at)),
    view.number
      ? iconButton("phone", t("call_back", { number: view.number }), { number: view.number })
      : el("span", { className: "icon" }));
}
