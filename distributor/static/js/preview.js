// A mail as high as its words: the frame grows with what it holds, so that only the page scrolls.

for (const frame of document.querySelectorAll("iframe[data-grows]")) {
  const grow = () => {
    const held = frame.contentDocument?.body; // the document itself is never lower than its frame
    if (held) frame.style.height = `${held.offsetHeight}px`;
  };
  frame.addEventListener("load", grow);
  new ResizeObserver(grow).observe(frame.parentElement);
  grow();
}
