// What this browser keeps for us. Storage may be full or switched off, so nothing here ever throws.

/** Answers whether the value is kept now. */
export function keep(key, value) {
  try {
    localStorage.setItem(key, value);
    return true;
  } catch {
    return false;
  }
}

export const kept = (key) => tried(() => localStorage.getItem(key)) ?? null;
export const drop = (key) => void tried(() => localStorage.removeItem(key));
export const keysWith = (prefix) => (tried(() => Object.keys(localStorage)) ?? []).filter((key) => key.startsWith(prefix));

function tried(act) {
  try {
    return act();
  } catch {
    return undefined;
  }
}
