// The page's words, in the reader's language, as the server wrote them into the form.

const form = document.querySelector("[data-grid]");
const rules = new Intl.PluralRules(document.documentElement.lang || "en");

export const texts = JSON.parse(form?.dataset.texts ?? "{}");

/** Put values into "{name}" places. */
export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);

/** The form of a text for a number of things. */
export const plural = (forms, n) => fill(forms[rules.select(n)] ?? forms.other, { n });
