// The page as a whole: cards with reading, chart and table, filter, language, theme, download, print.
// What does not belong here: writing words and numbers (words.js), parts that are no card (parts.js).

const placeOf = (name) => state.chosen[name] ?? report.cards[name].initial;
const variantOf = (name) => report.cards[name].variants[placeOf(name)];
const cardOf = (name) => document.querySelector(`[data-card="${name}"]`);
const names = Object.keys(report.cards);

/** A figure with the theme's colours for "$name" and the language's text for "@group.value". */
function resolved(node, colours) {
  if (Array.isArray(node)) return node.map((child) => resolved(child, colours));
  if (node && typeof node === "object") return Object.fromEntries(Object.entries(node).map(([key, child]) => [key, resolved(child, colours)]));
  if (typeof node !== "string") return node;
  if (node.startsWith("$")) return colours.getPropertyValue(`--${node.slice(1)}`).trim();
  if (!node.includes("@")) return node;
  // plotly reads a little HTML in labels, so values from the data may not bring their own.
  return node.split(" · ").map((part) => (part.startsWith("@") ? label(part).replace(/&/g, "&amp;").replace(/</g, "&lt;") : part)).join(" · ");
}
/** The traces of the wallets and days that are shown; nothing is added up anew. */
function filtered(traces) {
  return traces.filter((trace) => isShown(trace.meta?.wallet)).map((trace) => {
    if (trace.meta?.days && state.month) {
      const days = trace.x.map(isOfMonth);
      return { ...trace, x: trace.x.filter((_, index) => days[index]), y: trace.y.filter((_, index) => days[index]) };
    }
    if (!trace.meta?.wallets) return trace;
    const rows = trace.meta.wallets.map(isShown);
    return { ...trace, y: trace.y.filter((_, index) => rows[index]), z: trace.z.filter((_, index) => rows[index]) };
  });
}
function drawChart(name) {
  const { figure, reading } = variantOf(name);
  const box = document.getElementById(`chart-${name}`);
  box.hidden = !figure || !window.Plotly;
  if (box.hidden) return;
  box.setAttribute("aria-label", `${t(`figure.${name}`)}: ${reading[state.lang]}`);
  const drawn = resolved({ ...figure, data: filtered(figure.data) }, getComputedStyle(root));
  if (box.clientWidth < 420) {
    drawn.layout.font.size = 11;
    drawn.data.filter((trace) => trace.texttemplate).forEach((trace) => { trace.textfont = { ...trace.textfont, size: 8 }; });
  }
  // Paper is narrower than the window, and plotly only looks at windows.
  if (root.classList.contains("paper")) drawn.layout.width = box.clientWidth;
  window.Plotly.react(box, drawn.data, drawn.layout, report.config);
  const opens = figure.layout.meta?.opens;
  box.classList.toggle("opens", Boolean(opens));
  box.removeAllListeners("plotly_click");
  if (opens) box.on("plotly_click", (event) => show(opens, event.points[0].id));
}
/** Chooses in another card what was clicked, and goes there; its list does the same by keyboard. */
function show(name, id) {
  const place = report.cards[name].variants.findIndex((variant) => variant.label === `@${id}`);
  if (place < 0) return;
  choose(name, place);
  cardOf(name).scrollIntoView({ block: "nearest" });
}
function choose(name, place) {
  state.chosen[name] = place;
  delete state.sorted[name];
  drawCard(name);
}
/** Cards that choose among months show the month of the filter, where they have it. */
function chooseMonth(month) {
  state.month = month;
  names.filter((name) => report.cards[name].select === "select.month").forEach((name) => {
    const place = month ? report.cards[name].variants.findIndex((variant) => variant.label?.includes(`@month.${month}`)) : -1;
    delete state.sorted[name];
    if (place < 0) delete state.chosen[name]; else state.chosen[name] = place;
  });
}

