// The draft's way to the server: by itself some seconds after the last change, at once when somebody asks or the page is
// hidden, again and again while there is no connection. Nothing typed is ever thrown away: the journal has it.

import { isSendable } from "./line.js";
import { unitsOf } from "./numbers.js";
import { remark } from "./paint.js";
import { bodyOf, renewToken, send } from "./sending.js";
import { fill, plural, texts } from "./texts.js";

const RETRY_SECONDS = [2, 5, 10, 20, 40, 60];
const LONGEST_WAIT = 5; // times the usual delay: somebody who never stops typing is saved nevertheless
const MOST_ROUNDS = 5; // each settles what stood in the way of the one before

export function makeDraft({ grid, notes, conflicts }) {
  const { form, status } = grid;
  let queue = Promise.resolve();
  let timer = 0;
  let waitingSince = 0;
  let failures = 0;
  let isLocked = false;

  // Kept at hand: a form looks for a field called "dataset" among all its thousands before it hands out its own.
  const settings = form.dataset;
  const delay = () => Number(settings.autosaveMs);
  const unsaved = () => grid.edited().reduce((sum, line) => sum + line.edits, 0);

  /** Something was typed: save it when there is a pause. */
  function plan() {
    if (isLocked) return;
    clearTimeout(timer);
    if (!grid.edited().some(isSendable)) return void (waitingSince = 0);
    waitingSince ||= Date.now();
    const longest = waitingSince + LONGEST_WAIT * delay() - Date.now();
    timer = setTimeout(() => save(false), Math.max(0, Math.min(delay(), longest)));
  }

  /**
   * Save what is unsaved, one request after the other. Answers true when the server holds everything that was typed until
   * now. Without `asked` nobody is waiting for it: then what cannot be saved waits in silence.
   */
  function save(asked = true) {
    queue = queue.then(() => attempt(asked)).catch(() => false);
    return queue;
  }

  async function attempt(asked) {
    clearTimeout(timer);
    waitingSince = 0;
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      const ready = isLocked ? [] : grid.edited().filter(isSendable);
      if (!ready.length) return rest(asked);
      status.set("saving");
      const sent = ready.map(bodyOf);
      const answer = await send(form, sent);
      status.set("calm");
      if (!outcomes[answer.kind](answer, sent, asked)) return false;
      if (!asked && answer.kind === "saved") return plan();
    }
    return false;
  }

  /** Nothing is left that could be sent: say so, or say what still has to be put right. */
  function rest(asked) {
    const [first] = grid.edited();
    if (!first) return true;
    if (asked && !isLocked) {
      notes.show("draft", first.conflict ? plural(texts.stale, 1) : first.refused ? texts.refused : texts.correct);
      grid.goTo(grid.edited().find((line) => line.error) ?? first);
    }
    return false;
  }

  const outcomes = {
    saved(answer, sent) {
      failures = 0;
      status.saved();
      notes.clear("draft");
      grid.accept(answer, sent);
      return true;
    },
    stale(answer, _sent, asked) {
      const choices = conflicts.meet(answer.lines.map(theirsOf));
      if (choices && asked) grid.goTo(grid.line(answer.lines[0].id));
      return true;
    },
    refused(answer, sent, asked) {
      const named = answer.errors.map((error) => [grid.line(error.line), error.reason]).filter(([line]) => line);
      for (const [line, reason] of named) mark(line, reason);
      const text = answer.detail ? fill(texts.refusedBecause, { reason: answer.detail }) : texts.refused;
      if (asked || !named.length) notes.show("draft", text);
      return named.length > 0;
    },
    locked(answer) {
      isLocked = true;
      notes.show("draft", fill(plural(texts.locked, unsaved()), { why: answer.detail ?? texts.lockedWhy }), [{ label: texts.reload, href: location.pathname }]);
      return false;
    },
    signedOut() {
      failures ||= 1; // whoever comes back from another tab may be signed in again
      notes.show("draft", plural(texts.sessionOver, unsaved()), [{ label: texts.signIn, href: form.dataset.signInUrl }]);
      return false;
    },
    away() {
      const seconds = RETRY_SECONDS[Math.min(failures, RETRY_SECONDS.length - 1)];
      failures += 1;
      status.set("away", Date.now() + seconds * 1000);
      timer = setTimeout(() => save(false), seconds * 1000);
      return false;
    },
  };

  /** A line that the server refused is not sent again until it was changed. */
  function mark(line, reason) {
    line.refused = { units: line.input.value, comment: line.comment.value, reason };
    remark(line.row, reason);
  }

  /** Somebody else's step: say so and stop saving; what was typed stays. */
  function lock(why) {
    if (!isLocked) outcomes.locked({ detail: why });
  }

  /** Whether a form of this page may be posted now: everything is saved and the person is still signed in. */
  async function isReadyToPost() {
    if (!(await save())) return false;
    const token = await renewToken(form);
    if (token === "signedOut") outcomes.signedOut();
    if (token === "away") notes.show("draft", texts.away);
    return token === "renewed";
  }

  const now = () => grid.edited().length && save(false);
  window.addEventListener("online", now);
  window.addEventListener("focus", () => failures && now());
  window.addEventListener("pagehide", now);
  document.addEventListener("visibilitychange", now);
  document.addEventListener("leaving", (event) => event.detail.push(save(false)));

  return { plan, save, lock, isReadyToPost, isLocked: () => isLocked };
}

/** A line of a stale answer as the rest of the grid knows it. */
export const theirsOf = (line) => ({
  id: line.id,
  version: line.version,
  units: unitsOf(line.chargeable_units ?? ""),
  comment: line.comment ?? "",
  carry: line.carried_until === undefined ? undefined : (line.carried_until ?? ""),
});
