// Passkeys: a form with data-passkey asks the server for a challenge, the browser for its answer, and sends that along.

for (const form of document.querySelectorAll("form[data-passkey]")) {
  form.addEventListener("submit", (event) => {
    if (form.elements[form.dataset.answer].value) return; // answered: let it go
    event.preventDefault();
    answer(form);
  });
}

async function answer(form) {
  say(form, "");
  if (!globalThis.PublicKeyCredential) return say(form, form.dataset.unknown);
  try {
    const asked = await challenge(form);
    if (asked === null) return;
    const made = await navigator.credentials[form.dataset.passkey]({ publicKey: asked });
    form.elements[form.dataset.answer].value = JSON.stringify(shown(made));
  } catch {
    return say(form, form.dataset.refused);
  }
  form.requestSubmit();
}

/** The options the server gives; null where it refuses and its reason has been said. */
async function challenge(form) {
  const headers = { "X-CSRFToken": form.elements.csrf_token.value, Accept: "application/json" };
  const response = await fetch(form.dataset.options, { method: "POST", headers });
  const found = await response.json();
  if (response.ok) return asBytes(found);
  say(form, found.detail ?? form.dataset.refused);
  return null;
}

/** What JSON holds in base64url, as the browser wants it: in bytes. */
function asBytes(options) {
  const listed = (list) => list?.map((one) => ({ ...one, id: bytes(one.id) }));
  return {
    ...options,
    challenge: bytes(options.challenge),
    ...(options.user && { user: { ...options.user, id: bytes(options.user.id) } }),
    excludeCredentials: listed(options.excludeCredentials),
    allowCredentials: listed(options.allowCredentials),
  };
}

/** The browser's answer in the form that WebAuthn gives to JSON. */
function shown(made) {
  const parts = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
  const held = parts.filter((part) => made.response[part]);
  return {
    id: made.id,
    rawId: text(made.rawId),
    type: made.type,
    authenticatorAttachment: made.authenticatorAttachment ?? undefined,
    clientExtensionResults: {},
    response: Object.fromEntries(held.map((part) => [part, text(made.response[part])])),
  };
}

const bytes = (base64url) => Uint8Array.from(atob(base64url.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

function say(form, words) {
  const place = form.querySelector("[data-passkey-error]");
  place.textContent = words;
  place.hidden = !words;
}

// Coming back with the back button: an answer is good once.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-passkey]")) form.elements[form.dataset.answer].value = "";
});
