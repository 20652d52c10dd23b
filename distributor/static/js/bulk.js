// The review queue's selection: how many clean reports are ticked, what they come to in each currency, one button for all.

const form = document.querySelector("[data-bulk]");
const bar = form?.querySelector("[data-bulk-bar]");
const locale = document.documentElement.lang || "en";
const rules = new Intl.PluralRules(locale);

const boxes = () => [...form.querySelectorAll('input[name="report"]:not(:disabled)')];

function plural(forms, n) {
  return (forms[rules.select(n)] ?? forms.other).replace("{n}", n);
}

/** Amounts are exact decimals with the currency's own digits, so they are summed as whole minor units. */
function sumsOf(ticked) {
  const sums = new Map();
  for (const { dataset } of ticked) {
    const digits = Number(dataset.minorUnit);
    const [whole, fraction = ""] = dataset.amount.split(".");
    const minor = BigInt(whole + fraction.padEnd(digits, "0").slice(0, digits));
    const before = sums.get(dataset.currency) ?? { minor: 0n, digits, symbol: dataset.symbol };
    sums.set(dataset.currency, { ...before, minor: before.minor + minor });
  }
  return [...sums.values()];
}

function shown({ minor, digits, symbol }) {
  const text = minor.toString().padStart(digits + 1, "0");
  const plain = digits ? `${text.slice(0, -digits)}.${text.slice(-digits)}` : text;
  const format = new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return `${symbol} ${format.format(plain)}`;
}

function show() {
  const all = boxes();
  const ticked = all.filter((box) => box.checked);
  const texts = JSON.parse(bar.dataset.texts);
  for (const box of all) box.closest("tr").classList.toggle("is-selected", box.checked);
  bar.hidden = ticked.length === 0;
  bar.querySelector("[data-bulk-count]").textContent = plural(texts.selected, ticked.length);
  bar.querySelector("[data-bulk-sum]").textContent = sumsOf(ticked).map(shown).join(" + ");
  bar.querySelector("[data-bulk-label]").textContent = plural(texts.approve, ticked.length);
  const every = form.querySelector("[data-select-all]");
  every.checked = ticked.length === all.length;
  every.indeterminate = ticked.length > 0 && ticked.length < all.length;
}

function clear() {
  for (const box of boxes()) box.checked = false;
  show();
  form.querySelector("[data-select-all]").focus();
}

if (bar) {
  form.addEventListener("change", (event) => event.target.name === "report" && show());
  document.addEventListener("selection", show);
  bar.querySelector("[data-bulk-clear]").addEventListener("click", clear);
  window.addEventListener("pageshow", show);
  show();
}
