// A kintone page, as far as the customisation script sees one: a record page whose fields are shown, and a browser that
// asks before it lets a page of another origin in. Usage: node page.mjs SCRIPT ORIGIN TOKEN
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import vm from "node:vm";

const [script, origin, token] = process.argv.slice(2);

class Element {
  constructor(text = "") {
    this.children = [];
    this.textContent = text;
    this.title = "";
    this.listeners = {};
  }
  replaceChildren(child) {
    this.children = [child];
  }
  querySelector(selector) {
    return this.children.find((child) => `.${child.className}` === selector) ?? null;
  }
  addEventListener(name, listener) {
    this.listeners[name] = listener;
  }
}

const fields = { tel: new Element("03-5555-0123"), tel2: new Element("<b>no number</b>") };
const handlers = {};
const store = new Map();
const alerts = [];
let asked = 0;

/** As a browser does it: the question first, then the request, both with the origin of the page. */
async function fetchAcrossOrigins(url, request) {
  const wants = { Origin: origin, "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type" };
  const question = await fetch(url, { method: "OPTIONS", headers: wants });
  if (question.headers.get("access-control-allow-origin") !== origin) throw new TypeError("blocked by CORS");
  return fetch(url, { ...request, headers: { ...request.headers, Origin: origin } });
}

const page = { getFieldElement: (code) => fields[code], getFieldElements: (code) => [fields[code]] };
const window = { prompt: () => ((asked += 1), token), alert: (text) => alerts.push(text) };
const context = vm.createContext({
  navigator: { language: "en" },
  document: { createElement: () => new Element() },
  localStorage: { getItem: (key) => store.get(key) ?? null, setItem: (key, value) => store.set(key, value),
    removeItem: (key) => store.delete(key) },
  kintone: { events: { on: (name, handler) => (handlers[name] = handler) },
    app: { ...page, record: page }, mobile: { app: { ...page, record: page } } },
  fetch: fetchAcrossOrigins,
  window, URL, console,
});
vm.runInContext(readFileSync(script, "utf8"), context);

const event = { record: { tel: { value: "03-5555-0123" }, tel2: { value: "<b>no number</b>" } } };
assert.equal(handlers["app.record.detail.show"](event), event);
handlers["app.record.detail.show"](event);
assert.ok(handlers["app.record.index.show"] && handlers["mobile.app.record.detail.show"]);
const [link] = fields.tel.children;
assert.equal(fields.tel.children.length, 1, "shown twice, linked once");
assert.equal(link.textContent, "03-5555-0123");
assert.equal(fields.tel2.children.length, 0, "what is no number is no link");

link.listeners.click({ preventDefault() {}, stopPropagation() {} });
while (link.title !== "") await new Promise((resume) => setTimeout(resume, 10));
console.log(JSON.stringify({ asked, alerts, kept: store.size }));
