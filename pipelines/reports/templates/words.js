// The page's data and state, and how words, numbers and definitions are written in a language.
// What belongs here: everything that depends on the language. What does not: charts, tables, events.

const report = JSON.parse(document.getElementById("report-data").textContent);
const root = document.documentElement;
const wished = new URLSearchParams(location.search);
const darkScheme = matchMedia("(prefers-color-scheme: dark)");
const state = {
  lang: wished.get("lang") || (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en"),
  theme: wished.get("theme") || (darkScheme.matches ? "dark" : "light"),
  wallets: new Set(report.wallets),  // those that are shown
  month: report.month_choices.find((month) => month === wished.get("month")) ?? null,  // null: each figure's own
  chosen: {},  // card -> index of its variant
  sorted: {},  // card -> [column, direction]
};
if (!report.strings[state.lang]) state.lang = "en";
if (!["light", "dark"].includes(state.theme)) state.theme = "light";
if (wished.get("wallets")) {
  const kept = wished.get("wallets").split(",").filter((wallet) => report.wallets.includes(wallet));
  if (kept.length) state.wallets = new Set(kept);
}
const isFiltered = () => state.wallets.size < report.wallets.length;
/** Whether a day, written as in ISO 8601, belongs to the month that is shown. */
const isOfMonth = (day) => !state.month || day.slice(0, 7) === state.month.slice(0, 7);
/** Whether something of this wallet is shown; what is of no wallet of the filter always is. */
const isShown = (wallet) => !report.wallets.includes(wallet) || state.wallets.has(wallet);

const locale = () => (state.lang === "zh" ? "zh-CN" : "en-US");
const number = (value, options) => new Intl.NumberFormat(locale(), options).format(value);
const fixed = (digits) => ({ minimumFractionDigits: digits, maximumFractionDigits: digits });
const percent = (value, digits = 1) => number(value, { style: "percent", ...fixed(digits) });
const currency = { style: "currency", currency: report.currency, currencyDisplay: "narrowSymbol" };
const money = (value) => number(value, { ...currency, ...fixed(0) });
const shortMoney = (value) => (Math.abs(value) < 1e7 ? money(value) : number(value, { ...currency, notation: "compact", maximumFractionDigits: 2 }));
const moment = (iso, options) => new Intl.DateTimeFormat(locale(), { timeZone: "UTC", ...options }).format(new Date(iso));
const monthName = (iso) => moment(iso, { year: "numeric", month: "long" });

const filled = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
const t = (key, values = {}) => filled(report.strings[state.lang][key] ?? key, values);
/** Text of a value token "@group.value"; a value without an entry is shown as it is. */
function label(token) {
  if (token.includes(" & @")) return token.split(/ & (?=@)/).map(label).join(" & ");
  if (token.includes(" @")) return token.split(/ (?=@)/).map(label).join(" ");
  if (!token.startsWith("@")) return token;
  const value = token.slice(token.indexOf(".") + 1);
  if (token.startsWith("@month.")) return monthName(value);
  const strings = report.strings[state.lang];
  return strings[token.slice(1)] ?? strings[`value.${value}`] ?? value;
}
/** A number with its noun; forms are in gettext's order. */
function counted(noun, count) {
  const forms = report.strings[state.lang][`count.${noun}`];
  const rules = new Intl.PluralRules(locale());
  const kinds = ["zero", "one", "two", "few", "many", "other"].filter((kind) => rules.resolvedOptions().pluralCategories.includes(kind));
  return filled(forms[Math.min(kinds.indexOf(rules.select(count)), forms.length - 1)], { n: number(count) });
}
const traits = (name) => name.split(" + ").map((trait) => label(`@trait.${trait}`)).join(" + ");

/** A value of a table as it is read. */
function shown(column, value) {
  if (value === null || value === undefined) return t("ui.none");
  switch (column.kind) {
    case "category": return label(`@${column.group}.${value}`);
    case "token": return label(value);
    case "traits": return traits(value);
    case "phrase": return value[state.lang];
    case "percent": return percent(value, column.digits);
    case "points": return number(value * 100, { signDisplay: "exceptZero", ...fixed(1) });
    case "money": return money(value);
    case "decimal": return number(value, fixed(column.digits));
    case "count": return number(value);
    case "month": return value.slice(0, 7);
    default: return String(value);
  }
}

/** An element with text and children; text never becomes markup. */
function el(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children.filter((child) => child !== null).map((child) => (child instanceof Node ? child : String(child))));
  return node;
}

/** Formula of a metric; the registry's words are English, the catalogue has them in Chinese. */
const formula = (text) => text.split("; ").map((part) => report.strings[state.lang][`formula.${part}`] ?? part).join(state.lang === "zh" ? "；" : "; ");
function definitionBody(id) {
  const row = report.definitions[id];
  const parts = ["numerator", "denominator", "exclusions"].filter((part) => row[part]);
  const list = el("dl", "", ...parts.flatMap((part) => [el("dt", "", t(`ui.${part}`)), el("dd", "", formula(row[part]))]));
  return [el("p", "", row[`description_${state.lang}`] ?? ""), ...(parts.length ? [list] : [])];
}

/** Address of another page with the language, theme and filter of this one. */
function withState(file) {
  const query = new URLSearchParams({ lang: state.lang, theme: state.theme });
  if (isFiltered()) query.set("wallets", [...state.wallets].join(","));
  if (state.month) query.set("month", state.month);
  const [name, hash] = file.split("#");
  return `${name}?${query}${hash ? `#${hash}` : ""}`;
}
const fileOf = (name) => report.pages.find((page) => page.name === name).file;

/** The "i" beside a name: how to read the figure, then the registry's definition of its metric. */
function info(name, id, about) {
  if (!id && !about) return null;
  const summary = el("summary", "", "i");
  summary.setAttribute("aria-label", t("ui.definition_of", { name }));
  const metric = id ? [el("strong", "", report.definitions[id][`label_${state.lang}`]), ...definitionBody(id)] : [];
  const more = el("a", "", t("ui.glossary"));
  more.href = withState(`${fileOf("glossary")}${id ? `#${id}` : ""}`);
  const details = el("details", "info", summary, el("div", "tip", about ? el("p", "", about) : null, ...metric, el("p", "", more)));
  // A mouse opens it by resting on it, a click or the keyboard keeps it open.
  let pinned = false;
  details.addEventListener("pointerenter", (event) => { if (event.pointerType === "mouse") details.open = true; });
  details.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse" && !pinned) details.open = false; });
  summary.addEventListener("focus", () => { if (summary.matches(":focus-visible")) details.open = true; });
  details.addEventListener("focusout", (event) => { if (!pinned && !details.contains(event.relatedTarget)) details.open = false; });
  summary.addEventListener("click", (event) => { event.preventDefault(); pinned = !pinned || !details.open; details.open = pinned; });
  details.addEventListener("toggle", () => { if (!details.open) pinned = false; });
  return details;
}
document.addEventListener("click", (event) => {
  document.querySelectorAll("details.info[open]").forEach((open) => { if (!open.contains(event.target)) open.open = false; });
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") document.querySelectorAll("details.info[open]").forEach((open) => { open.open = false; });
});
