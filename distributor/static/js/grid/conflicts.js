// A line that somebody else saved first: both values are shown and the person chooses; where there is nothing to choose,
// nobody is asked.

import { announce } from "../announce.js";
import { showUnits, typedUnits } from "./numbers.js";
import { fill, plural, texts } from "./texts.js";

export function makeConflicts(grid, notes) {
  /**
   * Take note of lines as somebody else saved them: {id, version, units (BigInt or null), comment, carry (undefined where
   * not told)}. Answers how many of them ask for a choice.
   */
  function meet(others) {
    const asked = others.filter((theirs) => grid.line(theirs.id) && !settlesItself(grid.line(theirs.id), theirs));
    for (const theirs of asked) offer(grid.line(theirs.id), theirs);
    grid.refresh(others.map((theirs) => grid.line(theirs.id)).filter(Boolean));
    if (asked.length) tell();
    return asked.length;
  }

  /** Nothing to choose where both wrote the same, where I wrote nothing, or where they left what I had seen. */
  function settlesItself(line, theirs) {
    const isSame = line.units === theirs.units && !line.error && line.said === (theirs.comment ?? "").trim();
    const isUntouched = line.savedUnits === theirs.units && line.savedComment.trim() === (theirs.comment ?? "").trim();
    if (line.isEdited && !isSame && !isUntouched) return false;
    const takes = !line.isEdited;
    rebase(line, theirs);
    if (takes) write(line, theirs);
    return true;
  }

  function rebase(line, theirs) {
    line.version = theirs.version;
    line.savedUnits = theirs.units;
    line.savedComment = theirs.comment ?? "";
    line.savedCarry = theirs.carry ?? line.savedCarry;
    line.row.querySelector(".conflict")?.closest(".remarks").remove();
    line.conflict = null;
    grid.renumber(line);
  }

  function write(line, theirs) {
    if (!line.input) return;
    line.input.value = typedUnits(theirs.units);
    line.comment.value = theirs.comment ?? "";
    if (theirs.carry !== undefined) line.carry.value = theirs.carry;
  }

  function tell() {
    const open = grid.lines().filter((line) => line.conflict);
    if (!open.length) return notes.clear("conflict");
    notes.show("conflict", plural(texts.stale, open.length), [{ label: texts.show, act: () => grid.goTo(open[0]) }], "warning");
  }

  /** Show their values below the line, beside two buttons; the fields keep mine. */
  function offer(line, theirs) {
    line.row.querySelector(".conflict")?.closest(".remarks").remove();
    line.conflict = theirs;
    const cell = line.row.insertCell();
    cell.className = "remarks";
    cell.setAttribute("role", "cell");
    cell.append(document.querySelector("#conflict-template").content.cloneNode(true));
    cell.querySelector("[data-theirs]").textContent = fill(texts.theirs, { units: showUnits(theirs.units), comment: theirs.comment || texts.noComment });
    cell.querySelector("[data-keep-mine]").addEventListener("click", () => settle(line, false));
    cell.querySelector("[data-take-theirs]").addEventListener("click", () => settle(line, true));
  }

  function settle(line, takes) {
    const theirs = line.conflict;
    rebase(line, theirs);
    if (takes) {
      grid.change([
        { field: line.input, value: typedUnits(theirs.units) },
        { field: line.comment, value: theirs.comment ?? "" },
        ...(theirs.carry === undefined ? [] : [{ field: line.carry, value: theirs.carry }]),
      ]);
    }
    grid.refresh([line]);
    line.input.focus();
    tell();
    announce(takes ? texts.tookTheirs : texts.keptMine);
  }

  return { meet, offer, tell };
}
