// The reviewer's decision: flagging a line chooses Reject; its consequence, its money and its button say with how many notes.

import { keepDraft } from "./draft.js";
import { areLettersKeys } from "./keys.js";
import { counted, minorUnits, shownMoney } from "./money.js";

const form = document.getElementById("reject-form");
const lines = document.getElementById("lines");

const fields = () => [...document.querySelectorAll("[data-note]")];
const notes = () => fields().filter((note) => note.value.trim());
const put = (selector, text) => document.querySelectorAll(selector).forEach((place) => { place.textContent = text; });
const turn = (selector, shown) => document.querySelectorAll(selector).forEach((place) => { place.hidden = !shown; });

function show() {
  const flagged = notes();
  const texts = JSON.parse(form.dataset.texts);
  put("[data-reject-label]", counted(texts.button, flagged.length));
  put("[data-consequence]", counted(texts.consequence, flagged.length));
  put("[data-flagged-count]", counted(texts.flagged, flagged.length));
  turn("[data-flagged-mark], [data-with-notes]", flagged.length > 0);
  turn("[data-without-notes]", flagged.length === 0);
  lines.classList.toggle("has-notes", flagged.length > 0);
  for (const flag of document.querySelectorAll(".flag")) flag.classList.toggle("is-flagged", flagged.some((note) => flag.contains(note)));
  showMoney(flagged, texts);
}

/** How much of the money not charged is flagged, and what the report would come to if those lines were charged in full. */
function showMoney(flagged, texts) {
  const digits = Number(form.dataset.minorUnit);
  const sum = (name) => flagged.reduce((total, note) => total + minorUnits(note.dataset[name] || "0", digits), 0n);
  const more = sum("inFull");
  put("[data-in-full-total]", `${form.dataset.symbol} ${shownMoney(minorUnits(form.dataset.total, digits) + more, digits)}`);
  put("[data-in-full-more]", shownMoney(more, digits));
  turn("[data-in-full-line]", more > 0n);
  const place = document.querySelector('[data-figure-note="flagged"]');
  place.dataset.plain ??= flagged.length ? "" : place.textContent;
  place.textContent = flagged.length ? texts.flaggedMoney.replace("{amount}", shownMoney(sum("risk"), digits)) : place.dataset.plain;
}

function showChoice() {
  lines.classList.toggle("is-rejecting", document.querySelector('input[name="decision"][value="reject"]').checked);
}

function write(event) {
  if (!event.target.matches("[data-note], [data-reason]")) return;
  show();
  if (!event.target.value.trim()) return;
  document.querySelector('input[name="decision"][value="reject"]').checked = true;
  showChoice();
}

/** Whoever opens a flag wants to write, and may type at once: the focus is in the note before the next key is. */
function openFlag(event) {
  const flag = event.target.closest(".flag > summary")?.parentElement;
  if (!flag || flag.open || event.defaultPrevented) return;
  event.preventDefault(); // the browser would open it later
  flag.open = true;
  flag.querySelector("[data-note]").focus();
}

/** Lines that came later may hold a note that stood for them in a hidden field. */
function settle() {
  for (const hidden of form?.querySelectorAll("input[data-note]") ?? []) {
    if (document.querySelector(`textarea[name="${hidden.name}"]`)) hidden.remove();
  }
  const first = document.querySelector("[data-take-focus]");
  first?.focus();
  first?.removeAttribute("data-take-focus");
  if (form) show();
}

/** J and K go through the queue, unless somebody writes or is about to. */
function walk(event) {
  if (!areLettersKeys(event) || event.target.closest("input, textarea, select, dialog, .flag[open]")) return;
  document.querySelector(`[data-queue-key="${event.key.toLowerCase()}"]`)?.click();
}

document.addEventListener("keydown", (event) => /^[jk]$/i.test(event.key) && walk(event));
document.addEventListener("htmx:after:swap", settle);
if (form) {
  document.addEventListener("input", write);
  document.addEventListener("change", (event) => event.target.name === "decision" && showChoice());
  document.addEventListener("click", openFlag);
  keepDraft(form, fields);
  window.addEventListener("pageshow", () => { show(); showChoice(); });
  show();
}
