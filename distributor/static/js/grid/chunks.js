// Long reports in chunks of table bodies. The browser skips a chunk that is out of sight as one thing, instead of looking
// at thousands of bodies at every key. A chunk is a box without a meaning of its own: bodies keep their roles.

const LINES_IN_A_CHUNK = 80;
const LINE_HEIGHT = 42;
const GROUP_HEIGHT = 39;

/** Put bodies at the end of the table, in chunks where the report is long. */
export function appendBodies(table, bodies) {
  if (!table.classList.contains("is-long")) return table.append(...bodies);
  for (let part = take(bodies); part.length; part = take(bodies)) table.append(chunkOf(part));
}

/** Take the next bodies off the list, about as many as fill a chunk. */
function take(bodies) {
  const part = [];
  for (let rows = 0; bodies.length && rows < LINES_IN_A_CHUNK; rows += part.at(-1).rows.length) part.push(bodies.shift());
  return part;
}

function chunkOf(bodies) {
  const chunk = document.createElement("div");
  chunk.className = "chunk";
  chunk.style.containIntrinsicBlockSize = `auto ${bodies.reduce((sum, body) => sum + heightOf(body), 0)}px`;
  chunk.append(...bodies);
  return chunk;
}

const heightOf = (body) => (body.classList.contains("is-folded") ? GROUP_HEIGHT : GROUP_HEIGHT + (body.rows.length - 1) * LINE_HEIGHT);

export const bodiesOf = (table) => [...table.querySelectorAll("tbody")];

/** The body before or after, across chunks. */
export function bodyBeside(body, step) {
  const [sibling, edge] = step > 0 ? ["nextElementSibling", "firstElementChild"] : ["previousElementSibling", "lastElementChild"];
  const chunk = body.parentElement.matches(".chunk") ? body.parentElement : null;
  const next = body[sibling] ?? chunk?.[sibling]?.[edge];
  return next?.tagName === "TBODY" ? next : undefined;
}

/** Take all bodies off the page, chunks included. */
export function removeBodies(table) {
  for (const part of table.querySelectorAll(":scope > tbody, :scope > .chunk")) part.remove();
}