const isWords = (column) => ["category", "token", "traits", "phrase"].includes(column.kind);
/** Class of a text cell: longer words may break, and whole phrases need room to be read. */
function wrapping(column, text) {
  if (column.kind === "phrase" || column.key === "column.rule_sql") return " words long";
  return isWords(column) && text.length > (state.lang === "zh" ? 9 : 18) ? " words" : "";
}
const isText = (column) => isWords(column) || ["text", "date", "month"].includes(column.kind);
function orderedRows(name) {
  const { columns, rows, small } = variantOf(name).table;
  const wallet = columns.findIndex((column) => column.key === "column.wallet");
  const day = columns.findIndex((column) => column.key === "column.business_date");
  const paired = rows.map((row, index) => [row, small[index]])
    .filter(([row]) => (wallet < 0 || isShown(row[wallet])) && (day < 0 || isOfMonth(row[day])));
  const [column, direction] = state.sorted[name] ?? [];
  if (column === undefined) return paired;
  const collator = new Intl.Collator(locale(), { numeric: true });
  const key = (row) => (row[column] !== null && isWords(columns[column]) ? shown(columns[column], row[column]) : row[column]);
  return paired.sort(([a], [b]) => {
    const [x, y] = [key(a), key(b)];
    if (x === null || y === null) return (x === null) - (y === null);
    return direction * (typeof x === "number" ? x - y : collator.compare(x, y));
  });
}
function drawTable(name) {
  const card = cardOf(name);
  const { table, figure } = variantOf(name);
  const details = card.querySelector("details.numbers");
  details.hidden = !table;
  if (!table) return;
  if (!figure && !details.dataset.seen) { details.open = true; details.dataset.seen = "yes"; }
  card.querySelector(".note").hidden = !table.small.some(Boolean);
  const [sortedBy, direction] = state.sorted[name] ?? [];
  const head = table.columns.map((column, index) => {
    const button = el("button", "", t(column.key));
    button.type = "button";
    button.setAttribute("aria-label", t("ui.sort_by", { name: t(column.key) }));
    button.title = report.definitions[column.key.slice("column.".length)]?.[`description_${state.lang}`] ?? "";
    button.addEventListener("click", () => {
      state.sorted[name] = [index, sortedBy === index ? -direction : isText(column) ? 1 : -1];
      drawTable(name);
      cardOf(name).querySelectorAll("th button")[index].focus();
    });
    const cell = el("th", isText(column) ? "text" : "", button);
    cell.scope = "col";
    cell.setAttribute("aria-sort", sortedBy === index ? (direction > 0 ? "ascending" : "descending") : "none");
    return cell;
  });
  const body = orderedRows(name).map(([row, small]) => el("tr", small ? "small" : "", ...row.map((value, index) => {
    const column = table.columns[index];
    const text = shown(column, value);
    const cell = el("td", isText(column) ? `text${wrapping(column, text)}` : "", text);
    if (table.columns[index].group === "check_status") cell.classList.add(value === "fail" ? "fail" : "pass");
    return cell;
  })));
  card.querySelector("table").replaceChildren(el("thead", "", el("tr", "", ...head)), el("tbody", "", ...body));
}

