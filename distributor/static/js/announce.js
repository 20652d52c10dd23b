// Words for everybody: a live region for those who listen, a toast for those who look.

const TOAST_SECONDS = 6;

/** Say something to screen readers without moving the focus. */
export function announce(text) {
  const region = document.getElementById("announcer");
  if (region) region.textContent = text;
}

/** Say something shortly in the corner, and to screen readers. */
export function toast(text) {
  const note = document.createElement("div");
  note.className = "toast-note";
  note.textContent = text;
  document.getElementById("toasts")?.append(note);
  announce(text);
  setTimeout(() => note.remove(), TOAST_SECONDS * 1000);
}

/** Put a note that stays into the page's note area; it replaces the one before it. Answers the element. */
export function notify(text, kind = "error") {
  const area = document.getElementById("flashes");
  const note = document.createElement("div");
  note.className = `flash flash-${kind}`;
  note.setAttribute("role", kind === "error" ? "alert" : "status");
  note.dataset.fromScript = "";
  note.append(Object.assign(document.createElement("div"), { className: "grow", textContent: text }));
  for (const old of area.querySelectorAll("[data-from-script]")) old.remove();
  area.append(note);
  note.scrollIntoView({ block: "nearest" });
  return note;
}

export function clearNotes() {
  for (const old of document.querySelectorAll("#flashes [data-from-script]")) old.remove();
}
