// Lines after the first page's: they come in the background, in parts, so that the page stays usable while they do.

const ROWS_AT_ONCE = 250;

/** Fetch table bodies and hand them over part by part. Answers false when they did not come. */
export async function fetchRest(url, add) {
  const answer = await fetch(url, { headers: { Accept: "text/html" }, redirect: "manual" }).catch(() => null);
  if (!answer?.ok) return false;
  const holder = new DOMParser().parseFromString(`<table>${await answer.text()}</table>`, "text/html");
  const bodies = [...holder.querySelectorAll("tbody")];
  while (bodies.length) {
    add(nextPart(bodies));
    await pause();
  }
  return true;
}

function nextPart(bodies) {
  const part = [];
  for (let rows = 0; bodies.length && rows < ROWS_AT_ONCE; rows += part.at(-1).rows.length) part.push(bodies.shift());
  return part;
}

const pause = () => new Promise((resume) => requestAnimationFrame(() => setTimeout(resume)));
