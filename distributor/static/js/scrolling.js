// What scrolls sideways can be scrolled by keyboard: it takes the focus, but only while there is something to scroll and
// nothing inside leads there.

const SCROLLS = ".panel-scroll, .queue-scroll, .panel, .behind-table";
const REACHABLE = "a[href], button:not(:disabled), input:not(:disabled), select, textarea, summary";

function offer(box) {
  if (box.dataset.scrolls !== "here" && box.hasAttribute("tabindex")) return;
  const isNeeded = box.scrollWidth > box.clientWidth && getComputedStyle(box).overflowX !== "visible" && !box.querySelector(REACHABLE);
  if (!isNeeded) {
    box.removeAttribute("tabindex");
    return;
  }
  box.dataset.scrolls = "here";
  box.tabIndex = 0;
  if (box.hasAttribute("aria-label") || box.hasAttribute("aria-labelledby")) return;
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", box.querySelector("caption")?.textContent ?? document.title);
}

const sizes = new ResizeObserver((entries) => entries.forEach(({ target }) => offer(target)));

function watch() {
  for (const box of document.querySelectorAll(SCROLLS)) sizes.observe(box);
}

watch();
document.addEventListener("htmx:after:swap", watch);
