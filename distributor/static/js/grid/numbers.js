// Exact decimal arithmetic with BigInt: units in ten-thousandths, prices in millionths, money in the currency's minor unit.
// Binary fractions would put a cent wrong now and then, and the server would disagree.

const UNIT_DECIMALS = 4;
const PRICE_DECIMALS = 6;
export const ONE_UNIT = 10n ** BigInt(UNIT_DECIMALS);
const MOST_UNITS = 999_999_999n * ONE_UNIT;

const locale = document.documentElement.lang || "en";
const parts = new Intl.NumberFormat(locale).formatToParts(12345.6);
const decimalSign = parts.find((part) => part.type === "decimal").value;
const groupSign = parts.find((part) => part.type === "group")?.value ?? ",";

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
const grouped = new RegExp(`^\\d{1,3}(${escaped(groupSign)}\\d{3})+(${escaped(decimalSign)}\\d+)?$`);
const bare = new RegExp(`^\\d{1,15}(${escaped(decimalSign)}\\d+)?$`);
const plainly = /^\d{1,15}(\.\d+)?$/;

/** A plain decimal string ("300", "0.25", "" for unknown) as a scaled BigInt, or null for unknown. */
function scaled(text, decimals) {
  if (text === "" || text == null) return null;
  const [whole, fraction = ""] = text.split(".");
  return BigInt(whole + fraction.padEnd(decimals, "0").slice(0, decimals));
}

export const unitsOf = (plain) => scaled(plain, UNIT_DECIMALS);
export const priceOf = (plain) => scaled(plain, PRICE_DECIMALS);

/**
 * What somebody typed or pasted: in the reader's way of writing numbers, or plainly with a point ("1234.5").
 * Answers {units} (null where the field was left empty) or {error: "notANumber" | "tooPrecise" | "tooLarge" | "ambiguous"};
 * an ambiguous one comes with its two readings.
 */
export function readUnits(typed, precision) {
  const text = typed.replace(/[\s\u00a0\u202f]/g, "");
  if (text === "") return { units: null };
  const readings = readingsOf(text);
  if (!readings.length) return { error: "notANumber" };
  const fitting = readings.filter((plain) => decimalsOf(plain) <= precision).map(unitsOf);
  if (!fitting.length) return { error: "tooPrecise" };
  if (fitting.length > 1) return { error: "ambiguous", readings: fitting };
  return fitting[0] > MOST_UNITS ? { error: "tooLarge" } : { units: fitting[0] };
}

/** The numbers that a text may stand for, as plain decimals: "1.234" is two for a German, who groups with points. */
function readingsOf(text) {
  const readings = new Set();
  if (grouped.test(text) || bare.test(text)) readings.add(text.replaceAll(groupSign, "").replace(decimalSign, "."));
  if (plainly.test(text)) readings.add(text);
  return [...readings];
}

const decimalsOf = (plain) => (plain.split(".")[1] ?? "").replace(/0+$/, "").length;

/** Units as the plain decimal string that the server reads; "" for unknown. */
export function plainUnits(units) {
  if (units === null) return "";
  const whole = units / ONE_UNIT;
  const fraction = (units % ONE_UNIT).toString().padStart(UNIT_DECIMALS, "0").replace(/0+$/, "");
  return fraction ? `${whole}.${fraction}` : `${whole}`;
}

/** Units as they stand in an input of the reader's locale, without grouping. */
export const typedUnits = (units) => plainUnits(units).replace(".", decimalSign);

/** A number as shown, without the signs between its thousands. */
export const ungrouped = (shown) => shown.replaceAll(groupSign, "");

const unitFormat = new Intl.NumberFormat(locale, { maximumFractionDigits: UNIT_DECIMALS });

/** Units for reading: "1,234", "−100", "–" for unknown. */
export function showUnits(units) {
  if (units === null) return "–";
  return units < 0n ? `−${unitFormat.format(plainUnits(-units))}` : unitFormat.format(plainUnits(units));
}

export const showDifference = (units) => (units > 0n ? `+${showUnits(units)}` : showUnits(units));

/** units × price in the currency's minor unit, rounded half up, as the server rounds each line. */
export function amountOf(units, price, minorDigits) {
  if (units === null || price === null) return null;
  const scale = 10n ** BigInt(UNIT_DECIMALS + PRICE_DECIMALS - minorDigits);
  return (units * price + scale / 2n) / scale;
}

/** A function that writes money of so many minor digits for reading: "1,140.00", "–" for unknown. */
export function moneyFormat(minorDigits) {
  const format = new Intl.NumberFormat(locale, { minimumFractionDigits: minorDigits, maximumFractionDigits: minorDigits });
  const scale = 10n ** BigInt(minorDigits);
  const positive = (minor) => format.format(`${minor / scale}.${(minor % scale).toString().padStart(minorDigits || 1, "0")}`);
  return (minor) => (minor === null ? "–" : minor < 0n ? `−${positive(-minor)}` : positive(minor));
}
