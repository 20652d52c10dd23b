// A block from a spreadsheet: its first column fills chargeable units downwards, its last one the comments, if it holds
// words. What is no number is left out and counted; nothing is lost, and Undo takes all of it back at once.

import { announce, toast } from "../announce.js";
import { cellsOf } from "./cells.js";
import { readUnits, typedUnits } from "./numbers.js";
import { plural, texts } from "./texts.js";

const LONGEST_COMMENT = 2000;
const WORDS = /\p{L}/u;

/** Spreadsheets put a table beside the text; without one, several lines in a comment are just a long comment. */
const isFromSpreadsheet = (data) => /<table|<td/i.test(data.getData("text/html"));

export function makePaste(grid, keys) {
  grid.form.addEventListener("paste", (event) => {
    const field = event.target;
    const text = event.clipboardData.getData("text/plain");
    const intoUnits = field.matches(".units") && /[\n\t]/.test(text);
    const intoComments = field.matches("textarea.comment") && isFromSpreadsheet(event.clipboardData) && /[\n\t]/.test(text.trimEnd());
    if (!intoUnits && !intoComments) return;
    event.preventDefault();
    fill(field, cellsOf(text), intoUnits);
  });

  /** Write rows of cells from the field's line downwards, over the lines that are shown and can be edited. */
  function fill(field, rows, startsWithUnits) {
    const result = { pasted: 0, pasteRefused: 0, pasteLong: 0, pasteColumns: 0, pasteOver: 0 };
    const columns = columnsOf(rows, startsWithUnits, result);
    const edits = [];
    let row = field.closest("tr");
    for (const cells of rows) {
      if (!row) result.pasteOver += 1;
      else edits.push(...editsOf(grid.lineOfRow(row), cells, columns, result));
      row = row && keys.neighbour(row, 1);
    }
    grid.change(edits);
    report(result);
  }

  return { fill };
}

/** Which columns are taken: {units, comment}, each an index or -1. Counts those that are left out. */
function columnsOf(rows, startsWithUnits, result) {
  const width = rows.reduce((most, cells) => Math.max(most, cells.length), 0);
  if (!startsWithUnits) return { units: -1, comment: 0 };
  const holdsWords = width > 1 && rows.some((cells) => WORDS.test(cells[width - 1] ?? ""));
  result.pasteColumns = Math.max(0, width - 1 - Number(holdsWords));
  return { units: 0, comment: holdsWords ? width - 1 : -1 };
}

function editsOf(line, cells, columns, result) {
  const units = unitEdit(line, cells[columns.units] ?? "", result);
  const comment = commentEdit(line, cells[columns.comment] ?? "", result);
  return [units, comment].filter(Boolean);
}

function unitEdit(line, cell, result) {
  if (cell === "") return null;
  const read = readUnits(cell, line.precision);
  result[read.error ? "pasteRefused" : "pasted"] += 1;
  return read.error ? null : { field: line.input, value: typedUnits(read.units) };
}

function commentEdit(line, cell, result) {
  if (cell === "") return null;
  const fits = cell.length <= LONGEST_COMMENT;
  result[fits ? "pasted" : "pasteLong"] += 1;
  return fits ? { field: line.comment, value: cell } : null;
}

function report(result) {
  const said = Object.entries(result).filter(([, n]) => n > 0).map(([name, n]) => plural(texts[name], n)).join(" ");
  const { pasted, ...left } = result;
  (pasted === 0 || Object.values(left).some(Boolean) ? toast : announce)(said);
}
