// Money as whole minor units, so that sums are exact, and as people of the page's language read it.

const locale = document.documentElement.lang || "en";

/** A decimal such as "1234.5" in whole minor units of a currency with so many digits. */
export function minorUnits(text, digits) {
  const [whole, fraction = ""] = text.split(".");
  return BigInt(whole + fraction.padEnd(digits, "0").slice(0, digits));
}

/** Minor units as "1,234.50". */
export function shownMoney(minor, digits) {
  const text = minor.toString().padStart(digits + 1, "0");
  const plain = digits ? `${text.slice(0, -digits)}.${text.slice(-digits)}` : text;
  return new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(plain);
}

/** One of the texts {none, one, other} by a number, which they call {n}. */
export function counted(texts, n) {
  if (n === 0 && texts.none) return texts.none;
  return (texts[new Intl.PluralRules(locale).select(n)] ?? texts.other).replace("{n}", n);
}
