// The report grid: a real form in a real table, made quick. Without this file it is saved like any other form.
// Events are delegated to the form, so that 5,000 lines cost no more listeners than five.

import { announce, notify } from "./announce.js";
import { makeFilter } from "./grid/filter.js";
import { regroup, showGroup, toggle } from "./grid/groups.js";
import { makeKeys } from "./grid/keys.js";
import { judge, lineOf } from "./grid/line.js";
import { moneyFormat, unitsOf } from "./grid/numbers.js";
import { makePaste } from "./grid/paste.js";
import { paint } from "./grid/paint.js";
import { makeSave } from "./grid/save.js";
import { texts } from "./grid/texts.js";
import { count, newTotals, showDock, showIdle, showTotals } from "./grid/totals.js";

function termsOf(form) {
  const minorDigits = Number(form.dataset.minorUnit);
  return {
    toleranceUnits: unitsOf(form.dataset.toleranceUnits) ?? 0n,
    tolerancePercent: unitsOf(form.dataset.tolerancePercent) ?? 0n,
    minorDigits,
    money: moneyFormat(minorDigits),
    symbol: form.dataset.symbol,
  };
}

function start(form) {
  const table = form.querySelector(".report-grid");
  const terms = termsOf(form);
  const totals = newTotals();
  const byRow = new Map();
  const byId = new Map();
  const undoable = [];
  let scheduled = false;
  let isComplete = !form.dataset.restUrl;

  let ordered = []; // lines as they stand on the page
  const lineOfRow = (row) => byRow.get(row);
  const lines = () => ordered;
  const waiting = () => ordered.filter((line) => line.state === "need" || line.state === "missing");

  function addRows(rows) {
    for (const row of rows) {
      const line = judge(lineOf(row), terms);
      byRow.set(row, line);
      byId.set(line.id, line);
      count(totals, line);
    }
    putInOrder();
  }

  function putInOrder() {
    ordered = Array.from(table.querySelectorAll("tr.line"), lineOfRow);
  }

  /** Judge lines anew after their fields changed, paint them and put the sums on the page in the next frame. */
  function refresh(changed) {
    for (const line of changed) {
      count(totals, line, -1);
      count(totals, judge(line, terms));
      paint(line, terms);
      if (line.state !== "agree") line.row.classList.remove("is-fold");
    }
    for (const body of new Set(changed.map((line) => line.row.parentElement))) showGroup(body, membersOf(body), terms);
    schedule();
  }

  const membersOf = (body) => Array.from(body.querySelectorAll("tr.line"), lineOfRow);

  function schedule() {
    if (scheduled || !isComplete) return;
    scheduled = true;
    requestAnimationFrame(() => {
      scheduled = false;
      const open = waiting();
      showTotals(totals, terms);
      showIdle(totals, open.filter((line) => line.penalty > 0n), terms);
      showDock(totals, open, undoable.length > 0 || isTyping());
    });
  }

  /** Set fields to values, as one step that Undo takes back. */
  function change(edits) {
    const done = edits.filter(({ field, value }) => field && field.value !== value);
    if (!done.length) return;
    undoable.push(done.map(({ field }) => ({ field, value: field.value })));
    write(done);
  }

  function write(edits) {
    for (const { field, value } of edits) field.value = value;
    refresh([...new Set(edits.map(({ field }) => lineOfRow(field.closest("tr"))))]);
  }

  function undo() {
    const step = undoable.pop();
    if (!step) return;
    write(step);
    step[0].field.focus();
    announce(texts.undone);
  }

  const before = new WeakMap(); // what a field held when the focus came to it

  /** Whether the field in hand holds something that Undo could take back, although it is not left yet. */
  function isTyping() {
    const was = before.get(document.activeElement);
    return was !== undefined && was !== document.activeElement.value;
  }

  function revert(field) {
    change([{ field, value: before.get(field) ?? field.defaultValue }]);
    field.select();
  }

  function remember(field) {
    const was = before.get(field);
    if (was !== undefined && was !== field.value) undoable.push([{ field, value: was }]);
    before.set(field, field.value);
    schedule();
  }

  const grid = { form, table, lines, lineOfRow, waiting, refresh, change, revert, line: (id) => byId.get(id), edited: () => ordered.filter((line) => line.unitsEdited || line.commentEdited) };
  const keys = makeKeys(grid);
  grid.goTo = keys.goTo;
  makePaste(grid, keys);
  const filter = makeFilter(table, form, lines);
  const { save } = makeSave(grid);

  form.addEventListener("input", (event) => {
    const line = lineOfRow(event.target.closest("tr.line"));
    if (line) refresh([line]);
    else if (event.target.id === "line-search") requestAnimationFrame(() => filter.search(event.target.value));
  });
  form.addEventListener("focusin", ({ target }) => target.matches(".units, textarea.comment") && before.set(target, target.value));
  form.addEventListener("focusout", ({ target }) => target.matches(".units, textarea.comment") && remember(target));

  const presses = [
    ["[data-toggle-group], [data-unfold]", (button) => toggle(button)],
    ["[data-filter]", (chip) => filter.choose(chip.dataset.filter)],
    ["[data-clear-filters]", () => filter.clear()],
    ["[data-group-by]", (button) => group(button)],
    ["[data-undo]", undo],
    ["[data-jump]", (link) => keys.goTo(byId.get(link.dataset.jump))],
    [".line .comment-cell", (cell) => cell.querySelector("textarea")?.focus()],
  ];

  form.addEventListener("click", (event) => {
    for (const [selector, act] of presses) {
      const target = event.target.closest(selector);
      if (!target) continue;
      if (target.matches("a")) event.preventDefault();
      if (!event.target.matches("textarea") && !(target.matches(".comment-cell") && event.target.closest("button"))) act(target);
      return;
    }
  });

  function group(button) {
    for (const other of form.querySelectorAll("[data-group-by]")) other.setAttribute("aria-pressed", String(other === button));
    regroup(table, ordered, button.dataset.groupBy, terms);
    putInOrder();
  }

  /** Submit is always pressable: it goes to what is missing, or saves first and then takes the step. */
  async function submit() {
    const [first] = waiting();
    if (first) {
      announce(form.querySelector("[data-gate-text]").textContent);
      return keys.goTo(first);
    }
    if (await save()) document.getElementById("submit-form").requestSubmit();
  }

  form.addEventListener("submit", (event) => {
    const step = event.submitter?.value;
    if (event.submitter?.name !== "step") return;
    event.preventDefault();
    if (step === "submit") submit();
    else save();
  });

  window.addEventListener("beforeunload", (event) => totals.edits > 0 && event.preventDefault());
  window.addEventListener("hashchange", () => goToAddress());
  document.addEventListener("click", ({ target }) => {
    const line = target.closest("[data-risks] a") && byId.get(target.closest("a").hash.slice(3));
    if (line) requestAnimationFrame(() => keys.goTo(line));
  });

  function goToAddress() {
    const line = byId.get(location.hash.slice(3));
    if (line) keys.goTo(line);
  }

  /** Lines after the first page's come in the background: the page is usable before they are here, the sums wait for them. */
  async function addRest(url) {
    const answer = await fetch(url, { headers: { Accept: "text/html" } }).catch(() => null);
    if (!answer?.ok) return notify(texts.restMissing);
    const holder = document.createElement("template");
    holder.innerHTML = `<table>${await answer.text()}</table>`;
    const bodies = [...holder.content.querySelectorAll("tbody")];
    table.append(...bodies);
    addRows(bodies.flatMap((body) => [...body.querySelectorAll("tr.line")]));
    isComplete = true;
    schedule();
    goToAddress();
  }

  addRows(table.querySelectorAll("tr.line"));
  if (form.dataset.restUrl) addRest(form.dataset.restUrl);
  if (form.dataset.editable === "yes") schedule();
  goToAddress();
}

const form = document.querySelector("[data-grid]");
if (form) start(form);
