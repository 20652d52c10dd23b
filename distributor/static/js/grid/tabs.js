// Several tabs with one report: what one of them saves, the others take over where they have typed nothing.

/** A line to the other tabs. `hear` gets what `tell` was given there. */
export function makeTabs(name, hear) {
  if (!("BroadcastChannel" in window)) return { tell: () => {} };
  const channel = new BroadcastChannel(`report/${name}`);
  channel.addEventListener("message", ({ data }) => hear(data));
  return { tell: (message) => channel.postMessage(message) };
}
