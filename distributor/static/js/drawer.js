// The drawer beside a report's lines: what speaks for a line's figures, and a place to answer. It is not modal: the lines
// behind it stay in use. Where they can be edited it writes into their own fields (`form.grid`, see grid.js), so that the
// draft, Undo and the sums know of it; elsewhere it only shows. Without this file each line is a page.

import { announce, toast } from "./announce.js";
import { bindFields } from "./drawer/fields.js";
import { makePlace } from "./drawer/place.js";

function start(drawer) {
  const place = makePlace(drawer, shown);
  drawer.tabIndex = -1;
  const grid = () => document.querySelector("[data-grid]")?.grid;
  let now = null; // the id of the line that is open
  let opener = null; // the link it was opened with, where there is no grid to go back to
  let fields = null;

  function open(id, from = null) {
    opener = from;
    mark(id);
    drawer.hidden = false;
    // At once: keys that follow are meant for the drawer, and would do something else where the focus came from.
    if (!drawer.contains(document.activeElement)) drawer.focus({ preventScroll: true });
    place.load(id);
  }

  /** The line's content is here. */
  function shown(part) {
    const line = grid()?.line(now);
    fields = part.dataset.editable === "yes" && line?.comment ? bindFields(part, line, grid()) : null;
    announce(part.querySelector("#drawer-title").textContent);
    if ([drawer, document.body].includes(document.activeElement)) focusFirst(part, line);
  }

  /** The words, where they are wanted; else the heading, from which everything is read. */
  function focusFirst(part, line) {
    const words = fields && line.state === "need" && part.querySelector("#line-comment");
    (words || part.querySelector("#drawer-title")).focus({ preventScroll: true });
  }

  function mark(id) {
    document.querySelector("tr.is-open")?.classList.remove("is-open");
    now = id;
    if (id) document.getElementById(`l-${id}`)?.classList.add("is-open");
  }

  function close() {
    const id = now;
    drawer.hidden = true;
    place.clear();
    fields = null;
    mark(null);
    if (opener?.isConnected) opener.focus();
    else document.dispatchEvent(new CustomEvent("line:leave", { detail: { id } }));
  }

  /** The line `step` further on the page, or null. */
  function beside(step) {
    if (grid()) return grid().neighbour(now, step)?.id ?? null;
    const links = [...document.querySelectorAll("a[data-evidence]")].filter((link) => link.offsetParent);
    const at = links.findIndex((link) => link.dataset.evidence === now);
    return links[at + step]?.dataset.evidence ?? null;
  }

  function move(step) {
    const id = beside(step);
    if (!id) return;
    open(id, opener && (document.querySelector(`a[data-evidence="${id}"]`) ?? opener));
    document.getElementById(`l-${id}`)?.scrollIntoView({ block: "nearest" });
  }

  async function save(thenMoves) {
    if (!fields) return thenMoves && move(1);
    if (!(await grid().save())) return;
    if (!thenMoves || !beside(1)) toast(drawer.dataset.saved);
    if (!thenMoves) return place.load(now);
    document.activeElement?.blur(); // the button goes with its line
    move(1);
  }

  const presses = [
    ["[data-drawer-close]", close],
    ["[data-drawer-move]", (button) => move(Number(button.dataset.drawerMove))],
    ["[data-drawer-again]", () => place.load(now)],
    ["[data-drawer-save]", () => save(false)],
    ["[data-drawer-next]", () => save(true)],
    ["[data-use-again]", () => fields?.useAgain()],
  ];

  drawer.addEventListener("click", (event) => {
    const found = presses.find(([selector]) => event.target.closest(selector));
    if (!found) return;
    event.preventDefault();
    found[1](event.target.closest(found[0]));
  });

  drawer.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, summary, .drawer-body, .behind-table");
    if (event.key === "Escape") close();
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) save(true);
    else if (!typing && (event.key === "ArrowDown" || event.key === "ArrowUp")) move(event.key === "ArrowDown" ? 1 : -1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });

  document.addEventListener("keydown", (event) => {
    const busy = event.target.closest("input, textarea, select, dialog, details[open]");
    if (event.key === "Escape" && !drawer.hidden && !busy && !event.defaultPrevented) close();
  });

  document.addEventListener("line:open", (event) => {
    event.preventDefault();
    open(event.detail.id);
  });

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-evidence]");
    if (!link || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey || link.closest("[data-grid]")) return;
    event.preventDefault();
    open(link.dataset.evidence, link);
  });
}

const drawer = document.getElementById("line-drawer");
if (drawer) start(drawer);
