// What was typed and is not yet on the server, kept in this browser at every key: one small entry for each line, so that a
// key costs the same on a report of five lines and of five thousand, and two tabs never overwrite each other's.

import { plainUnits } from "./numbers.js";
import { drop, keep, kept, keysWith } from "./storage.js";

const KEPT_DAYS = 60;
const DAY = 24 * 3600 * 1000;
const PREFIX = "draft/";

/** A journal for one person and one report; `name` says which. */
export function makeJournal(name) {
  const prefix = `${PREFIX}${name}/`;
  let isBroken = false;

  /** Keep what stands in the line's fields, or forget it where the server holds the same. */
  function note(line) {
    if (line.isEdited) isBroken = !keep(prefix + line.id, JSON.stringify(entryOf(line)));
    else drop(prefix + line.id);
  }

  /** Entries by line id. */
  function read() {
    return new Map(keysWith(prefix).map((key) => [key.slice(prefix.length), parsed(key)]).filter(([, entry]) => entry));
  }

  const forget = (ids) => ids.forEach((id) => drop(prefix + id));

  forgetOld();
  return { note, read, forget, isBroken: () => isBroken }; // broken: storage is full or off, only the page itself holds it all
}

const entryOf = (line) => ({
  at: Date.now(),
  seen: { units: plainUnits(line.savedUnits), comment: line.savedComment }, // what the server held when this was typed
  units: line.input.value,
  comment: line.comment.value,
  carry: line.carry.value,
});

function parsed(key) {
  try {
    return JSON.parse(kept(key));
  } catch {
    return null;
  }
}

/** A report that old was decided long ago; nobody comes back to its draft. */
function forgetOld() {
  for (const key of keysWith(PREFIX)) if (!(parsed(key)?.at > Date.now() - KEPT_DAYS * DAY)) drop(key);
}
