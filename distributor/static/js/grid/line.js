// One line of the report: what its row says, what was typed, and how it stands by the rules of units and comments.

import { amountOf, priceOf, readUnits, unitsOf } from "./numbers.js";

const largest = (...values) => values.reduce((most, value) => (value !== null && value > most ? value : most));

/** Read a row. The objects stay for the life of the page; rows move between groups, their line goes with them. */
export function lineOf(row) {
  const data = row.dataset;
  const input = row.querySelector(".units");
  const comment = row.querySelector("textarea.comment");
  const line = {
    row,
    input,
    comment,
    id: row.id.slice(2),
    version: Number(data.version),
    provisioned: unitsOf(data.provisioned),
    price: priceOf(data.price),
    precision: Number(data.precision ?? 0),
    last: unitsOf(data.last),
    estimate: unitsOf(data.estimate),
    isManual: "manual" in data,
    isChanged: "changed" in data,
    noteOpen: "noteOpen" in data,
    isWaived: "waived" in data,
    limit: unitsOf(data.limit?.replace("-", "")), // how large a difference words carried from an earlier cycle cover …
    limitIsUnder: data.limit?.startsWith("-") ?? false, // … and on which side
    carry: carryOf(row),
    savedCarry: data.carried ?? "",
    savedUnits: unitsOf(data.saved),
    savedComment: data.savedComment ?? comment?.defaultValue ?? row.querySelector(".comment-text").textContent,
    product: data.product,
    customer: data.customer ?? row.parentElement.dataset.key,
  };
  line.noted = { units: line.savedUnits, comment: line.savedComment.trim() }; // as they stood when the note was written
  return line;
}

/**
 * Until when the line's comment is carried forward: an ISO date or "". It behaves as the row's other fields do, so that it
 * is edited, undone and saved with them; only the mark beside the comment shows it.
 */
function carryOf(row) {
  return {
    get value() {
      return row.dataset.carry ?? row.dataset.carried ?? "";
    },
    set value(until) {
      row.dataset.carry = until;
    },
    closest: () => row,
    focus: () => row.querySelector("textarea.comment")?.focus(),
  };
}

/** Read the fields and judge the line anew: state, difference, amount, penalty, what is unsaved. */
export function judge(line, terms) {
  const typed = line.input ? readUnits(line.input.value, line.precision) : { units: line.savedUnits };
  line.error = typed.error ?? "";
  line.readings = typed.readings;
  line.units = typed.error ? line.savedUnits : typed.units;
  line.said = (line.comment ? line.comment.value : line.savedComment).trim();
  line.unitsEdited = line.input !== null && (line.error !== "" || line.units !== line.savedUnits);
  line.commentEdited = line.comment !== null && line.said !== line.savedComment.trim();
  line.carryUntil = line.said ? line.carry.value : "";
  line.carryEdited = line.carryUntil !== line.savedCarry;
  line.isEdited = line.unitsEdited || line.commentEdited || line.carryEdited;
  line.edits = Number(line.unitsEdited) + Number(line.commentEdited || line.carryEdited);
  line.difference = line.provisioned === null || line.units === null ? null : line.units - line.provisioned;
  line.isDiscrepancy = exceedsTolerance(line, terms);
  line.state = stateOf(line);
  line.amount = amountOf(line.units, line.price, terms.minorDigits);
  line.idleUnits = chargedIfIdle(line);
  line.penalty = penaltyOf(line, terms);
  line.notCharged = line.isDiscrepancy && line.difference < 0n ? amountOf(-line.difference, line.price, terms.minorDigits) : 0n;
  return line;
}

/** A discrepancy is more than the tolerance's units and more than its percent of the provisioned units. */
function exceedsTolerance(line, terms) {
  if (line.difference === null) return false;
  const size = line.difference < 0n ? -line.difference : line.difference;
  // Both sides times 100 percent and times the percent's own four decimals.
  return size > terms.toleranceUnits && size * 1_000_000n > terms.tolerancePercent * line.provisioned;
}

function stateOf(line) {
  if (line.units === null) return "missing";
  if (line.noteOpen && line.units === line.noted.units && line.said === line.noted.comment) return "need";
  if (line.isWaived && line.units === line.savedUnits) return "explained";
  if (line.provisioned === null && line.isManual) return "counted";
  if (line.provisioned === null || line.isDiscrepancy) return isExplained(line) ? "explained" : "need";
  return line.difference === 0n ? "agree" : "tolerance";
}

/** Words explain; those carried from an earlier cycle, until they are written anew, only up to the difference they were given for. */
function isExplained(line) {
  if (!line.said) return false;
  if (line.limit === null || line.commentEdited) return true;
  if (line.difference === null || line.difference < 0n !== line.limitIsUnder) return false;
  return (line.difference < 0n ? -line.difference : line.difference) <= line.limit;
}

/** Whether the line can go to the server: no wrong number, no open choice, nothing it has refused as it stands. */
export function isSendable(line) {
  if (line.error || line.conflict || (line.units === null && line.provisioned !== null)) return false;
  return !line.refused || line.refused.units !== line.input.value || line.refused.comment !== line.comment.value;
}

/** What automatic submission would charge: never less than was declared. */
function chargedIfIdle(line) {
  if (line.state === "missing") return line.estimate;
  if (line.state !== "need") return line.units;
  return largest(line.units, line.provisioned ?? (line.isManual ? null : line.last));
}

function penaltyOf(line, terms) {
  if (line.idleUnits === null || line.price === null) return 0n;
  return amountOf(line.idleUnits, line.price, terms.minorDigits) - (line.amount ?? 0n);
}
