// Write one line's state into its row. Only attributes and texts that differ are touched: CSS draws the icons by data-state.

import { showDifference, showUnits } from "./numbers.js";
import { fill, texts } from "./texts.js";

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
  const message = line.error && fill(texts[line.error], { n: line.precision });
  remark(line.row, message);
}

/** Show or take away the sentence below the line that says what is wrong with what was typed. */
export function remark(row, message) {
  let cell = row.querySelector(".remarks");
  let note = cell?.querySelector(".line-error");
  if (!message) return void note?.remove();
  if (!cell) {
    cell = row.insertCell();
    cell.className = "remarks";
    cell.setAttribute("role", "cell");
  }
  if (!note) {
    note = document.createElement("span");
    note.className = "line-error";
    note.setAttribute("role", "alert");
    cell.prepend(note);
  }
  setText(note, message);
}

function paintComment(line) {
  const needed = line.state === "need";
  setAttribute(line.comment, "aria-required", needed ? "true" : null);
  setAttribute(line.comment, "placeholder", needed ? question(line) : null);
}

function question(line) {
  if (line.noteOpen) return texts.answerNote;
  if (line.provisioned === null) return texts.whyUnknown;
  return fill(texts.why, { units: showUnits(line.units), provisioned: showUnits(line.provisioned) });
}
