// The drawer's content on its way: grey bars after a moment, a way on where it fails, only the newest line that was asked for.

const PATIENCE = 300; // ms before grey bars; a quick answer needs none
const TIMEOUT = 15_000;
const NO_LINE = "00000000-0000-0000-0000-000000000000";

export function makePlace(drawer, shown) {
  const place = drawer.querySelector("[data-drawer-place]");
  let asked = 0;

  const templated = (name) => drawer.querySelector(`template[data-drawer-${name}]`).content.cloneNode(true);

  async function load(id) {
    const mine = ++asked;
    const waiting = setTimeout(() => mine === asked && keepFocus(() => place.replaceChildren(templated("waiting"))), PATIENCE);
    drawer.setAttribute("aria-busy", "true");
    const part = await fetched(id);
    clearTimeout(waiting);
    if (mine !== asked) return;
    drawer.removeAttribute("aria-busy");
    if (!part) return failed();
    keepFocus(() => place.replaceChildren(part));
    shown(part);
  }

  async function fetched(id) {
    try {
      const url = `${drawer.dataset.url.replace(NO_LINE, id)}?part=drawer`;
      const answer = await fetch(url, { headers: { Accept: "text/html", "HX-Request": "true" }, redirect: "manual", signal: AbortSignal.timeout(TIMEOUT) });
      if (!answer.ok) return null;
      const holder = document.createElement("template");
      holder.innerHTML = await answer.text();
      return holder.content.querySelector("[data-line]");
    } catch {
      return null;
    }
  }

  function failed() {
    place.replaceChildren(templated("failed"));
    place.querySelector("[data-drawer-again]").focus();
  }

  /** Put other content in place; a focus inside it would otherwise be lost to the page. */
  function keepFocus(change) {
    const hadFocus = place.contains(document.activeElement);
    change();
    if (hadFocus) document.activeElement?.blur();
  }

  function clear() {
    asked += 1;
    drawer.removeAttribute("aria-busy");
    place.replaceChildren();
  }

  return { load, clear };
}
