// Buttons that copy a text of the page; the button says so for a moment, and aloud.

import { announce } from "./announce.js";

const SAID_FOR = 2000; // milliseconds

for (const button of document.querySelectorAll("[data-copies]")) {
  const words = button.querySelector("span") ?? button;
  const before = words.textContent;
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copies);
    try {
      await navigator.clipboard.writeText(source.textContent);
    } catch {
      getSelection().selectAllChildren(source); // without permission the text is at least marked, to be copied by hand
      return;
    }
    words.textContent = button.dataset.copied;
    announce(button.dataset.copied);
    setTimeout(() => { words.textContent = before; }, SAID_FOR);
  });
}
