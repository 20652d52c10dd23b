// Saving the draft as JSON, and what happens when the server says no: nothing typed is ever thrown away.

import { clearNotes, notify, toast } from "../announce.js";
import { plainUnits, showUnits, typedUnits, unitsOf } from "./numbers.js";
import { fill, plural, texts } from "./texts.js";
import { remark } from "./paint.js";

const TIMEOUT_SECONDS = 30;

/** What the server is told about an edited line. */
const bodyOf = (line) => ({
  id: line.id,
  version: line.version,
  chargeable_units: line.units === null ? null : plainUnits(line.units),
  comment: line.said || null,
});

export function makeSave(grid) {
  const { form } = grid;
  const button = form.querySelector("[data-save]");
  let running = null;

  /** Save what is unsaved. Answers true when the server holds everything that was typed until now. */
  async function save() {
    if (running) return running;
    running = send().finally(() => (running = null));
    return running;
  }

  async function send() {
    const edited = grid.edited();
    if (edited.some((line) => line.error)) return refuse(edited.find((line) => line.error));
    if (!edited.length) return true;
    busy(true);
    const sent = edited.map(bodyOf);
    try {
      const answer = await post(sent);
      return answer.ok ? await accept(await answer.json(), sent) : await explain(answer);
    } catch {
      notify(texts.offline);
      return false;
    } finally {
      busy(false);
    }
  }

  function refuse(line) {
    notify(texts.correct);
    grid.goTo(line);
    return false;
  }

  function post(lines) {
    return fetch(form.dataset.saveUrl, {
      method: "POST",
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_SECONDS * 1000),
      headers: {
        "Content-Type": "application/json",
        Accept: "application/json",
        "X-CSRFToken": document.querySelector('meta[name="csrf-token"]').content,
      },
      body: JSON.stringify({ lines }),
    });
  }

  function busy(isBusy) {
    form.setAttribute("aria-busy", String(isBusy));
    const label = button.querySelector("span");
    label.dataset.calm ??= label.textContent;
    label.textContent = isBusy ? texts.saving : label.dataset.calm;
  }

  /** What was sent is now saved; what was typed meanwhile stays unsaved. */
  async function accept(answer, sent) {
    const versions = new Map((answer.lines ?? []).map((line) => [line.id, line.version]));
    for (const part of sent) {
      const line = grid.line(part.id);
      line.version = versions.get(part.id) ?? line.version + 1;
      line.savedUnits = unitsOf(part.chargeable_units ?? "");
      line.savedComment = part.comment ?? "";
    }
    for (const field of document.querySelectorAll('input[name="version"]')) field.value = answer.version ?? field.value;
    grid.refresh(sent.map((part) => grid.line(part.id)));
    clearNotes();
    toast(texts.saved);
    return true;
  }

  async function explain(answer) {
    const problem = answer.headers.get("content-type")?.includes("json") ? await answer.json() : {};
    if (answer.type === "opaqueredirect" || answer.status === 401) notify(texts.sessionOver);
    else if (problem.type?.endsWith("stale-line")) showConflicts(problem.lines ?? []);
    else if (answer.status === 409 || answer.status === 412) notify(problem.detail ?? texts.locked);
    else if (answer.status === 422) showErrors(problem);
    else notify(problem.detail ?? texts.offline);
    return false;
  }

  function showErrors(problem) {
    notify(problem.detail ? `${texts.refused} ${problem.detail}` : texts.refused);
    for (const error of problem.errors ?? []) {
      const line = grid.line(error.line);
      if (line) remark(line.row, error.reason);
    }
  }

  /** Somebody saved these lines first: show both, keep what was typed, let the person choose. */
  function showConflicts(lines) {
    notify(plural(texts.stale, lines.length), "warning");
    for (const theirs of lines) offer(grid.line(theirs.id), theirs);
    if (lines.length) grid.goTo(grid.line(lines[0].id));
  }

  function offer(line, theirs) {
    if (!line) return;
    line.row.querySelector(".conflict")?.parentElement.remove();
    const cell = line.row.insertCell();
    cell.className = "remarks";
    cell.setAttribute("role", "cell");
    cell.append(document.querySelector("#conflict-template").content.cloneNode(true));
    const units = unitsOf(theirs.chargeable_units ?? "");
    cell.querySelector("[data-theirs]").textContent = fill(texts.theirs, { units: showUnits(units), comment: theirs.comment || texts.noComment });
    const settle = (takes) => settleConflict(line, { ...theirs, units }, takes, cell);
    cell.querySelector("[data-keep-mine]").addEventListener("click", () => settle(false));
    cell.querySelector("[data-take-theirs]").addEventListener("click", () => settle(true));
  }

  function settleConflict(line, theirs, takes, cell) {
    line.version = theirs.version;
    line.savedUnits = theirs.units;
    line.savedComment = theirs.comment ?? "";
    cell.remove();
    if (takes) grid.change([{ field: line.input, value: typedUnits(theirs.units) }, { field: line.comment, value: line.savedComment }]);
    grid.refresh([line]);
    line.input.focus();
  }

  return { save };
}
