// Pages that a customer system wants to be opened, in a tab of their own.

import { el } from "/card.js";

const REMEMBERED = 60000;

// Web addresses only, whatever the customer system says.
function web(address) {
  try {
    const url = new URL(address);
    return ["http:", "https:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

// Opens a page; false if the browser blocks it. The page learns nothing of the desk.
export function openPage(page) {
  const href = web(page.url);
  if (!href) return true;
  const tab = window.open("about:blank", "_blank");
  if (!tab) return false;
  if (page.method === "post") {
    const name = `cti-${crypto.getRandomValues(new Uint32Array(1))[0]}`;
    tab.name = name;
    submit(href, page.fields, name);
  } else {
    tab.location.replace(href);
  }
  tab.opener = null;
  return true;
}

// A form that is there for a moment only; names and values are text.
function submit(action, fields, target) {
  const inputs = fields.map(([name, value]) => el("input", { type: "hidden", name, value }));
  const form = el("form", { method: "post", action, target, hidden: true }, ...inputs);
  document.body.append(form);
  // A field may be named `submit`.
  HTMLFormElement.prototype.submit.call(form);
  form.remove();
}

// Of several tabs of the desk, one opens the page; the others say that it was opened.
export async function openOnce(id, page) {
  if (!navigator.locks) return openPage(page);
  return navigator.locks.request(`cti-open-${id}`, { ifAvailable: true }, async (lock) => {
    if (!lock) return true;
    const opened = openPage(page);
    // The lock is held while slower tabs hear of the page.
    if (opened) hold(id);
    return opened;
  });
}

function hold(id) {
  navigator.locks.request(`cti-open-${id}`, () => new Promise((done) => setTimeout(done, REMEMBERED)));
}
