// The "If you do nothing" panel: what would be charged, line by line, and how much time is left.

import { nameOf } from "./dock.js";
import { showUnits } from "./numbers.js";
import { fill, plural, texts } from "./texts.js";

const SHOWN_RISKS = 6;
const MINUTE = 60_000;

const panel = document.querySelector("[data-idle]");

/** Write each line at risk, its units now and then, and what it would cost. `open` are the lines that wait for something. */
export function showIdle(totals, open, terms) {
  if (!panel) return;
  const risks = open.filter((line) => line.penalty > 0n).sort((a, b) => Number(b.penalty - a.penalty));
  panel.classList.toggle("is-costly", risks.length > 0);
  panel.querySelector("[data-risks]").hidden = !risks.length;
  say(risks, open.length);
  showRows(risks.slice(0, SHOWN_RISKS), terms);
  panel.querySelector("[data-risk-more]").textContent = risks.length > SHOWN_RISKS ? plural(texts.more, risks.length - SHOWN_RISKS) : "";
  panel.querySelector("[data-risk-total]").textContent = fill(texts.riskTotal, {
    symbol: terms.symbol,
    total: terms.money(totals.amount),
    after: terms.money(totals.amount + totals.penalty),
  });
  panel.querySelector("[data-risk-penalty]").textContent = `+ ${terms.money(totals.penalty)}`;
}

let shown = null;

/** Rows that would stay as they are stay: most keys change none of them, and a table laid out anew is felt while typing. */
function showRows(risks, terms) {
  const wanted = risks.map((line) => [line.id, line.units, line.idleUnits, line.penalty].join(" ")).join();
  if (wanted === shown) return;
  shown = wanted;
  panel.querySelector("[data-risks] tbody").replaceChildren(...risks.map((line) => riskRow(line, terms)));
}

/** Show the sentence that fits; the server wrote all of them, each with its number in a place of its own. */
function say(risks, open) {
  const kind = !open ? "calm" : !risks.length ? "open" : kindOf(risks);
  const number = risks.length || open;
  for (const sentence of panel.querySelectorAll("[data-idle-text]")) {
    sentence.hidden = sentence.dataset.idleText !== kind || !isFormFor(sentence, number);
    const place = sentence.querySelector("[data-n]");
    if (!sentence.hidden && place) place.textContent = place.textContent.replace(/\d+/, number);
  }
}

const kindOf = (risks) => (risks.some((line) => line.state === "missing") ? "figures" : risks.some((line) => line.noteOpen) ? "answers" : "comments");

const rules = new Intl.PluralRules(document.documentElement.lang || "en");
const isFormFor = (sentence, number) => !sentence.dataset.form || sentence.dataset.form === (rules.select(number) === "one" ? "one" : "other");

function riskRow(line, terms) {
  const row = panel.querySelector("#risk-template").content.querySelector("tr").cloneNode(true);
  const link = row.querySelector("a");
  link.href = `#${line.row.id}`;
  link.textContent = nameOf(line);
  row.querySelector("[data-from]").textContent = showUnits(line.units);
  row.querySelector("[data-to]").textContent = showUnits(line.idleUnits);
  row.querySelector("[data-penalty]").textContent = terms.money(line.penalty);
  return row;
}

/** Keep the time left true while the page is open. */
export function tick() {
  const clock = panel?.querySelector("[data-left]");
  const seconds = Number(clock?.dataset.left);
  if (!(seconds > 0)) return;
  const started = performance.now();
  const draw = () => {
    clock.textContent = wordsFor(seconds * 1000 - (performance.now() - started));
  };
  setInterval(draw, MINUTE);
}

function wordsFor(milliseconds) {
  const minutes = Math.floor(milliseconds / MINUTE);
  if (minutes < 0) return texts.dueNow;
  const parts = [[Math.floor(minutes / 1440), texts.day], [Math.floor(minutes / 60) % 24, texts.hour], [minutes % 60, texts.minute]];
  const shown = parts.filter(([number]) => number).map(([number, unit]) => `${number} ${unit}`);
  return fill(texts.left, { time: shown.join(" ") || `0 ${texts.minute}` });
}
