// The reviewer's decision: flagging a line chooses Reject, and its button says with how many notes.

const form = document.getElementById("reject-form");
const label = form?.querySelector("[data-reject-label]");
const rules = new Intl.PluralRules(document.documentElement.lang || "en");

function show() {
  const texts = JSON.parse(form.dataset.texts);
  const notes = [...document.querySelectorAll("[data-note]")].filter((note) => note.value.trim());
  label.textContent = notes.length ? (texts[rules.select(notes.length)] ?? texts.other).replace("{n}", notes.length) : texts.none;
  for (const flag of document.querySelectorAll(".flag")) flag.classList.toggle("is-flagged", notes.some((note) => flag.contains(note)));
  if (notes.length) choose();
}

function choose() {
  const reject = document.querySelector('input[name="decision"][value="reject"]');
  if (reject) reject.checked = true;
}

/** Whoever opens a flag wants to write; one that comes open with the page takes no focus. */
function turn(flag) {
  if (flag.open && flag.contains(document.activeElement)) flag.querySelector("[data-note]").focus();
}

if (form) {
  document.addEventListener("input", (event) => event.target.matches("[data-note]") && show());
  document.addEventListener("toggle", (event) => event.target.matches?.(".flag") && turn(event.target), true);
  window.addEventListener("pageshow", show);
  show();
}
