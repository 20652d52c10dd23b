// The drawer's words and date, bound to the fields of the line in the grid: whichever is typed in, both show it.

import { amountOf, showUnits } from "../grid/numbers.js";

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
const abs = (units) => (units < 0n ? -units : units);

export function bindFields(part, line, grid) {
  const texts = JSON.parse(part.dataset.texts);
  const words = part.querySelector("#line-comment");
  const box = part.querySelector("#line-carry");
  const day = part.querySelector("#line-until");
  const sum = (name) => part.querySelector(`[data-sum="${name}"]`);
  const limit = line.limit ?? null;

  const put = (field, value) => grid.change([{ field, value }]);
  const carried = () => (box?.checked ? day.value : "");

  function show() {
    if (words.value !== line.comment.value) words.value = line.comment.value;
    if (box && line.carry) {
      box.checked = line.carry.value !== "";
      if (line.carry.value) day.value = line.carry.value;
    }
    paint();
  }

  /** The sum, the warning and what the words cover, for the figures as they are typed. */
  function paint() {
    const apart = line.difference;
    const need = line.state === "need";
    sum("figure").textContent = showUnits(line.units);
    sum("difference").textContent = apart === null ? "–" : showUnits(abs(apart));
    sum("operator").textContent = apart !== null && apart > 0n ? "+" : "−";
    sum("label").textContent = apart ? (apart > 0n ? texts.onTop : texts.notCharged) : texts.difference;
    sum("worth").textContent = worthOf(apart);
    sum("box").classList.toggle("is-bad", need && Boolean(apart));
    paintMark();
    paintWarning(need);
    const carry = part.querySelector("[data-carry]");
    if (carry) carry.hidden = !line.isDiscrepancy;
    const reach = part.querySelector("[data-while]");
    if (reach && apart) reach.textContent = fill(texts.while, { units: showUnits(limit !== null && !line.commentEdited ? limit : abs(apart)) });
  }

  const WORDS = { need: "commentNeeded", missing: "figureNeeded", explained: "explained", agree: "agrees", tolerance: "tolerance" };
  const TONES = { need: "mark-red", missing: "mark-red", explained: "mark-green", agree: "mark-green" };
  const ICONS = { need: "message-exclamation", missing: "message-exclamation", explained: "message-check", agree: "check", tolerance: "equal-double" };

  /** What the line waits for, and which of the waiting ones it is in the order of the page. */
  function paintMark() {
    const mark = part.querySelector(".drawer-mark .mark");
    const words = line.state === "need" && line.noteOpen ? "answerNeeded" : WORDS[line.state];
    if (!mark || !words) return;
    const waiting = grid.waiting();
    mark.className = `mark ${TONES[line.state] ?? ""}`;
    mark.lastChild.data = fill(texts[words], { number: waiting.indexOf(line) + 1, waiting: waiting.length });
    const use = mark.querySelector("use");
    use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${ICONS[line.state]}`));
  }

  function worthOf(apart) {
    if (apart === null) return texts.unknown;
    if (apart === 0n || line.price === null) return texts.nothing;
    return fill(texts.worth, { amount: money(amountOf(abs(apart), line.price, grid.terms.minorDigits)) });
  }

  const money = (amount) => `${grid.terms.symbol}\u00a0${grid.terms.money(amount)}`;

  function paintWarning(need) {
    const warning = part.querySelector("[data-warning]");
    const under = line.isDiscrepancy && line.difference < 0n && line.price !== null;
    warning.hidden = !under && !(need && line.penalty > 0n);
    warning.classList.toggle("is-calm", !need);
    if (!under) return;
    const amount = amountOf(line.provisioned, line.price, grid.terms.minorDigits) - line.amount;
    warning.lastElementChild.textContent = fill(texts.warning, { units: showUnits(line.provisioned), amount: money(amount) });
  }

  words.addEventListener("input", () => {
    line.comment.value = words.value;
    grid.refresh([line]);
    paint();
  });
  // One step for Undo, not one for each letter.
  const before = { value: line.comment.value };
  words.addEventListener("focus", () => (before.value = line.comment.value));
  words.addEventListener("change", () => {
    const typed = words.value;
    line.comment.value = before.value;
    put(line.comment, typed);
    before.value = typed;
    paint();
  });
  for (const field of [box, day]) field?.addEventListener("change", () => (put(line.carry, carried()), paint()));
  day?.addEventListener("change", () => {
    if (box.checked) return;
    box.checked = true;
    put(line.carry, carried());
  });
  const listen = () => (part.isConnected ? requestAnimationFrame(show) : grid.form.removeEventListener("input", listen));
  grid.form.addEventListener("input", listen);
  part.addEventListener("focusin", show); // what Undo or a paste has changed meanwhile
  show();

  function useAgain() {
    put(line.comment, part.querySelector("[data-last-words]").textContent);
    show();
    words.focus();
  }

  return { useAgain };
}
