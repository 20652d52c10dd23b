// The page's other forms (submit, recall, add a line, take over usage) post the report as it was saved: so what is unsaved
// is saved before any of them goes, and with it goes nothing else.

export function bindForms(grid, draft) {
  document.addEventListener("submit", (event) => {
    const { target: form, submitter } = event;
    const removes = form === grid.form && submitter?.name === "remove";
    const needsVersion = form !== grid.form && form.method === "post" && form.elements.version;
    if (event.defaultPrevented || form.dataset.ready || !(removes || (needsVersion && grid.edited().length))) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    saveFirst(form, submitter, removes);
  }, { capture: true });

  async function saveFirst(form, submitter, removes) {
    if (!(await draft.isReadyToPost())) return;
    if (removes) leaveFieldsOut();
    form.dataset.ready = "yes";
    form.requestSubmit(submitter);
    delete form.dataset.ready;
  }

  /** Saved already, and thousands of them: the form sends no more than what is to be removed. */
  function leaveFieldsOut() {
    for (const line of grid.lines()) for (const field of line.row.querySelectorAll("input, textarea")) field.disabled = true;
  }
}
