// The report's sums, kept up to date line by line, and the places on the page that show them.

import { showDifference, showUnits } from "./numbers.js";
import { fill, plural, texts } from "./texts.js";

const SUMS = ["units", "difference", "amount", "notCharged", "penalty"];
const SHOWN_RISKS = 6;
const SHOWN_JUMPS = 3;

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
  totals.edits += (line.unitsEdited ? sign : 0) + (line.commentEdited ? sign : 0);
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

/** The "If you do nothing" panel: each line at risk, its units now and then, and what it would cost. */
export function showIdle(totals, risks, terms) {
  const panel = place("[data-idle]");
  if (!panel) return;
  const costly = risks.length > 0;
  panel.classList.toggle("is-costly", costly);
  panel.querySelector("[data-risks]").hidden = !costly;
  panel.querySelector("[data-idle-costly]").hidden = !costly;
  panel.querySelector("[data-idle-calm]").hidden = costly;
  const costliest = [...risks].sort((a, b) => Number(b.penalty - a.penalty));
  panel.querySelector("[data-risks] tbody").replaceChildren(...costliest.slice(0, SHOWN_RISKS).map((line) => riskRow(panel, line, terms)));
  panel.querySelector("[data-risk-more]").textContent = risks.length > SHOWN_RISKS ? `${plural(texts.more, risks.length - SHOWN_RISKS)} ` : "";
  panel.querySelector("[data-risk-total]").textContent = terms.money(totals.amount);
  panel.querySelector("[data-risk-after]").textContent = terms.money(totals.amount + totals.penalty);
  panel.querySelector("[data-risk-penalty]").textContent = `+ ${terms.money(totals.penalty)}`;
}

function riskRow(panel, line, terms) {
  const row = panel.querySelector("#risk-template").content.querySelector("tr").cloneNode(true);
  const link = row.querySelector("a");
  link.href = `#${line.row.id}`;
  link.textContent = nameOf(line);
  row.querySelector("[data-from]").textContent = showUnits(line.units);
  row.querySelector("[data-to]").textContent = showUnits(line.idleUnits);
  row.querySelector("[data-penalty]").textContent = terms.money(line.penalty);
  return row;
}

const nameOf = (line) => line.row.querySelector(".customer").textContent || line.row.querySelector(".product").textContent;

/** The bar that stays in sight: what is unsaved, what Submit still needs, and links to the first of them. */
export function showDock(totals, waiting, canUndo) {
  const dock = place(".dock");
  if (!dock) return;
  const { need, missing } = totals.states;
  dock.querySelector("[data-changes]").classList.toggle("is-unsaved", totals.edits > 0);
  dock.querySelector("[data-changes-text]").textContent = totals.edits ? plural(texts.unsaved, totals.edits) : texts.allSaved;
  dock.querySelector("[data-undo]").hidden = !canUndo;
  const gate = dock.querySelector("[data-gate]");
  gate.classList.toggle("is-ready", need + missing === 0);
  dock.querySelector("[data-gate-text]").textContent = need ? plural(texts.needComments, need) : missing ? plural(texts.needFigures, missing) : texts.ready;
  changeIcon(gate, need + missing ? "message-exclamation" : "circle-check");
  dock.querySelector("[data-jumps]").replaceChildren(...waiting.slice(0, SHOWN_JUMPS).map(jumpTo));
}

function changeIcon(box, name) {
  const use = box.querySelector("use");
  use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${name}`));
}

function jumpTo(line) {
  const link = place("#jump-template").content.firstElementChild.cloneNode(true);
  link.href = `#${line.row.id}`;
  link.dataset.jump = line.id;
  const amount = line.difference === null ? "" : ` ${showDifference(line.difference)}`;
  link.prepend(`${nameOf(line).split(" ")[0]}${amount}`);
  return link;
}
