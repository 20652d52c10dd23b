// The page's words, in the reader's language, as the server wrote them into the form.

const form = document.querySelector("[data-grid]");
const locale = document.documentElement.lang || "en";
const rules = new Intl.PluralRules(locale);
const numbers = new Intl.NumberFormat(locale);
const time = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
// As the server writes short days: English as in Europe, "31 Dec"; other languages by their own pattern.
const day = new Intl.DateTimeFormat(locale.startsWith("en") ? "en-GB" : locale, { day: "numeric", month: "short", timeZone: "UTC" });

export const texts = JSON.parse(form?.dataset.texts ?? "{}");

/** Put values into "{name}" places. */
export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);

/** The form of a text for a number of things. */
export const plural = (forms, n) => fill(forms[rules.select(n)] ?? forms.other, { n: numbers.format(n) });

/** A moment of the reader's own day, as "14:03". */
export const clockTime = (moment) => time.format(moment);

/** An ISO date as "31 Dec". */
export const shortDay = (iso) => day.format(new Date(`${iso}T00:00:00Z`));
