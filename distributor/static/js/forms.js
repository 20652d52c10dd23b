// Forms: sent once however often the button is pressed, asked about first where a dialog says so, focus where work begins.
// A filter form with data-auto sends itself when a choice changes.

import { announce, notify } from "./announce.js";

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (asksFirst(form, event.submitter)) return event.preventDefault();
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "yes";
  form.setAttribute("aria-busy", "true");
});

// Coming back with the back button finds the page as it was left: let it be sent again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    form.removeAttribute("aria-busy");
  }
});

/** Open the dialog that a button or form names with data-confirm; answers whether it has to be waited for. */
function asksFirst(form, button) {
  const id = button?.dataset.confirm ?? form.dataset.confirm;
  const dialog = id && document.getElementById(id);
  if (!dialog || dialog.returnValue === "confirm") return false;
  dialog.addEventListener("close", () => {
    if (dialog.returnValue === "confirm") form.requestSubmit(button);
    dialog.returnValue = "";
  }, { once: true });
  dialog.showModal();
  return true;
}

document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-auto]");
  if (form && event.target.matches("select, input[type=radio], input[type=checkbox]")) form.requestSubmit();
});

document.addEventListener("change", (event) => {
  const all = event.target.closest("[data-select-all]");
  if (!all) return;
  for (const box of document.querySelectorAll(`input[name="${all.dataset.selectAll}"]:not(:disabled)`)) box.checked = all.checked;
  document.dispatchEvent(new CustomEvent("selection"));
});

document.addEventListener("htmx:error", () => notify(document.body.dataset.textConnection));
document.addEventListener("htmx:after:swap", (event) => {
  const said = event.target.querySelector?.("[data-announce]");
  if (said) announce(said.dataset.announce || said.textContent);
});

document.querySelector("[data-autofocus]:not([value]), [data-autofocus][value='']")?.focus();
