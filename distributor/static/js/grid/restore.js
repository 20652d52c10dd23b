// Changes of an earlier visit that never reached the server: because the session was over, the network gone, the report
// decided. After a reload they are simply back; otherwise the person is asked, and sees what the lines hold now.

import { toast } from "../announce.js";
import { plainUnits, readUnits, showUnits } from "./numbers.js";
import { remark } from "./paint.js";
import { fill, plural, texts } from "./texts.js";

const isReload = () => performance.getEntriesByType("navigation")[0]?.type === "reload";

export function makeRestore({ grid, journal, notes, conflicts, isEditable }) {
  const earlier = journal.read(); // before anything is typed here, which is kept at every key as well
  let found = new Map();

  /** Offer what the journal held; called when all lines are on the page. What was typed meanwhile stays as it is. */
  function offer() {
    found = stillDiffering(new Map([...earlier].filter(([id]) => !grid.line(id)?.isEdited)));
    if (!found.size) return;
    if (!isEditable) return compare();
    if (isReload()) return putBack(true);
    notes.show("kept", plural(texts.kept, count()), [
      { label: texts.putBack, act: () => putBack(false) },
      { label: texts.throwAway, act: throwAway },
    ], "warning");
  }

  function stillDiffering(entries) {
    const same = [...entries].filter(([id, entry]) => changesIn(grid.line(id), entry) === 0).map(([id]) => id);
    journal.forget(same);
    for (const id of same) entries.delete(id);
    return entries;
  }

  const count = () => [...found].reduce((sum, [id, entry]) => sum + changesIn(grid.line(id), entry), 0);

  function putBack(isQuiet) {
    const number = count();
    const present = [...found].map(([id, entry]) => [grid.line(id), entry]).filter(([line]) => line?.input);
    const moved = present.filter(([line, entry]) => hasMoved(line, entry)).map(([line]) => line);
    grid.change(present.flatMap(([line, entry]) => editsOf(line, entry)));
    grid.refresh(present.map(([line]) => line));
    journal.forget([...found.keys()].filter((id) => !grid.line(id)?.input));
    found = new Map();
    notes.clear("kept");
    for (const line of moved) conflicts.offer(line, asSaved(line));
    conflicts.tell();
    if (isQuiet) toast(plural(texts.broughtBack, number));
  }

  function throwAway() {
    for (const id of found.keys()) if (grid.line(id)) remark(grid.line(id).row, "", "line-typed");
    journal.forget([...found.keys()]);
    found = new Map();
    notes.clear("kept");
    toast(texts.thrownAway);
  }

  /** On a report that nobody can edit now: say beside each line what had been typed. */
  function compare() {
    for (const [id, entry] of found) if (grid.line(id)) remark(grid.line(id).row, hadTyped(grid.line(id), entry), "line-typed");
    const first = grid.line(found.keys().next().value);
    notes.show("kept", plural(texts.keptFixed, count()), [
      ...(first ? [{ label: texts.show, href: `#${first.row.id}` }] : []),
      { label: texts.throwAway, act: throwAway },
    ], "warning");
  }

  return { offer };
}

/** How many fields an entry of the journal would change; a line that is gone counts as one. */
function changesIn(line, entry) {
  if (!line) return 1;
  const typed = readUnits(entry.units, line.precision);
  const isOtherNumber = Boolean(typed.error) || typed.units !== line.savedUnits;
  const isOtherText = entry.comment.trim() !== line.savedComment.trim() || entry.carry !== line.savedCarry;
  return Number(isOtherNumber) + Number(isOtherText);
}

const editsOf = (line, entry) => [
  { field: line.input, value: entry.units },
  { field: line.comment, value: entry.comment },
  { field: line.carry, value: entry.carry },
];

/** Whether somebody saved the line since the entry was typed. */
const hasMoved = (line, entry) => entry.seen.units !== plainUnits(line.savedUnits) || entry.seen.comment !== line.savedComment;

/** What the server holds of a line now, as if somebody else had just saved it. */
const asSaved = (line) => ({ id: line.id, version: line.version, units: line.savedUnits, comment: line.savedComment, carry: line.savedCarry });

function hadTyped(line, entry) {
  const typed = readUnits(entry.units, line.precision);
  const units = typed.error ? entry.units : showUnits(typed.units);
  return fill(texts.hadTyped, { units, comment: entry.comment.trim() || texts.noComment });
}
