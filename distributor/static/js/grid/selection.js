// Several lines at once: marked with Shift and arrows, Shift+click or Ctrl+click on their names, then given one comment,
// one figure, or copied. A bar above the dock says how many there are and what can be done with them.

import { announce, toast } from "../announce.js";
import { readUnits } from "./numbers.js";
import { plural, texts } from "./texts.js";

export function makeSelection(grid, keys) {
  const { form } = grid;
  const bar = form.querySelector("[data-selection]");
  const chosen = new Set();
  let anchor = null; // where a range begins

  /** Selected lines in the order of the page. */
  const lines = () => grid.lines().filter((line) => chosen.has(line));
  const isOn = () => chosen.size > 0;

  function mark(line, isSelected) {
    if (isSelected) chosen.add(line);
    else chosen.delete(line);
    line.row.classList.toggle("is-selected", isSelected);
    if (isSelected) line.row.setAttribute("aria-selected", "true");
    else line.row.removeAttribute("aria-selected");
  }

  function show() {
    if (bar) bar.hidden = !isOn();
    if (bar) bar.querySelector("[data-selected-count]").textContent = plural(texts.selected, chosen.size);
    if (isOn()) announce(plural(texts.selected, chosen.size));
  }

  function clear() {
    if (!isOn()) return false;
    for (const line of [...chosen]) mark(line, false);
    anchor = null;
    show();
    announce(texts.selectionCleared);
    return true;
  }

  /** Everything that is shown between where the selection began and this line. */
  function reach(line) {
    anchor ??= line;
    const shown = grid.lines().filter((each) => grid.isShown(each));
    const [from, to] = [shown.indexOf(anchor), shown.indexOf(line)].sort((a, b) => a - b);
    const range = new Set(shown.slice(Math.max(from, 0), to + 1));
    for (const each of new Set([...chosen, ...range])) if (chosen.has(each) !== range.has(each)) mark(each, range.has(each));
    show();
  }

  function turn(line) {
    mark(line, !chosen.has(line));
    anchor = line;
    show();
  }

  /** Shift and an arrow: take the line in hand and its neighbour. Answers the neighbour's row. */
  function extend(row, step) {
    const next = keys.neighbour(row, step);
    if (!isOn()) anchor = grid.lineOfRow(row);
    if (next) reach(grid.lineOfRow(next));
    return next;
  }

  function click(event, line) {
    if (event.shiftKey) {
      if (!isOn()) anchor = grid.lineInHand() ?? line;
      reach(line);
    } else turn(line);
    event.preventDefault();
    window.getSelection()?.removeAllRanges();
  }

  /** One comment for all selected lines that can be edited. */
  function comment(text) {
    const editable = lines().filter((line) => line.comment);
    grid.change(editable.map((line) => ({ field: line.comment, value: text })));
    toast(plural(texts.commented, editable.length));
    clear();
    editable[0]?.comment.focus();
  }

  /** What stands in the first selected line fills the others; without a selection, the line above fills this one. */
  function fillDown(field) {
    const name = field?.matches("textarea.comment") ? "comment" : "input";
    const among = chosen.size > 1 ? lines().filter((line) => line[name]) : pairOf(field, name);
    if (among.length < 2) return;
    const [first, ...others] = among;
    const value = first[name].value;
    const fitting = name === "comment" ? others : others.filter((line) => !readUnits(value, line.precision).error);
    grid.change(fitting.map((line) => ({ field: line[name], value })));
    const left = others.length - fitting.length;
    announce([plural(texts.filled, fitting.length), left ? plural(texts.pasteRefused, left) : ""].join(" "));
  }

  function pairOf(field, name) {
    const line = field && grid.lineOfRow(field.closest("tr"));
    const above = line && keys.neighbour(line.row, -1);
    return above && line[name] ? [grid.lineOfRow(above), line] : [];
  }

  /** The field of the bar that takes one comment for all. */
  function askForComment() {
    bar.querySelector("input").focus();
  }

  bar?.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches("input")) {
      event.preventDefault();
      write();
    }
    if (event.key === "Escape") leave();
  });

  function write() {
    const field = bar.querySelector("input");
    if (!field.value.trim()) return field.focus();
    comment(field.value.trim());
    field.value = "";
  }

  function leave() {
    const [first] = lines();
    clear();
    (first?.input ?? first?.comment)?.focus();
  }

  const presses = {
    write,
    fill: () => fillDown(null),
    clear: leave,
  };
  bar?.addEventListener("click", (event) => presses[event.target.closest("[data-bar]")?.dataset.bar]?.());

  return { lines, isOn, clear, extend, click, fillDown, askForComment };
}
