// A reviewer's unsent words: kept on the server soon after they are typed, and in this browser until the server has them.

import { notify } from "./announce.js";

const SOON = 700;
const AGAIN = 5000;
const A_DAY = 24 * 3600 * 1000;
const KEPT_DAYS = 60;
const PREFIX = "review-draft:";

/** Keep the reason and the notes of `form`; `fields` answers the fields of the notes. */
export function keepDraft(form, fields) {
  const key = PREFIX + form.dataset.draftKey;
  const texts = JSON.parse(form.dataset.texts);
  const state = form.querySelector("[data-draft-state]");
  const reason = form.elements.reason;
  let timer = 0;
  let typed = 0;
  let kept = 0;
  let leaving = false;

  const words = () => ({
    version: Number(form.elements.version.value),
    reason: reason.value,
    notes: Object.fromEntries(fields().filter((note) => note.value.trim()).map((note) => [note.dataset.note, note.value])),
  });

  function changed(event) {
    if (event.target !== reason && !event.target.matches("[data-note]")) return;
    typed += 1;
    store(key, words());
    later(SOON);
  }

  function later(wait) {
    clearTimeout(timer);
    timer = setTimeout(send, wait);
  }

  async function send() {
    clearTimeout(timer);
    if (leaving || kept === typed) return;
    const now = typed;
    try {
      settled(await put(form.dataset.draft, words()), now);
    } catch {
      state.textContent = texts.unkept;
      later(AGAIN);
    }
  }

  function settled(answer, now) {
    kept = now;
    state.textContent = answer.said;
    if (answer.decided) notify(answer.decided, "warning");
    if (kept === typed) localStorage.removeItem(key);
  }

  /** What the server never got, as after the end of a session, comes back; a form that was sent and shown again has it. */
  function restore() {
    const copy = read(key);
    if (!copy) return;
    localStorage.removeItem(key);
    const now = words();
    // It was sent, and the report has moved on: it came back with other words.
    if (copy.sentAt && now.version > copy.version) return;
    if (now.reason === copy.reason && JSON.stringify(now.notes) === JSON.stringify(copy.notes)) return;
    reason.value = copy.reason;
    for (const [line, note] of Object.entries(copy.notes)) fill(fields().find((one) => one.dataset.note === line) ?? hidden(form, line), note);
    notify(texts.restored, "message");
    for (const field of [reason, ...fields()]) field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  function leave(event) {
    if (!event.defaultPrevented && event.target.closest(".decision")) {
      leaving = true;
      store(key, { ...words(), sentAt: Date.now() });
    }
  }

  document.addEventListener("input", changed);
  document.addEventListener("submit", leave);
  document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && send());
  document.addEventListener("leaving", (event) => event.detail.push(send()));
  window.addEventListener("pagehide", send);
  window.addEventListener("online", send);
  window.addEventListener("pageshow", (event) => { if (event.persisted) leaving = false; });
  forgetOld(key);
  restore();
}

/** A field for a note on a line that is further down than the page shows. */
function hidden(form, line) {
  const field = Object.assign(document.createElement("input"), { type: "hidden", name: `n-${line}` });
  field.dataset.note = line;
  form.append(field);
  return field;
}

function fill(note, text) {
  note.value = text;
  const flag = note.closest("details");
  if (flag) flag.open = true;
}

async function put(address, body) {
  const token = document.querySelector('meta[name="csrf-token"]').content;
  const headers = { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token };
  const answer = await fetch(address, { method: "PUT", headers, body: JSON.stringify(body), keepalive: true });
  if (!answer.ok) throw new Error(answer.statusText);
  return answer.json();
}

function store(key, words) {
  try {
    localStorage.setItem(key, JSON.stringify({ ...words, at: Date.now() }));
  } catch {
    // A browser that stores nothing still has the page itself and the server.
  }
}

function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
}

/** Copies of decisions that were sent yesterday, and words that nobody came back to. */
function forgetOld(own) {
  for (const key of Object.keys(localStorage)) {
    if (!key.startsWith(PREFIX) || key === own) continue;
    const copy = read(key);
    const isSent = copy?.sentAt < Date.now() - A_DAY;
    if (isSent || !(copy?.at > Date.now() - KEPT_DAYS * A_DAY)) localStorage.removeItem(key);
  }
}
