// The bar that stays in sight: how far the draft is, what Submit still needs, and links to the first lines that need it.

import { showDifference } from "./numbers.js";
import { clockTime, fill, plural, texts } from "./texts.js";

const SHOWN_JUMPS = 3;

/** How the draft stands: "calm", "saving" or "away" with the instant of the next attempt. */
export function makeStatus(form) {
  const dock = form.querySelector(".dock");
  let kind = "calm";
  let nextAt = 0;
  let savedAt = null;
  let edits = 0;
  let ticking = 0;

  function set(name, at = 0) {
    kind = name;
    nextAt = at;
    form.setAttribute("aria-busy", String(kind === "saving"));
    clearInterval(ticking);
    if (kind === "away") ticking = setInterval(draw, 1000);
    draw();
  }

  function saved() {
    savedAt = new Date();
  }

  function show(count) {
    edits = count;
    draw();
  }

  function draw() {
    if (!dock) return;
    const changes = dock.querySelector("[data-changes]");
    changes.classList.toggle("is-unsaved", edits > 0);
    changes.classList.toggle("is-away", kind === "away");
    const text = words();
    const place = dock.querySelector("[data-changes-text]");
    if (place.textContent !== text) place.textContent = text;
  }

  function words() {
    if (kind === "saving") return texts.saving;
    if (!edits) return savedAt ? fill(texts.savedAt, { time: clockTime(savedAt) }) : texts.allSaved;
    if (kind === "away") return fill(plural(texts.offline, edits), { seconds: Math.max(1, Math.round((nextAt - Date.now()) / 1000)) });
    return plural(texts.unsaved, edits);
  }

  return { set, saved, show };
}

/** Write what Submit still needs, with jumps to the first lines that need it. */
export function showGate(dock, totals, waiting, canUndo) {
  if (!dock) return;
  const { need, missing } = totals.states;
  dock.querySelector("[data-undo]").hidden = !canUndo;
  const gate = dock.querySelector("[data-gate]");
  gate.classList.toggle("is-ready", need + missing === 0);
  dock.querySelector("[data-gate-text]").textContent = need ? plural(texts.needComments, need) : missing ? plural(texts.needFigures, missing) : texts.ready;
  changeIcon(gate, need + missing ? "message-exclamation" : "circle-check");
  showJumps(dock, waiting.slice(0, SHOWN_JUMPS));
}

let shown = null;

function showJumps(dock, lines) {
  const wanted = lines.map((line) => [line.id, line.difference].join(" ")).join();
  if (wanted === shown) return;
  shown = wanted;
  dock.querySelector("[data-jumps]").replaceChildren(...lines.map(jumpTo));
}

function changeIcon(box, name) {
  const use = box.querySelector("use");
  use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${name}`));
}

function jumpTo(line) {
  const link = document.querySelector("#jump-template").content.firstElementChild.cloneNode(true);
  link.href = `#${line.row.id}`;
  link.dataset.jump = line.id;
  const amount = line.difference === null ? "" : ` ${showDifference(line.difference)}`;
  link.prepend(`${nameOf(line).split(" ")[0]}${amount}`);
  return link;
}

export const nameOf = (line) => line.row.querySelector(".customer").textContent || line.row.querySelector(".product").textContent;
