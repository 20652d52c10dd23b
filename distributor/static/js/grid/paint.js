// Write one line's state into its row. Only attributes and texts that differ are touched: CSS draws the icons by data-state.

import { isSendable } from "./line.js";
import { showDifference, showUnits } from "./numbers.js";
import { fill, shortDay, texts } from "./texts.js";

const WORDS = { need: "stateNeed", explained: "stateExplained", tolerance: "stateTolerance", missing: "stateMissing" };

export function paint(line, terms) {
  const { row } = line;
  setData(row, "state", line.state);
  row.classList.toggle("is-edited", line.unitsEdited);
  row.classList.toggle("is-edited-comment", line.commentEdited);
  row.classList.toggle("has-comment", line.said !== "");
  paintDifference(line);
  paintAmount(line, terms);
  if (line.input) paintInput(line);
  if (line.comment) paintComment(line);
}

function setData(row, name, value) {
  if (row.dataset[name] !== value) row.dataset[name] = value;
}

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function setAttribute(node, name, value) {
  if (value === null) node.removeAttribute(name);
  else if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

function paintDifference(line) {
  const cell = line.row.querySelector(".difference");
  const word = WORDS[line.state] ? ` ${texts[WORDS[line.state]]}` : "";
  cell.firstChild.data = line.difference === null ? "–" : showDifference(line.difference);
  setText(cell.lastElementChild, word);
}

function paintAmount(line, terms) {
  const [amount, unexplained] = line.row.querySelector(".amount").children;
  const idle = line.state === "need" && line.penalty > 0n ? terms.money((line.amount ?? 0n) + line.penalty) : "";
  setText(amount, terms.money(line.amount));
  setText(unexplained, idle && fill(texts.unexplained, { amount: idle }));
}

function paintInput(line) {
  const wrong = line.error !== "" || line.state === "need" || line.state === "missing";
  setAttribute(line.input, "aria-invalid", wrong ? "true" : null);
  remark(line.row, messageOf(line));
}

function messageOf(line) {
  const [a, b] = (line.readings ?? []).map(showUnits);
  if (line.error) return fill(texts[line.error], { n: line.precision, a, b });
  if (line.units === null && line.provisioned !== null) return texts.empty;
  return isSendable(line) ? "" : (line.refused?.reason ?? "");
}

/**
 * Show or take away a sentence below the line: what is wrong with what was typed ("line-error"), or what had been typed
 * before ("line-typed").
 */
export function remark(row, message, kind = "line-error") {
  let note = row.querySelector(`.remarks > .${kind}`);
  if (!message) return takeAway(note);
  if (!note) {
    note = document.createElement("span");
    note.className = kind;
    if (kind === "line-error") note.setAttribute("role", "alert");
    remarksOf(row).prepend(note);
  }
  setText(note, message);
}

function takeAway(note) {
  const cell = note?.parentElement;
  note?.remove();
  if (cell && !cell.children.length) cell.remove();
}

function remarksOf(row) {
  const present = row.querySelector(".remarks");
  if (present) return present;
  const cell = row.insertCell();
  cell.className = "remarks";
  cell.setAttribute("role", "cell");
  return cell;
}

function paintComment(line) {
  const needed = line.state === "need";
  if (line.carryUntil !== line.paintedCarry) paintCarry(line);
  setAttribute(line.comment, "aria-required", needed ? "true" : null);
  setAttribute(line.comment, "placeholder", needed ? question(line) : null);
}

function question(line) {
  if (line.noteOpen) return texts.answerNote;
  if (line.provisioned === null) return texts.whyUnknown;
  return fill(texts.why, { units: showUnits(line.units), provisioned: showUnits(line.provisioned) });
}

/** The mark beside a comment that says until when it is carried forward. */
function paintCarry(line) {
  const was = line.paintedCarry ?? line.savedCarry;
  line.paintedCarry = line.carryUntil;
  if (was === line.carryUntil) return;
  line.row.querySelector(".carry-mark")?.remove();
  if (!line.carryUntil) return;
  const mark = document.querySelector("#carry-template").content.firstElementChild.cloneNode(true);
  mark.lastElementChild.textContent = fill(texts.until, { day: shortDay(line.carryUntil) });
  line.row.querySelector(".comment-cell").append(mark);
}
