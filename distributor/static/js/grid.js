// The report grid: a real form in a real table, made quick. Without this file it is saved like any other form.
// Events are delegated to the form, so that 5,000 lines cost no more listeners than five. Scripts of other parts of the
// page (the drawer) reach the lines by document.querySelector("[data-grid]").grid: see `open` below for what it offers.

import { announce, toast } from "./announce.js";
import { makeConflicts } from "./grid/conflicts.js";
import { makeCopy } from "./grid/copy.js";
import { makeDraft } from "./grid/draft.js";
import { makeEditing } from "./grid/editing.js";
import { makeFilter } from "./grid/filter.js";
import { bindForms } from "./grid/forms.js";
import { regroup, toggle } from "./grid/groups.js";
import { tick } from "./grid/idle.js";
import { makeJournal } from "./grid/journal.js";
import { bindKeys, makeWays } from "./grid/keys.js";
import { makeLines } from "./grid/lines.js";
import { makeNotes } from "./grid/notes.js";
import { makePaste } from "./grid/paste.js";
import { fetchRest } from "./grid/rest.js";
import { makeRestore } from "./grid/restore.js";
import { makeSelection } from "./grid/selection.js";
import { makeTabs } from "./grid/tabs.js";
import { texts } from "./grid/texts.js";

function start(form) {
  const isEditable = form.dataset.editable === "yes";
  const journal = makeJournal(form.dataset.journal);
  const grid = makeLines(form, journal, isEditable);
  const notes = makeNotes(form);
  const conflicts = makeConflicts(grid, notes);
  const tabs = makeTabs(form.dataset.journal, hear);
  Object.assign(grid, makeEditing(grid), { accept });
  const draft = makeDraft({ grid, notes, conflicts });
  Object.assign(grid, { save: draft.save, plan: draft.plan });
  const ways = makeWays(grid);
  Object.assign(grid, { goTo: ways.goTo, neighbour, open, saveAndTell });
  const selection = makeSelection(grid, ways);
  const filter = makeFilter(grid.table, form, grid.lines);
  const { copy } = makeCopy(grid, selection);
  const restore = makeRestore({ grid, journal, notes, conflicts, isEditable });
  makePaste(grid, ways);
  bindKeys(grid, ways, selection);
  if (isEditable) bindForms(grid, draft);
  form.grid = grid;

  /** The line `step` lines further on the page that is shown, or undefined. */
  function neighbour(id, step) {
    const shown = grid.lines().filter((line) => grid.isShown(line) || line.id === id);
    return shown[shown.findIndex((line) => line.id === id) + step];
  }

  /** Ask for a line's evidence; whoever shows it answers with "line:leave" when it is closed. */
  function open(line) {
    const event = new CustomEvent("line:open", { cancelable: true, detail: { id: line.id } });
    return document.dispatchEvent(event);
  }

  /** The server holds what was sent: say so to the lines and to the other tabs. */
  function accept(answer, sent) {
    grid.accepted(answer, sent);
    tabs.tell({ version: answer.version, lines: sent.map((part) => ({ ...part, version: grid.line(part.id).version })) });
  }

  /** Another tab saved lines, or shows that the report can no longer be edited. */
  function hear(message) {
    if (!isEditable) return;
    if (message.isFixed) return void (message.version > grid.version() && draft.lock(texts.lockedWhy));
    grid.setVersion(message.version);
    const newer = message.lines.filter((line) => grid.line(line.id)?.version < line.version);
    conflicts.meet(newer.map(grid.told));
  }

  const presses = [
    ["[data-toggle-group], [data-unfold]", (button) => toggle(button)],
    ["[data-filter]", (chip) => filter.choose(chip.dataset.filter)],
    ["[data-clear-filters]", () => filter.clear()],
    ["[data-group-by]", (button) => group(button)],
    ["[data-undo]", () => grid.undoAny()],
    ["[data-copy]", copy],
    ["[data-keys]", () => document.getElementById("keys").showModal()],
    ["[data-jump]", (link) => ways.goTo(grid.line(link.dataset.jump))],
    [".line .comment-cell", (cell) => cell.querySelector("textarea")?.focus()],
  ];

  form.addEventListener("click", (event) => {
    const line = grid.lineOfRow(event.target.closest("tr.line"));
    if (line && event.target.closest("th")) return clickName(event, line);
    for (const [selector, act] of presses) {
      const target = event.target.closest(selector);
      if (!target) continue;
      if (target.matches("a")) event.preventDefault();
      if (!event.target.matches("textarea") && !(target.matches(".comment-cell") && event.target.closest("button"))) act(target);
      return;
    }
  });

  /** A line's name opens its evidence; with Ctrl or Shift it selects. */
  function clickName(event, line) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return selection.click(event, line);
    if (event.target.closest("a") && !open(line)) event.preventDefault();
  }

  function group(button) {
    for (const other of form.querySelectorAll("[data-group-by]")) other.setAttribute("aria-pressed", String(other === button));
    regroup(grid.table, grid.lines(), button.dataset.groupBy, grid.terms);
    grid.putInOrder();
  }

  form.addEventListener("input", (event) => {
    const line = grid.lineOfRow(event.target.closest("tr.line"));
    if (line) grid.refresh([line]);
    else if (event.target.id === "line-search") requestAnimationFrame(() => filter.search(event.target.value));
  });

  form.addEventListener("submit", (event) => {
    if (event.submitter?.name !== "step") return;
    event.preventDefault();
    if (event.submitter.value === "submit") submit();
    else saveAndTell();
  });

  /** Save because somebody asked for it, who hears that it is done. */
  async function saveAndTell() {
    if (await draft.save()) toast(texts.saved);
  }

  let isSubmitting = false;

  /** Submit is always pressable: it goes to what is missing, or saves first and then takes the step, once. */
  async function submit() {
    const [first] = grid.waiting();
    if (first) {
      announce(form.querySelector("[data-gate-text]").textContent);
      return ways.goTo(first);
    }
    if (isSubmitting) return;
    isSubmitting = true;
    if (await draft.isReadyToPost()) document.getElementById("submit-form").requestSubmit();
    isSubmitting = false;
  }

  // A page from the browser's memory may be long out of date, after Submit for certain.
  window.addEventListener("pageshow", (event) => event.persisted && location.reload());
  window.addEventListener("beforeunload", (event) => journal.isBroken() && grid.edited().length && event.preventDefault());
  window.addEventListener("hashchange", goToAddress);
  document.addEventListener("line:leave", ({ detail }) => grid.line(detail?.id) && ways.goTo(grid.line(detail.id)));
  document.addEventListener("click", ({ target }) => {
    const line = target.closest("[data-risks] a") && grid.line(target.closest("a").hash.slice(3));
    if (line) requestAnimationFrame(() => ways.goTo(line));
  });

  function goToAddress() {
    const line = grid.line(location.hash.slice(3));
    if (line) ways.goTo(line);
  }

  async function begin() {
    grid.addFirst();
    performance.mark("grid:usable");
    const isWhole = !form.dataset.restUrl || (await fetchRest(form.dataset.restUrl, grid.append));
    form.querySelector("[data-rest-wait]")?.remove();
    if (isWhole) grid.complete();
    else notes.show("rest", texts.restMissing, [{ label: texts.reload, href: location.pathname }]);
    if (!isEditable) tabs.tell({ isFixed: true, version: grid.version() });
    restore.offer();
    if (document.activeElement === document.body) goToAddress(); // who has begun to type is not taken away from it
    performance.mark("grid:complete");
  }

  tick();
  begin();
}

const form = document.querySelector("[data-grid]");
if (form) start(form);
