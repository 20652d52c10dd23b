// Signing out leaves nothing typed behind in this browser: what is not on the server yet is sent first, and where that fails
// the person is asked once. A session that ends by itself leaves its words for whoever typed them (docs/decisions/0027).

import { notify } from "./announce.js";
import { drop, kept, keysWith } from "./grid/storage.js";

const LONGEST_WAIT = 5000;

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-sign-out]") || form.dataset.leaving === "done") return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (form.dataset.leaving !== "waits") leave(form, event.submitter);
}, { capture: true });

async function leave(form, button) {
  const asked = form.dataset.leaving === "asked";
  form.dataset.leaving = "waits";
  await sent();
  if (!asked && wordsOf(form).some((key) => !wasSent(key))) {
    form.dataset.leaving = "asked";
    return void notify(form.dataset.textUnsaved, "warning");
  }
  for (const key of wordsOf(form)) drop(key);
  form.dataset.leaving = "done";
  form.requestSubmit(button);
  delete form.dataset.leaving;
}

/** Let every part of the page send what it holds, but not for ever: without a connection there is no answer. */
function sent() {
  const waits = [after(0)]; // a form cannot be sent again from within its own submit event
  document.dispatchEvent(new CustomEvent("leaving", { detail: waits }));
  return Promise.race([Promise.allSettled(waits), after(LONGEST_WAIT)]);
}

const after = (wait) => new Promise((done) => setTimeout(done, wait));

/** The keys of what this person typed, in whichever of their organizations: lines of reports, words of decisions. */
function wordsOf(form) {
  const lines = form.dataset.signOut.split(" ").flatMap((membership) => keysWith(`draft/${membership}/`));
  return [...lines, ...keysWith("review-draft:").filter((key) => key.endsWith(` ${form.dataset.email}`))];
}

/** A decision that was sent leaves a copy in case it was refused. */
function wasSent(key) {
  try {
    return Boolean(JSON.parse(kept(key)).sentAt);
  } catch {
    return false;
  }
}
