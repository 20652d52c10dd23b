// The tour of words stands above the page and never over it. Closing it for good needs no reload; closing it for now lasts
// until the browser is closed.

import { notify } from "./announce.js";

const KEY = "tour-later";

function leave(tour) {
  tour.remove();
  const start = document.querySelector("main h1") ?? document.querySelector("main");
  start.tabIndex = -1;
  start.focus();
}

function start(tour) {
  if (sessionStorage.getItem(KEY)) return tour.remove();
  tour.querySelector("[data-tour-later]").addEventListener("click", () => {
    sessionStorage.setItem(KEY, "yes");
    leave(tour);
  });
  return tour.querySelector("[data-tour-form]").addEventListener("submit", async (event) => {
    event.preventDefault();
    const form = event.target;
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form), redirect: "manual" }).catch(() => null);
    if (answer?.type === "opaqueredirect") leave(tour);
    else notify(document.body.dataset.textConnection);
  });
}

const tour = document.querySelector("[data-tour]");
if (tour) start(tour);
