// Changing fields: every change is one step that Undo takes back, whether it was typed, pasted or filled down, and also
// after it has been saved.

import { announce } from "../announce.js";
import { texts } from "./texts.js";

const FIELDS = ".units, textarea.comment";

export function makeEditing(grid) {
  const { form } = grid;
  const undoable = [];
  const before = new WeakMap(); // what a field held when the focus came to it

  /** Set fields to values, {field, value} each, as one step. */
  function change(edits) {
    const done = edits.filter(({ field, value }) => field && field.value !== value);
    if (!done.length) return;
    undoable.push(done.map(({ field }) => ({ field, value: field.value })));
    write(done);
  }

  function write(edits) {
    for (const { field, value } of edits) {
      field.value = value;
      if (before.has(field)) before.set(field, value);
    }
    grid.refresh([...new Set(edits.map(({ field }) => grid.lineOfRow(field.closest("tr"))))]);
  }

  /** Take the last step back. Answers false where the browser's own undo knows better: in a field that is being typed in. */
  function undo(field) {
    if (field && isTyping(field)) return false;
    const step = undoable.pop();
    if (!step) return false;
    write(step);
    step[0].field.focus();
    announce(texts.undone);
    return true;
  }

  /** Undo from its button: what is being typed counts as a step. */
  function undoAny() {
    if (isTyping(document.activeElement)) remember(document.activeElement);
    undo(null);
  }

  const isTyping = (field) => before.has(field) && before.get(field) !== field.value;

  function revert(field) {
    change([{ field, value: before.get(field) ?? field.defaultValue }]);
    field.select();
  }

  function remember(field) {
    if (isTyping(field)) undoable.push([{ field, value: before.get(field) }]);
    before.set(field, field.value);
    grid.schedule();
  }

  form.addEventListener("focusin", ({ target }) => target.matches(FIELDS) && before.set(target, target.value));
  form.addEventListener("focusout", ({ target }) => {
    if (!target.matches(FIELDS)) return;
    remember(target);
    before.delete(target);
  });

  const canUndo = () => undoable.length > 0 || isTyping(document.activeElement);
  return { change, undo, undoAny, revert, canUndo };
}
