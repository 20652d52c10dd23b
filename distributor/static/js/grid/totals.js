// The report's sums, kept up to date line by line, and the places on the page that show them.

import { showDifference, showUnits } from "./numbers.js";
import { fill, texts } from "./texts.js";

const SUMS = ["units", "difference", "amount", "notCharged", "penalty"];

const found = new Map();

/** An element that stays for the life of the page, or null. Searching 100,000 elements at every key would be felt. */
function place(selector) {
  if (!found.has(selector)) found.set(selector, document.querySelector(selector));
  return found.get(selector);
}

export function newTotals() {
  return {
    units: 0n, provisioned: 0n, difference: 0n, amount: 0n, notCharged: 0n, penalty: 0n,
    states: { agree: 0, tolerance: 0, explained: 0, need: 0, missing: 0, counted: 0 },
    discrepancies: 0, edits: 0, errors: 0, lines: 0,
  };
}

/** Add a judged line to the sums; sign -1 takes it out again before it is judged anew. */
export function count(totals, line, sign = 1) {
  const factor = BigInt(sign);
  for (const name of SUMS) totals[name] += factor * (line[name] ?? 0n);
  totals.provisioned += factor * (line.provisioned ?? 0n);
  totals.states[line.state] += sign;
  totals.discrepancies += line.isDiscrepancy ? sign : 0;
  totals.edits += sign * line.edits;
  totals.errors += line.error ? sign : 0;
  totals.lines += sign;
}

export function showTotals(totals, terms) {
  figure("provisioned", showUnits(totals.provisioned));
  figure("chargeable", showUnits(totals.units), fill(texts.againstProvisioned, { difference: showDifference(totals.difference) }));
  figure("not_charged", terms.money(totals.notCharged), unexplainedNote(totals, terms), totals.penalty > 0n);
  figure("amount", terms.money(totals.amount));
  for (const [name, value] of [["discrepancies", totals.discrepancies], ["need", totals.states.need], ["missing", totals.states.missing]]) {
    const chip = place(`[data-count="${name}"]`);
    if (chip) chip.textContent = value;
  }
  showReadiness(totals);
}

function unexplainedNote(totals, terms) {
  return totals.penalty > 0n ? fill(texts.amountUnexplained, { amount: terms.money(totals.penalty) }) : texts.allExplained;
}

function figure(name, value, note, isBad = false) {
  const shown = place(`[data-figure="${name}"]`);
  const noted = place(`[data-figure-note="${name}"]`);
  if (shown) shown.textContent = value;
  if (!noted || note === undefined) return;
  noted.textContent = note;
  noted.classList.toggle("red", isBad);
  noted.classList.toggle("strong", isBad);
}

function showReadiness(totals) {
  const box = place("[data-readiness]");
  if (!box) return;
  const todo = totals.states.need + totals.states.missing;
  const shares = { agree: totals.lines - todo - totals.states.explained, explained: totals.states.explained, need: todo };
  box.querySelector("[data-ready-text]").textContent = fill(texts.readyLines, { ready: totals.lines - todo, all: totals.lines });
  for (const [name, value] of Object.entries(shares)) box.querySelector(`[data-ready="${name}"]`).textContent = value;
  drawBand(box.querySelector(".band"), Object.values(shares), totals.lines);
}

function drawBand(svg, shares, all) {
  let at = 0;
  [...svg.children].forEach((part, index) => {
    const width = (shares[index] * 1000) / (all || 1);
    part.setAttribute("x", at.toFixed(1));
    part.setAttribute("width", Math.max(width - 2, 0).toFixed(1));
    at += width;
  });
}
