// Sending a draft: the request, the form's token when it has expired, and what the answer means.

import { plainUnits } from "./numbers.js";

const TIMEOUT_SECONDS = 30;
const MOST_KEPT_ALIVE = 60_000; // bytes; browsers refuse more in requests that outlive their page

/** What the server is told about a line. */
export const bodyOf = (line) => ({
  id: line.id,
  version: line.version,
  chargeable_units: line.units === null ? null : plainUnits(line.units),
  comment: line.said || null,
  ...(line.carryEdited ? { carry_until: line.carryUntil || null } : {}),
});

/**
 * Send lines made by bodyOf. Answers {kind, ...}, never throws:
 * "saved" with {version, lines: [{id, version}]}, "stale" with lines as they stand now, "refused" with detail and errors,
 * "locked" with a detail (the report is submitted or decided), "signedOut", "away" (no answer at all, or a broken one).
 */
export async function send(form, lines) {
  const body = JSON.stringify({ lines });
  try {
    let answer = await post(form.dataset.saveUrl, body);
    if (answer.status === 400) {
      const token = await renewToken(form);
      if (token !== "renewed") return { kind: token };
      answer = await post(form.dataset.saveUrl, body);
    }
    return await meaningOf(answer);
  } catch {
    return { kind: "away" };
  }
}

function post(url, body) {
  return fetch(url, {
    method: "POST",
    redirect: "manual",
    keepalive: body.length < MOST_KEPT_ALIVE,
    signal: AbortSignal.timeout(TIMEOUT_SECONDS * 1000),
    headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": tokenPlace().content },
    body,
  });
}

const tokenPlace = () => document.querySelector('meta[name="csrf-token"]');

/** Fetch a fresh token for every form of the page. Answers "renewed", "signedOut" or "away". */
export async function renewToken(form) {
  try {
    const answer = await fetch(form.dataset.tokenUrl, { headers: { Accept: "application/json" }, redirect: "manual" });
    if (isSignedOut(answer)) return "signedOut";
    if (!answer.ok) return "away";
    const { csrf_token: fresh } = await answer.json();
    tokenPlace().content = fresh;
    for (const field of document.querySelectorAll('input[name="csrf_token"]')) field.value = fresh;
    return "renewed";
  } catch {
    return "away";
  }
}

const isSignedOut = (answer) => answer.type === "opaqueredirect" || answer.status === 401;

async function meaningOf(answer) {
  if (isSignedOut(answer)) return { kind: "signedOut" };
  const isJson = answer.headers.get("content-type")?.includes("json");
  const said = isJson ? await answer.json() : {};
  if (answer.ok) return isJson ? { kind: "saved", ...said } : { kind: "away" };
  if (said.type?.endsWith("stale-line")) return { kind: "stale", lines: said.lines ?? [] };
  if (answer.status === 422 || answer.status === 413) return { kind: "refused", detail: said.detail, errors: said.errors ?? [] };
  if (answer.status >= 500 || answer.status === 429) return { kind: "away" };
  return { kind: "locked", detail: said.detail };
}
