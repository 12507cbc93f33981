// Telephone numbers on the pages of a kintone app become links; a click asks the agent desk of cti to dial.
//
// Add this file to the app: App settings > Customization > Upload JavaScript for PC (and for mobile), then Update App.
// The desk must allow the origin of this kintone ([desk] allow_origins). Each agent is asked once, in the own browser,
// for the token with which they sign in at the desk; it is kept in this browser and nowhere else.
(() => {
  "use strict";

  const settings = /* settings */ { desk: "http://127.0.0.1:8787", fields: ["tel", "tel2"] } /* end of settings */;

  const TOKEN = "cti-desk-token";
  const MARK = "cti-click-to-call";
  const japanese = (navigator.language || "").startsWith("ja");
  const words = japanese
    ? {
        ask: "CTIデスクのトークンを入力してください",
        dialing: "発信しています…",
        failed: "発信できませんでした",
        unreachable: "CTIデスクに接続できません",
        prefix: "発信プレフィックスを選んでください",
        noPrefix: "プレフィックスなし",
        extension: "発信する内線を選んでください",
      }
    : {
        ask: "Enter your token of the CTI desk",
        dialing: "Dialling…",
        failed: "The call could not be made",
        unreachable: "The CTI desk cannot be reached",
        prefix: "Choose a prefix",
        noPrefix: "no prefix",
        extension: "Choose a telephone",
      };

  /** A number that can be dialled, or null: at least three digits, and nothing but what stands in numbers. */
  const dialable = (text) => {
    const plain = String(text ?? "").normalize("NFKC").trim();
    const digits = plain.replace(/\D/g, "");
    return /^[+\d\s().\-/#*‐-―ー]+$/.test(plain) && digits.length >= 3 && digits.length <= 20 ? plain : null;
  };

  const token = (again) => {
    const known = again ? null : localStorage.getItem(TOKEN);
    if (known) return known;
    const given = (window.prompt(words.ask) || "").trim();
    if (given) localStorage.setItem(TOKEN, given);
    return given || null;
  };

  const ask = async (number, choice, again = false) => {
    const bearer = token(again);
    if (!bearer) return null;
    const answer = await fetch(new URL("/click-to-dial", settings.desk), {
      method: "POST",
      mode: "cors",
      credentials: "omit",
      headers: { Authorization: `Bearer ${bearer}`, "Content-Type": "application/json" },
      body: JSON.stringify({ number, choice }),
    });
    // A token that is not good any more is asked for once.
    if (answer.status === 401 && !again) return ask(number, choice, true);
    if (answer.status === 401) localStorage.removeItem(TOKEN);
    return { ok: answer.ok, body: await answer.json().catch(() => ({})) };
  };

  /** One of several, by its number in a list; undefined if the agent thinks better of it. */
  const choose = (title, names) => {
    const list = names.map((name, index) => `${index + 1}: ${name}`).join("\n");
    return names[Number(window.prompt(`${title}\n${list}`, "1")) - 1];
  };

  /** What the agent chooses where the dial plan asks each time; null if nothing is chosen. */
  const chosen = (offer) => {
    const choice = {};
    if ((offer.extensions || []).length > 1) {
      choice.extension = choose(words.extension, offer.extensions);
      if (!choice.extension) return null;
    }
    if ((offer.prefixes || []).length > 0) {
      const label = choose(words.prefix, [...offer.prefixes, words.noPrefix]);
      if (!label) return null;
      choice.prefix = label === words.noPrefix ? "no_prefix" : { label };
    }
    return choice;
  };

  const dial = async (number, element) => {
    const before = element.title;
    element.title = words.dialing;
    try {
      let answer = await ask(number, {});
      const offer = answer?.ok && answer.body.outcome === "choice_needed" ? answer.body : null;
      if (offer) {
        const choice = chosen(offer.offer);
        answer = choice && (await ask(number, choice));
      }
      if (answer && !answer.ok) window.alert(`${words.failed}: ${answer.body.message || ""}`);
    } catch {
      window.alert(words.unreachable);
    } finally {
      element.title = before;
    }
  };

  /** Makes the text of an element a link, once. Text stays text: nothing of it becomes markup. */
  const link = (element, value) => {
    const number = dialable(value);
    if (!element || !number || element.querySelector(`.${MARK}`)) return;
    const anchor = document.createElement("a");
    anchor.className = MARK;
    anchor.href = "#";
    anchor.textContent = String(value);
    anchor.addEventListener("click", (event) => {
      event.preventDefault();
      event.stopPropagation();
      dial(number, anchor);
    });
    element.replaceChildren(anchor);
  };

  const onRecord = (page) => (event) => {
    for (const code of settings.fields) link(page.getFieldElement(code), event.record[code]?.value);
    return event;
  };
  const onList = (page) => (event) => {
    for (const code of settings.fields) {
      const elements = page.getFieldElements(code) || [];
      event.records?.forEach?.((record, index) => link(elements[index], record[code]?.value));
    }
    return event;
  };

  kintone.events.on("app.record.detail.show", onRecord(kintone.app.record));
  kintone.events.on("app.record.index.show", onList(kintone.app));
  kintone.events.on("mobile.app.record.detail.show", onRecord(kintone.mobile.app.record));
  kintone.events.on("mobile.app.record.index.show", onList(kintone.mobile.app));
})();
