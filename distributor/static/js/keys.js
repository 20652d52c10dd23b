// "/" goes to the page's search.

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  const field = event.target.closest("input, textarea, select");
  const search = document.querySelector("[data-search-key]");
  if (!search || (field && !field.matches(".units"))) return;
  event.preventDefault();
  search.focus();
  search.select();
});
