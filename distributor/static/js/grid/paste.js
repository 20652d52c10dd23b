// A column or a block from a spreadsheet: the first column fills chargeable units downwards, a second one the comments.

import { announce, toast } from "../announce.js";
import { readUnits, typedUnits } from "./numbers.js";
import { plural, texts } from "./texts.js";

/** Spreadsheets put a table beside the text; without one, several lines in a comment are just a long comment. */
const isFromSpreadsheet = (data) => /<table|<td/i.test(data.getData("text/html"));

function cellsOf(text) {
  const rows = text.replace(/\r\n?/g, "\n").replace(/\n$/, "").split("\n");
  return rows.map((row) => row.split("\t").map((cell) => cell.trim()));
}

export function makePaste(grid, keys) {
  grid.form.addEventListener("paste", (event) => {
    const field = event.target;
    const text = event.clipboardData.getData("text/plain");
    const fillsUnits = field.matches(".units") && /[\n\t]/.test(text);
    const fillsComments = field.matches("textarea.comment") && isFromSpreadsheet(event.clipboardData) && /\n./.test(text);
    if (!fillsUnits && !fillsComments) return;
    event.preventDefault();
    fillDown(field, cellsOf(text), fillsUnits);
  });

  function fillDown(field, rows, startsWithUnits) {
    const result = { pasted: 0, pasteRefused: 0, pasteOver: 0 };
    const edits = [];
    let row = field.closest("tr");
    for (const cells of rows) {
      if (!row) result.pasteOver += 1;
      else edits.push(...editsOf(grid.lineOfRow(row), cells, startsWithUnits, result));
      row = row && keys.neighbour(row, 1);
    }
    grid.change(edits);
    report(result);
  }

  function editsOf(line, cells, startsWithUnits, result) {
    if (!startsWithUnits) return [commentEdit(line, cells[0], result)];
    const units = unitEdit(line, cells[0], result);
    const comment = cells[1] ? [commentEdit(line, cells[1], { pasted: 0 })] : [];
    return units ? [units, ...comment] : comment;
  }

  function unitEdit(line, cell, result) {
    if (cell === "") return null;
    const read = readUnits(cell, line.precision);
    result[read.error ? "pasteRefused" : "pasted"] += 1;
    return read.error ? null : { field: line.input, value: typedUnits(read.units) };
  }

  function commentEdit(line, cell, result) {
    result.pasted += 1;
    return { field: line.comment, value: cell };
  }

  function report(result) {
    const said = Object.entries(result).filter(([, n]) => n > 0).map(([name, n]) => plural(texts[name], n)).join(" ");
    (result.pasteRefused || result.pasteOver ? toast : announce)(said);
  }
}
