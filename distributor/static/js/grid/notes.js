// Notes of the grid: in the bar that stays in sight, so that nobody is scrolled away from what they type. A report that
// cannot be edited has no such bar; its notes stand at the top of the page.

/** A place for notes, one of each name at a time. */
export function makeNotes(form) {
  const place = form.querySelector("[data-note]") ?? document.getElementById("flashes");
  const shown = new Map();

  /** Show a sentence with buttons or links after it: {label, href} or {label, act}. It replaces the note of that name. */
  function show(name, text, actions = [], kind = "error") {
    clear(name);
    const note = document.createElement("div");
    note.className = `dock-note is-${kind}`;
    note.setAttribute("role", kind === "error" ? "alert" : "status");
    note.append(Object.assign(document.createElement("span"), { className: "grow", textContent: text }), ...actions.map(made));
    shown.set(name, note);
    place.append(note);
  }

  function clear(name) {
    shown.get(name)?.remove();
    shown.delete(name);
  }

  return { show, clear };
}

function made({ label, href, act }) {
  const element = document.createElement(href ? "a" : "button");
  element.className = "btn btn-sm";
  element.textContent = label;
  if (href) element.href = href;
  else {
    element.type = "button";
    element.addEventListener("click", act);
  }
  return element;
}
