// All lines of the report: which there are, how each stands, their sums, and what of them is on the page.

import { appendBodies, bodiesOf } from "./chunks.js";
import { showGate, makeStatus } from "./dock.js";
import { isShown, showGroup } from "./groups.js";
import { showIdle } from "./idle.js";
import { judge, lineOf } from "./line.js";
import { moneyFormat, unitsOf } from "./numbers.js";
import { paint } from "./paint.js";
import { count, newTotals, showTotals } from "./totals.js";

const PAINTED_AT_ONCE = 400; // more changed lines than that are painted in parts, those in sight first

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

export function makeLines(form, journal, isEditable) {
  const table = form.querySelector(".report-grid");
  const dock = form.querySelector(".dock");
  const terms = termsOf(form);
  const totals = newTotals();
  const status = makeStatus(form);
  const byRow = new Map();
  const byId = new Map();
  const edited = new Set();
  let ordered = []; // lines as they stand on the page
  let isScheduled = false;
  let isComplete = false;
  let inHand = null;

  const lineOfRow = (row) => byRow.get(row);
  const waiting = () => ordered.filter((line) => line.state === "need" || line.state === "missing");

  /** Take rows that are on the page into account. */
  function add(rows) {
    for (const row of rows) {
      const line = judge(lineOf(row), terms);
      byRow.set(row, line);
      byId.set(line.id, line);
      ordered.push(line);
      count(totals, line);
      if (line.isEdited) edited.add(line); // a form that was refused comes back with what was typed
    }
  }

  /** Take the page's own bodies, and those that come later, into the grid. */
  function append(bodies) {
    add(bodies.flatMap((body) => [...body.querySelectorAll("tr.line")]));
    appendBodies(table, bodies);
  }

  function putInOrder() {
    ordered = Array.from(table.querySelectorAll("tr.line"), lineOfRow);
  }

  /** Judge lines anew after their fields changed, keep what is unsaved, paint them, put the sums on the page in the next frame. */
  function refresh(changed) {
    for (const line of changed) {
      count(totals, line, -1);
      count(totals, judge(line, terms));
      if (line.isEdited) edited.add(line);
      else edited.delete(line);
      if (line.input) journal.note(line);
    }
    if (changed.length > PAINTED_AT_ONCE) paintInParts(changed);
    else paintAll(changed);
    grid.plan?.();
    schedule();
  }

  function paintAll(changed) {
    for (const line of changed) {
      paint(line, terms);
      if (line.state !== "agree") line.row.classList.remove("is-fold");
    }
    for (const body of new Set(changed.map((line) => line.row.parentElement))) showGroup(body, membersOf(body), terms);
  }

  function paintInParts(changed) {
    const [now, later] = [changed.slice(0, PAINTED_AT_ONCE), changed.slice(PAINTED_AT_ONCE)];
    paintAll(now);
    if (later.length) setTimeout(() => paintInParts(later));
  }

  const membersOf = (body) => Array.from(body.querySelectorAll("tr.line"), lineOfRow);

  function schedule() {
    if (isScheduled || !isComplete || !isEditable) return;
    isScheduled = true;
    requestAnimationFrame(() => {
      isScheduled = false;
      const open = waiting();
      showTotals(totals, terms);
      showIdle(totals, open, terms);
      status.show(totals.edits);
      showGate(dock, totals, open, grid.canUndo());
    });
  }

  /** The server holds what was sent; what was typed meanwhile stays unsaved. */
  function accepted(answer, sent) {
    const versions = new Map((answer.lines ?? []).map((line) => [line.id, line.version]));
    for (const part of sent) {
      const line = byId.get(part.id);
      line.version = versions.get(part.id) ?? line.version + 1;
      line.refused = null;
      hold(line, told(part));
      renumber(line);
    }
    setVersion(answer.version);
    refresh(sent.map((part) => byId.get(part.id)));
  }

  function hold(line, saved) {
    if (saved.comment !== line.savedComment) line.limit = null; // words of one's own cover any difference
    line.savedUnits = saved.units;
    line.savedComment = saved.comment;
    line.savedCarry = saved.carry ?? (saved.comment ? line.savedCarry : "");
  }

  /** What the server was sent, or another tab has saved, as values of a line. */
  const told = (part) => ({
    id: part.id,
    version: part.version,
    units: unitsOf(part.chargeable_units ?? ""),
    comment: part.comment ?? "",
    carry: part.carry_until === undefined ? undefined : (part.carry_until ?? ""),
  });

  /** The plain form, which removes lines, names the versions of lines as well. */
  function renumber(line) {
    const field = line.row.querySelector('input[type="hidden"]');
    if (field) field.value = line.version;
  }

  const version = () => Number(form.querySelector('input[name="version"]').value);

  function setVersion(number) {
    if (!(number > version())) return;
    for (const field of document.querySelectorAll('input[name="version"]')) field.value = number;
  }

  /** The lines that are on the page already. */
  function addFirst() {
    const bodies = bodiesOf(table);
    if (form.dataset.restUrl) table.classList.add("is-long");
    append(bodies);
  }

  function complete() {
    isComplete = true;
    schedule();
  }

  form.addEventListener("focusin", ({ target }) => {
    inHand = lineOfRow(target.closest("tr.line")) ?? inHand;
  });

  const grid = {
    form, table, terms, status, addFirst, append, putInOrder, refresh, schedule, accepted, told, renumber, version, setVersion, complete, lineOfRow, waiting,
    lines: () => ordered,
    line: (id) => byId.get(id),
    edited: () => [...edited],
    lineInHand: () => inHand,
    isShown: (line) => isShown(line.row, table),
    matches: (line) => !line.row.hidden && !line.row.parentElement.hidden && !line.row.parentElement.parentElement.hidden,
    canUndo: () => false,
  };
  return grid;
}
