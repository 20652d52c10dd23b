// The review queue's selection: how many clean reports are ticked, what they come to in each currency, one button for all.

import { counted, minorUnits, shownMoney } from "./money.js";

const form = document.querySelector("[data-bulk]");
const bar = form && document.querySelector("[data-bulk-bar]");

const boxes = () => [...form.querySelectorAll('input[name="report"]:not(:disabled)')];

/** What the ticked reports come to, each currency by itself. */
function sumsOf(ticked) {
  const sums = new Map();
  for (const { dataset } of ticked) {
    const digits = Number(dataset.minorUnit);
    const before = sums.get(dataset.currency) ?? { minor: 0n, digits, symbol: dataset.symbol };
    sums.set(dataset.currency, { ...before, minor: before.minor + minorUnits(dataset.amount, digits) });
  }
  return [...sums.values()].map(({ minor, digits, symbol }) => `${symbol} ${shownMoney(minor, digits)}`).join(" + ");
}

function show() {
  const all = boxes();
  const ticked = all.filter((box) => box.checked);
  const texts = JSON.parse(bar.dataset.texts);
  for (const box of all) box.closest("tr").classList.toggle("is-selected", box.checked);
  bar.hidden = ticked.length === 0;
  bar.querySelector("[data-bulk-count]").textContent = counted(texts.selected, ticked.length);
  bar.querySelector("[data-bulk-sum]").textContent = sumsOf(ticked);
  bar.querySelector("[data-bulk-label]").textContent = counted(texts.approve, ticked.length);
  const every = form.querySelector("[data-select-all]");
  every.checked = ticked.length === all.length;
  every.indeterminate = ticked.length > 0 && ticked.length < all.length;
}

function clear() {
  for (const box of boxes()) box.checked = false;
  show();
  form.querySelector("[data-select-all]").focus();
}

if (bar) {
  form.addEventListener("change", (event) => event.target.name === "report" && show());
  document.addEventListener("selection", show);
  bar.querySelector("[data-bulk-clear]").addEventListener("click", clear);
  window.addEventListener("pageshow", show);
  show();
}
