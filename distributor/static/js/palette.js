// The search over any page: Ctrl K or Cmd K, a combobox that never loses the focus, arrows, Enter, Escape.
// What is found comes from the server as options ready to show; without this file the box is a form.

const WAIT_MS = 120;
const LATE_MS = 300;

function start(dialog) {
  const field = dialog.querySelector("[role=combobox]");
  const list = dialog.querySelector("[role=listbox]");
  const said = dialog.querySelector("[data-palette-said]");
  let asking = null;
  let timer = 0;
  let shownFor = null; // the words that the options on show belong to

  const options = () => [...list.querySelectorAll("[role=option]")];
  const chosen = () => list.querySelector("[aria-selected=true]");

  function open() {
    if (dialog.open) return field.select();
    if (document.querySelector("dialog[open]")) return undefined;
    dialog.showModal();
    field.select();
    return ask();
  }

  function choose(option) {
    chosen()?.setAttribute("aria-selected", "false");
    if (!option) return field.removeAttribute("aria-activedescendant");
    option.setAttribute("aria-selected", "true");
    field.setAttribute("aria-activedescendant", option.id);
    return option.scrollIntoView({ block: "nearest" });
  }

  function move(by) {
    const all = options();
    if (!all.length) return;
    const at = all.indexOf(chosen());
    choose(all[at < 0 ? (by > 0 ? 0 : all.length - 1) : (at + by + all.length) % all.length]);
  }

  function show(html, text) {
    list.innerHTML = html;
    shownFor = text;
    const [first] = options();
    field.setAttribute("aria-expanded", String(Boolean(first)));
    choose(text ? first : null);
    said.textContent = list.firstElementChild?.dataset.said ?? "";
  }

  function fail() {
    list.replaceChildren();
    shownFor = null;
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
    said.textContent = dialog.dataset.textFailed;
  }

  /** Ask for options; an answer to words that were changed meanwhile is thrown away. */
  async function ask() {
    const text = field.value.trim();
    asking?.abort();
    if (text === shownFor) return;
    asking = new AbortController();
    const late = setTimeout(() => wait(true), LATE_MS);
    try {
      const url = `${dialog.dataset.optionsUrl}?q=${encodeURIComponent(text)}`;
      const answer = await fetch(url, { headers: { "HX-Request": "true" }, signal: asking.signal });
      const door = answer.headers.get("HX-Redirect");
      if (door) return location.assign(door);
      if (answer.ok) show(await answer.text(), text);
      else fail();
    } catch (error) {
      if (error.name !== "AbortError") fail();
    } finally {
      clearTimeout(late);
      wait(false);
    }
  }

  function wait(isLong) {
    list.setAttribute("aria-busy", String(isLong));
    if (isLong) said.textContent = dialog.dataset.textWaiting;
  }

  const keys = {
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    PageDown: () => move(5),
    PageUp: () => move(-5),
    Enter: () => chosen()?.click(),
  };

  field.addEventListener("input", () => {
    clearTimeout(timer);
    choose(null);
    timer = setTimeout(ask, WAIT_MS);
  });
  field.addEventListener("keydown", (event) => {
    const act = keys[event.key];
    if (!act || event.isComposing || (event.key === "Enter" && !chosen())) return;
    event.preventDefault();
    act();
  });
  // Pointing chooses, and the focus stays where one writes.
  list.addEventListener("mousemove", ({ target }) => {
    const option = target.closest("[role=option]");
    if (option && option !== chosen()) choose(option);
  });
  list.addEventListener("mousedown", (event) => event.preventDefault());
  // A link to a place on this very page loads nothing.
  list.addEventListener("click", (event) => event.target.closest("a") && dialog.close());
  dialog.addEventListener("click", (event) => (event.target === dialog || event.target.closest("[data-palette-close]")) && dialog.close());

  document.addEventListener("click", (event) => event.target.closest("[data-palette-open]") && open());
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    event.preventDefault();
    open();
  });
}

const dialog = document.getElementById("palette");
if (dialog) start(dialog);
if (/Mac|iPhone|iPad/.test(navigator.platform)) {
  for (const key of document.querySelectorAll("[data-palette-key]")) key.textContent = "⌘ K";
}
