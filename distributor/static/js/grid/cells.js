// Tables as spreadsheets put them on the clipboard: cells between tabs, lines between rows, quotes around what holds either.

/** Rows of cells. A quoted cell may hold tabs, line breaks and doubled quotes; a quote inside a word is just a quote. */
export function cellsOf(text) {
  const rows = [[]];
  const cell = /(?:"((?:[^"]|"")*)"(?=[\t\n]|$)|([^\t\n]*))([\t\n]|$)/gy;
  const plain = text.replace(/\r\n?/g, "\n").replace(/\n$/, "");
  while (cell.lastIndex <= plain.length) {
    const [, quoted, bare, end] = cell.exec(plain);
    rows.at(-1).push((quoted?.replaceAll('""', '"') ?? bare).trim());
    if (end === "\n") rows.push([]);
    if (end === "") return rows;
  }
  return rows;
}

/** Rows of cells as text for a spreadsheet; cells that hold tabs, breaks or quotes are quoted. */
export const textOf = (rows) => rows.map((row) => row.map(quoted).join("\t")).join("\n");

const quoted = (cell) => (/["\t\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

/** The same as an HTML table, which mail programs and word processors take. */
export function htmlOf([head, ...rows]) {
  const table = document.createElement("table");
  addRow(table.createTHead(), head, "th");
  const body = table.createTBody();
  for (const row of rows) addRow(body, row, "td");
  return table.outerHTML;
}

function addRow(part, cells, tag) {
  part.insertRow().append(...cells.map((text) => Object.assign(document.createElement(tag), { textContent: text })));
}
