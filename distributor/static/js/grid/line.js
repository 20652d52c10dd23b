// One line of the report: what its row says, what was typed, and how it stands by the rules of units and comments.

import { amountOf, priceOf, readUnits, unitsOf } from "./numbers.js";

const largest = (...values) => values.reduce((most, value) => (value !== null && value > most ? value : most));

/** Read a row. The objects stay for the life of the page; rows move between groups, their line goes with them. */
export function lineOf(row) {
  const data = row.dataset;
  const input = row.querySelector(".units");
  const comment = row.querySelector("textarea.comment");
  return {
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
    savedUnits: unitsOf(data.saved),
    savedComment: data.savedComment ?? comment?.defaultValue ?? row.querySelector(".comment-text").textContent,
    product: data.product,
    customer: data.customer ?? row.parentElement.dataset.key,
  };
}

/** Read the fields and judge the line anew: state, difference, amount, penalty, what is unsaved. */
export function judge(line, terms) {
  const typed = line.input ? readUnits(line.input.value, line.precision) : { units: line.savedUnits };
  line.error = typed.error ?? "";
  line.units = typed.error ? line.savedUnits : typed.units;
  line.said = (line.comment ? line.comment.value : line.savedComment).trim();
  line.unitsEdited = line.input !== null && (line.error !== "" || line.units !== line.savedUnits);
  line.commentEdited = line.comment !== null && line.said !== line.savedComment.trim();
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
  const untouched = line.units === line.savedUnits && !line.commentEdited;
  if (line.units === null) return "missing";
  if (line.noteOpen && untouched) return "need";
  if (line.isWaived && line.units === line.savedUnits) return "explained";
  if (line.provisioned === null && line.isManual) return "counted";
  if (line.provisioned === null || line.isDiscrepancy) return line.said ? "explained" : "need";
  return line.difference === 0n ? "agree" : "tolerance";
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
