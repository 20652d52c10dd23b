// The colour picker and the written colour are one: what is picked is written down, what is written is shown.

for (const picker of document.querySelectorAll("[data-picks]")) {
  const code = document.getElementById(picker.dataset.picks);
  picker.addEventListener("input", () => {
    code.value = picker.value;
    code.dispatchEvent(new Event("input", { bubbles: true }));
  });
  code.addEventListener("input", () => {
    if (/^#[0-9a-f]{6}$/i.test(code.value)) picker.value = code.value.toLowerCase();
  });
}
