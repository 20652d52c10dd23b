// The keyboard in the grid: arrows and Enter walk a column, Shift selects, Escape takes back, letters go places.

import { announce } from "../announce.js";
import { bodyBeside } from "./chunks.js";
import { isShown, reveal } from "./groups.js";
import { texts } from "./texts.js";

/** The row above or below, across groups. */
function beside(row, step) {
  const [sibling, edge] = step > 0 ? ["nextElementSibling", "firstElementChild"] : ["previousElementSibling", "lastElementChild"];
  if (row[sibling]) return row[sibling];
  let body = bodyBeside(row.parentElement, step);
  while (body && !body[edge]) body = bodyBeside(body, step);
  return body?.[edge];
}

/** Ways through the lines. */
export function makeWays(grid) {
  /** The next row up or down that can be reached and edited, or undefined. */
  function neighbour(row, step) {
    let at = beside(row, step);
    while (at && !(grid.lineOfRow(at)?.input && isShown(at, grid.table))) at = beside(at, step);
    return at;
  }

  /** Go to the field above or below in the same column. */
  function walk(field, step) {
    const next = neighbour(field.closest("tr"), step);
    if (next) focus(next.querySelector(field.classList.contains("units") ? ".units" : "textarea.comment"));
    return Boolean(next);
  }

  function nextMissing(from) {
    const waiting = grid.waiting();
    if (!waiting.length) return announce(texts.noneMissing);
    const after = from && waiting.find((line) => from.compareDocumentPosition(line.row) & Node.DOCUMENT_POSITION_FOLLOWING);
    goTo(after ?? waiting[0]);
  }

  /** Move the focus to what a line still needs: its figure or its comment. */
  function goTo(line) {
    reveal(line.row);
    const needsFigure = line.state === "missing" || line.error || !line.comment;
    focus((needsFigure ? line.input : line.comment) ?? line.row.querySelector("a"));
    line.row.scrollIntoView({ block: "center" });
  }

  function focus(field) {
    field.focus({ preventScroll: true });
    field.scrollIntoView({ block: "nearest" });
    if (field.classList.contains("units")) field.select();
  }

  return { neighbour, walk, nextMissing, goTo, focus };
}

/** Bind the keys. */
export function bindKeys(grid, ways, selection) {
  const rowOf = (field) => field.closest("tr");

  function arrow(field, event, step) {
    if (!event.shiftKey) return selection.clear(), ways.walk(field, step);
    const next = selection.extend(rowOf(field), step);
    if (next) ways.focus(next.querySelector(".units"));
    return true;
  }

  /** Keys that mean the same in a number field and beside all fields; `row` is the line in hand. */
  const letters = {
    c: (row) => (selection.isOn() ? selection.askForComment() : row && ways.focus(row.querySelector("textarea.comment") ?? row.querySelector("a"))),
    e: (row) => row && (grid.open(grid.lineOfRow(row)), true),
    n: (row) => ways.nextMissing(row),
    "?": () => document.getElementById("keys")?.showModal(),
  };

  const inUnits = {
    ArrowUp: (field, event) => arrow(field, event, -1),
    ArrowDown: (field, event) => arrow(field, event, 1),
    Enter: (field, event) => ways.walk(field, event.shiftKey ? -1 : 1) || true,
    Escape: (field) => selection.clear() || grid.revert(field),
  };

  const inComment = {
    ArrowUp: (field) => field.selectionEnd === 0 && ways.walk(field, -1),
    ArrowDown: (field) => field.selectionStart === field.value.length && ways.walk(field, 1),
    Enter: (field, event) => (event.shiftKey ? false : ways.walk(field, 1) || true),
    Escape: (field) => selection.clear() || grid.revert(field),
  };

  const withControl = {
    d: (field) => selection.fillDown(field.matches(".units, textarea.comment") ? field : null),
    s: () => grid.saveAndTell(),
    z: (field) => grid.undo(field),
  };

  const named = (event) => (event.key.length === 1 ? event.key.toLowerCase() : event.key);

  function actOf(event) {
    const field = event.target;
    if (event.ctrlKey || event.metaKey) return !event.shiftKey && isOurs(field) && withControl[named(event)];
    if (field.matches("textarea.comment")) return inComment[event.key];
    if (field.matches(".units")) return inUnits[event.key] ?? lettersOf(event);
    if (field.closest("input, textarea, select, dialog, #line-drawer")) return null;
    return event.key === "Escape" ? () => selection.clear() || false : lettersOf(event);
  }

  const isOurs = (field) => field.matches(".units, textarea.comment") || !field.closest("input, textarea, select, dialog");
  const lettersOf = (event) => document.documentElement.dataset.singleKeys !== "off" && letters[named(event)] && ((field) => letters[named(event)](rowOf(field) ?? grid.lineInHand()?.row));

  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.isComposing || event.defaultPrevented) return;
    const act = actOf(event);
    if (act && act(event.target, event) !== false) event.preventDefault();
  });
}