/** CSV of the table as sorted and filtered: translated names, plain numbers; cells a spreadsheet would run are defused. */
function csvOf(name) {
  const { columns } = variantOf(name).table;
  const plain = (column, value) => (value === null ? "" : isWords(column) ? shown(column, value) : value);
  const cell = (value) => {
    const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
  };
  const lines = [columns.map((column) => t(column.key)), ...orderedRows(name).map(([row]) => row.map((value, index) => plain(columns[index], value)))];
  return "\ufeff" + lines.map((line) => line.map(cell).join(",")).join("\r\n") + "\r\n";
}
function download(name) {
  const slice = (variantOf(name).label ?? "").replace(/@\w+\./g, "").replace(/[^\w.-]+/g, "-");
  const wallets = isFiltered() ? [...state.wallets].join("-") : "";
  const link = el("a");
  link.href = URL.createObjectURL(new Blob([csvOf(name)], { type: "text/csv;charset=utf-8" }));
  const days = variantOf(name).table.columns.some((column) => column.key === "column.business_date") && state.month;
  link.download = ["wallet-report", name, slice, wallets, days ? state.month.slice(0, 7) : report.period[1]].filter(Boolean).join("-") + ".csv";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function drawCard(name) {
  const card = cardOf(name);
  const { reading, extra } = variantOf(name);
  card.querySelector(".reading").textContent = reading[state.lang];
  card.querySelector("details.info")?.remove();
  card.querySelector(".head").append(info(t(`figure.${name}`), report.defined_by[name], t(`about.${name}`)));
  const select = card.querySelector("select");
  if (select) {
    select.replaceChildren(...report.cards[name].variants.map((variant, index) => new Option(label(variant.label), index)));
    select.value = placeOf(name);
  }
  card.querySelector(".extra").replaceChildren(...(extra ? [EXTRAS[extra.kind](extra)] : []));
  drawTable(name);
  drawChart(name);
}

function drawFilter() {
  const box = document.getElementById("filter");
  const hasWallets = report.wallets.length > 1, hasMonths = report.month_choices.length > 1;
  box.hidden = !hasWallets && !hasMonths;
  if (box.hidden) return;
  const months = el("select", "", new Option(t("ui.newest"), ""), ...report.month_choices.map((month) => new Option(monthName(month), month)));
  months.value = state.month ?? "";
  months.id = "month";
  months.addEventListener("change", () => {
    chooseMonth(months.value || null);
    draw();
    document.getElementById("month").focus();
  });
  const chips = report.wallets.map((wallet) => {
    const input = el("input");
    input.type = "checkbox";
    input.checked = state.wallets.has(wallet);
    input.dataset.wallet = wallet;
    input.addEventListener("change", () => {
      if (input.checked) state.wallets.add(wallet); else state.wallets.delete(wallet);
      if (!state.wallets.size) state.wallets = new Set(report.wallets);  // nothing chosen means all
      draw();
      document.querySelector(`#filter [data-wallet="${wallet}"]`).focus();
    });
    return el("label", "chip", input, el("span", "", label(`@wallet.${wallet}`)));
  });
  const parts = hasWallets ? [el("span", "fine", t("ui.filter")), ...chips] : [];
  if (hasMonths) parts.push(el("label", "choice", el("span", "", t("select.month")), months));
  if (isFiltered()) parts.push(el("span", "fine", t("ui.filter_on")));
  if (state.month) parts.push(el("span", "fine", t("ui.month_on")));
  box.replaceChildren(...parts);
}

function draw() {
  root.lang = state.lang === "zh" ? "zh-Hans" : "en";
  root.dataset.theme = state.theme;
  document.title = `${t(`page.${report.page}`)} · ${t("ui.product")}`;
  document.querySelectorAll("[data-i18n]").forEach((node) => { node.textContent = t(node.dataset.i18n); });
  document.querySelectorAll("[data-i18n-label]").forEach((node) => node.setAttribute("aria-label", t(node.dataset.i18nLabel)));
  document.querySelectorAll("#pages a").forEach((link, index) => { link.href = withState(report.pages[index].file); });
  document.getElementById("theme").textContent = t(state.theme === "dark" ? "ui.theme_light" : "ui.theme");
  document.getElementById("headline").textContent = report.headline[state.lang];
  drawFreshness();
  drawFilter();
  drawKpis();
  drawTiles();
  drawMethod();
  names.forEach(drawCard);
}
const fitCharts = () => document.querySelectorAll(".chart:not([hidden])").forEach((box) => window.Plotly?.Plots.resize(box));
const setTheme = (theme) => { state.theme = theme; draw(); };
document.getElementById("language").addEventListener("click", () => { state.lang = state.lang === "zh" ? "en" : "zh"; draw(); });
document.getElementById("theme").addEventListener("click", () => setTheme(state.theme === "dark" ? "light" : "dark"));
darkScheme.addEventListener("change", (event) => setTheme(event.matches ? "dark" : "light"));
names.forEach((name) => {
  const card = cardOf(name);
  card.querySelector(".download").addEventListener("click", () => download(name));
  card.querySelector("details.numbers").addEventListener("toggle", (event) => {
    card.classList.toggle("spread", event.target.open);  // an open table needs the whole width
    fitCharts();
  });
  card.querySelector("select")?.addEventListener("change", (event) => choose(name, Number(event.target.value)));
});
let onScreen = null;
addEventListener("beforeprint", () => {
  const tables = [...document.querySelectorAll("details.numbers")];
  onScreen = { theme: state.theme, open: tables.filter((details) => details.open) };
  root.classList.add("paper");
  // Hundreds of rows are for the CSV, not for paper.
  tables.forEach((details) => { details.open = details.querySelectorAll("tbody tr").length <= 40; });
  setTheme("light");
});
addEventListener("afterprint", () => {
  root.classList.remove("paper");
  if (!onScreen) return;
  document.querySelectorAll("details.numbers").forEach((details) => { details.open = onScreen.open.includes(details); });
  setTheme(onScreen.theme);
  fitCharts();
});
chooseMonth(state.month);
draw();
document.querySelector('#pages [aria-current="page"]')?.scrollIntoView({ block: "nearest", inline: "center" });
if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();

async function loadPlotly() {
  const bundle = document.getElementById("plotly-gz");
  if (bundle) {
    const packed = Uint8Array.from(atob(bundle.textContent), (character) => character.charCodeAt(0));
    const source = await new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).blob();
    const script = el("script");
    script.src = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    await new Promise((done, failed) => { script.onload = done; script.onerror = failed; document.head.append(script); });
    URL.revokeObjectURL(script.src);
    names.forEach(drawChart);
  }
  root.dataset.ready = "yes";
}
loadPlotly().catch((error) => {  // no DecompressionStream: the tables work all the same
  console.error(error);
  document.getElementById("notice").hidden = false;
});
