// The keyboard in the grid: arrows and Enter walk a column, Escape takes back, C and N go to comments.

import { announce } from "../announce.js";
import { isShown, reveal } from "./groups.js";
import { texts } from "./texts.js";

/** The row above or below, across groups. */
function beside(row, step) {
  const [sibling, edge] = step > 0 ? ["nextElementSibling", "firstElementChild"] : ["previousElementSibling", "lastElementChild"];
  if (row[sibling]) return row[sibling];
  let body = row.parentElement[sibling];
  while (body && !(body.tagName === "TBODY" && body[edge])) body = body[sibling];
  return body?.[edge];
}

export function makeKeys(grid) {
  const { form, table } = grid;

  /** The next line up or down that can be reached and edited, or undefined. */
  function neighbour(row, step) {
    let at = beside(row, step);
    while (at && !(grid.lineOfRow(at)?.input && isShown(at, table))) at = beside(at, step);
    return at;
  }

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
    focus(line.state === "missing" || line.error || !line.comment ? line.input ?? line.row : line.comment);
    line.row.scrollIntoView({ block: "center" });
  }

  function focus(field) {
    field.focus({ preventScroll: true });
    field.scrollIntoView({ block: "nearest" });
    if (field.classList.contains("units")) field.select();
  }

  const inUnits = {
    ArrowUp: (field) => walk(field, -1),
    ArrowDown: (field) => walk(field, 1),
    Enter: (field, event) => walk(field, event.shiftKey ? -1 : 1) || true,
    Escape: (field) => grid.revert(field),
    c: (field) => focus(field.closest("tr").querySelector("textarea.comment")),
    n: (field) => nextMissing(field.closest("tr")),
  };

  const inComment = {
    ArrowUp: (field) => field.selectionEnd === 0 && walk(field, -1),
    ArrowDown: (field) => field.selectionStart === field.value.length && walk(field, 1),
    Enter: (field, event) => (event.shiftKey ? false : walk(field, 1) || true),
    Escape: (field) => grid.revert(field),
  };

  form.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const field = event.target;
    const keys = field.matches(".units") ? inUnits : field.matches("textarea.comment") ? inComment : null;
    const act = keys?.[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (act && act(field, event) !== false) event.preventDefault();
  });

  document.addEventListener("keydown", (event) => {
    const busy = event.target.closest("input, textarea, select, dialog");
    if (busy || event.ctrlKey || event.metaKey || event.altKey || event.key.toLowerCase() !== "n") return;
    event.preventDefault();
    nextMissing(null);
  });

  return { goTo, nextMissing, neighbour };
}
