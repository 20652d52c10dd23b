// Groups of lines: folding, regrouping by customer, product or not at all, and each group's own sums.

import { appendBodies, removeBodies } from "./chunks.js";
import { fill, plural, texts } from "./texts.js";

const LINES_PER_PART = 50; // without groups, lines stand in parts of this size, so that parts out of sight cost nothing

/** A line may fold away if it agrees and nobody has anything to say about it. */
const folds = (line) => line.state === "agree" && !line.isChanged && !line.said && !line.unitsEdited && !line.row.querySelector(".remarks");

export function regroup(table, lines, mode, terms) {
  table.dataset.group = mode;
  const keyOf = { customer: (line) => line.customer, product: (line) => line.product, none: () => "" }[mode];
  const groups = mode === "none" ? partsOf(lines) : groupBy(lines, keyOf);
  const bodies = [...groups].map(([key, members]) => bodyOf(mode === "none" ? "" : key, members, mode, terms));
  removeBodies(table);
  appendBodies(table, bodies);
}

function groupBy(lines, keyOf) {
  const groups = new Map();
  for (const line of lines) {
    const key = keyOf(line);
    if (groups.has(key)) groups.get(key).push(line);
    else groups.set(key, [line]);
  }
  return groups;
}

/** All lines in one order, those that wait for something first, cut into parts. */
function partsOf(lines) {
  const ordered = [...lines].sort((a, b) => rank(a) - rank(b));
  const parts = [];
  for (let at = 0; at < ordered.length; at += LINES_PER_PART) parts.push([at, ordered.slice(at, at + LINES_PER_PART)]);
  return parts;
}

const rank = (line) => ["need", "missing", "explained"].indexOf(line.state) + 1 || 9;

function bodyOf(key, members, mode, terms) {
  const body = document.createElement("tbody");
  const [head, fold] = document.querySelector("#group-template").content.cloneNode(true).children;
  const [away, shown] = split(members, mode);
  body.setAttribute("role", "rowgroup");
  body.dataset.key = key;
  for (const line of members) line.row.classList.toggle("is-fold", away.includes(line));
  body.append(head, ...shown.map((line) => line.row), ...(away.length && shown.length ? [fold] : []), ...away.map((line) => line.row));
  if (mode !== "none") head.querySelector("[data-group-name]").textContent = members[0].row.querySelector(`.${mode}`).textContent;
  if (away.length === members.length) body.classList.add("is-folded");
  showGroup(body, members, terms);
  return body;
}

function split(members, mode) {
  const ordered = [...members].sort((a, b) => rank(a) - rank(b));
  if (mode === "none") return [[], ordered];
  const away = ordered.filter(folds);
  return away.length > 1 || away.length === ordered.length ? [away, ordered.filter((line) => !folds(line))] : [[], ordered];
}

/** Write a group's count, sum and mark. */
export function showGroup(body, members, terms) {
  const row = body.querySelector(".group-row");
  const needs = members.filter((line) => line.state === "need" || line.state === "missing").length;
  const explained = members.filter((line) => line.state === "explained").length;
  row.querySelector("[data-toggle-group]").setAttribute("aria-expanded", String(!body.classList.contains("is-folded")));
  row.querySelector("[data-group-lines]").textContent = plural(texts.lines, members.length);
  row.querySelector("[data-group-amount]").textContent = terms.money(sum(members));
  row.querySelector("[data-group-mark]").replaceChildren(markOf(needs, explained));
  showFold(body, members.filter((line) => line.row.classList.contains("is-fold")), terms);
}

const sum = (lines) => lines.reduce((total, line) => total + (line.amount ?? 0n), 0n);

function markOf(needs, explained) {
  const kind = needs ? "needs" : explained ? "explained" : "agrees";
  const mark = document.querySelector("#mark-template").content.querySelector(`[data-${kind}]`).cloneNode(true);
  if (kind !== "agrees") mark.lastElementChild.textContent = needs ? plural(texts.groupNeeds, needs) : plural(texts.groupExplained, explained);
  return mark;
}

function showFold(body, away, terms) {
  const text = body.querySelector("[data-fold-text]");
  if (text) text.textContent = fill(plural(texts.foldedLines, away.length), { amount: `${terms.symbol} ${terms.money(sum(away))}` });
}

/** Open or close a whole group, or the agreeing lines of one. */
export function toggle(button) {
  const body = button.closest("tbody");
  const isGroup = "toggleGroup" in button.dataset;
  const now = body.classList.toggle(isGroup ? "is-folded" : "is-unfolded");
  const expanded = isGroup ? !now : now;
  if (isGroup && expanded && !body.querySelector(".line:not(.is-fold)")) body.classList.add("is-unfolded");
  button.setAttribute("aria-expanded", String(expanded));
}

/** Make a line visible, whatever it is folded behind. */
export function reveal(row) {
  const body = row.parentElement;
  row.hidden = body.hidden = body.parentElement.hidden = false;
  if (body.classList.contains("is-folded")) toggle(body.querySelector("[data-toggle-group]"));
  if (row.classList.contains("is-fold")) body.classList.add("is-unfolded");
}

/** Whether a row can be reached: neither filtered out nor folded away. No layout is read. */
export function isShown(row, table) {
  const body = row.parentElement;
  if (row.hidden || body.hidden || body.parentElement.hidden) return false;
  if (table.classList.contains("is-filtered")) return true;
  if (body.classList.contains("is-folded")) return false;
  return !row.classList.contains("is-fold") || body.classList.contains("is-unfolded");
}
