"use strict";
(() => {
  const report = JSON.parse(document.getElementById("report-data").textContent);
  const root = document.documentElement;
  const wished = new URLSearchParams(location.search);
  const darkScheme = matchMedia("(prefers-color-scheme: dark)");
  const state = {
    lang: wished.get("lang") || (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en"),
    theme: wished.get("theme") || (darkScheme.matches ? "dark" : "light"),
    chosen: {},  // card -> index of its variant
    sorted: {},  // card -> [column, direction]
  };
  if (!report.strings[state.lang]) state.lang = "en";
  if (!["light", "dark"].includes(state.theme)) state.theme = "light";

  // ---- words and numbers -------------------------------------------------------------------
  const locale = () => (state.lang === "zh" ? "zh-CN" : "en-US");
  const number = (value, options) => new Intl.NumberFormat(locale(), options).format(value);
  const percent = (value, digits = 1) => number(value, { style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits });
  const money = (value) => number(value, { style: "currency", currency: report.currency, currencyDisplay: "narrowSymbol", maximumFractionDigits: 0, minimumFractionDigits: 0 });
  const shortMoney = (value) => (Math.abs(value) < 1e7 ? money(value) : number(value, { style: "currency", currency: report.currency, currencyDisplay: "narrowSymbol", notation: "compact", maximumFractionDigits: 2 }));
  const moment = (iso, options) => new Intl.DateTimeFormat(locale(), { timeZone: "UTC", ...options }).format(new Date(iso));
  const monthName = (iso) => moment(iso, { year: "numeric", month: "long" });

  function t(key, values = {}) {
    const text = report.strings[state.lang][key] ?? key;
    return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
  }
  /** Text of a value token "@group.value"; a value without an entry is shown as it is. */
  function label(token) {
    if (token.includes(" @")) return token.split(/ (?=@)/).map(label).join(" ");
    const value = token.slice(token.indexOf(".") + 1);
    if (token.startsWith("@month.")) return monthName(value);
    const strings = report.strings[state.lang];
    return strings[token.slice(1)] ?? strings[`value.${value}`] ?? value;
  }
  const counted = (noun, count) => t(`count.${noun}${count === 1 ? "" : "s"}`, { n: number(count) });
  const traits = (name) => name.split(" + ").map((trait) => label(`@trait.${trait}`)).join(" + ");

  function shown(column, value) {
    if (value === null || value === undefined) return t("ui.none");
    switch (column.kind) {
      case "category": return label(`@${column.group}.${value}`);
      case "token": return label(value);
      case "traits": return traits(value);
      case "phrase": return value[state.lang];
      case "percent": return percent(value, column.digits);
      case "points": return number(value * 100, { signDisplay: "exceptZero", minimumFractionDigits: 1, maximumFractionDigits: 1 });
      case "money": return money(value);
      case "decimal": return number(value, { maximumFractionDigits: column.digits, minimumFractionDigits: column.digits });
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

  // ---- definitions -------------------------------------------------------------------------
  function definitionBody(id) {
    const row = report.definitions[id];
    const parts = ["numerator", "denominator", "exclusions"].filter((part) => row[part]);
    const list = el("dl", "", ...parts.flatMap((part) => [el("dt", "", t(`ui.${part}`)), el("dd", "", row[part])]));
    return [el("p", "", row[`description_${state.lang}`] ?? ""), list];
  }
  /** The "i" beside a name: how to read the figure, then the registry's definition of its metric. */
  function info(name, id, about) {
    if (!id && !about) return null;
    const summary = el("summary", "", "i");
    summary.setAttribute("aria-label", t("ui.definition_of", { name }));
    const metric = id ? [el("strong", "", report.definitions[id][`label_${state.lang}`]), ...definitionBody(id)] : [];
    return el("details", "info", summary, el("div", "tip", about ? el("p", "", about) : null, ...metric));
  }
  document.addEventListener("click", (event) => {
    document.querySelectorAll("details.info[open]").forEach((open) => { if (!open.contains(event.target)) open.open = false; });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") document.querySelectorAll("details.info[open]").forEach((open) => { open.open = false; });
  });

  // ---- head of the page --------------------------------------------------------------------
  function drawFreshness() {
    const meta = report.meta;
    const passed = meta.verdict === "pass";
    const generated = moment(meta.generated_at, { dateStyle: "medium", timeStyle: "short" }) + " UTC";
    const checks = t("freshness.checks", { passed: number(meta.checks_passed), total: number(meta.checks_total) });
    const items = [
      ["data", report.period[0] ? `${report.period[0]} ${t("freshness.to")} ${report.period[1]}` : t("ui.none")],
      ["timezone", meta.timezone],
      ["audit", el("span", passed ? "pass" : "fail", `${passed ? "✓" : "✗"} ${t(passed ? "freshness.passed" : "freshness.failed")} (${checks})`)],
      ["release", meta.release_id],
      ["generated", generated],
      ["package", meta.package_version],
      ...report.sources.map((row) => [null, t("freshness.source_line", { files: counted("file", row.files), rows: counted("row", row.rows), rejects: number(row.rejected_rows) }), label(`@source.${row.source}`)]),
    ];
    document.getElementById("freshness").replaceChildren(...items.map(([key, value, name]) => el("div", "", el("dt", "", name ?? t(`freshness.${key}`)), el("dd", "", value))));
  }
  function drawKpis() {
    const { current, previous, complete } = report.months;
    const versus = previous ? t("ui.versus", { month: monthName(previous) }) : t("ui.no_previous");
    document.getElementById("kpis").replaceChildren(...report.kpis.map((kpi) => {
      const value = kpi.value === null || kpi.value === undefined ? t("ui.none") : kpi.kind === "money" ? shortMoney(kpi.value) : percent(kpi.value);
      let change = el("div", "change fine", versus);
      if (kpi.change !== null) {
        const size = kpi.kind === "money" ? percent(Math.abs(kpi.change)) : `${number(Math.abs(kpi.change) * 100, { minimumFractionDigits: 1, maximumFractionDigits: 1 })} ${t("ui.points")}`;
        const flat = Math.abs(kpi.change) < 0.0005;
        const tone = flat ? "" : (kpi.change > 0) === (kpi.good === "up") ? "up" : "down";
        change = el("div", "change", el("span", tone, `${flat ? "=" : kpi.change > 0 ? "▲" : "▼"} ${size}`), " ", el("span", "fine", versus));
      }
      const interval = kpi.low === null ? null : el("div", "fine", t("ui.interval", { low: percent(kpi.low), high: percent(kpi.high) }));
      const month = current ? monthName(current) + (complete ? "" : ` (${t("ui.running_month")})`) : "";
      const size = kpi.n ? ` · ${t("ui.n", { n: number(Math.round(kpi.n)) })}` : "";
      return el("div", "kpi", el("div", "name", el("span", "", t(`kpi.${kpi.id}`)), info(t(`kpi.${kpi.id}`), kpi.definition)), el("div", "value", value), change, interval, el("div", "fine", month + size), kpi.note ? el("div", "fine", t(kpi.note)) : null);
    }));
  }
  function drawMethod() {
    const limit = report.meta.minimum_cell_users;
    const others = report.other_currencies.join(", ");
    const lines = [
      limit ? t("method.minimum", { n: limit }) : t("method.minimum_plain"), t("method.rates"), t("method.intervals"), t("method.month"), t("method.recovered"),
      others ? t("method.currency", { currency: report.currency, others }) : t("method.currency_one", { currency: report.currency }),
    ];
    document.getElementById("limits").replaceChildren(...lines.map((line) => el("li", "", line)));
    const files = t(report.files.analyst ? "ui.files_text" : "ui.files_text_marketing", report.files);
    const first = report.segments.find((row) => row.lifecycle_segment === "at_risk") ?? report.segments[0];
    const query = first ? [el("h3", "", t("ui.query_title")), el("p", "reading", t("ui.query_text")), el("pre", "", `SELECT user_key FROM audience_members\nWHERE lifecycle_segment = '${first.lifecycle_segment}';`), el("p", "reading", t("ui.audience_text")), el("pre", "", `wallet audience --segment ${first.lifecycle_segment} --wallet alipay\nwallet resolve AUDIENCE.csv --customers CUSTOMERS.csv --purpose win-back`)] : [];
    document.getElementById("files").replaceChildren(el("h3", "", t("ui.files_title")), el("p", "reading", files), ...query);
    document.getElementById("glossary-title").textContent = t("ui.all_definitions", { n: Object.keys(report.definitions).length });
    document.getElementById("glossary").replaceChildren(...Object.keys(report.definitions).map((id) => el("div", "", el("dt", "", report.definitions[id][`label_${state.lang}`]), el("dd", "", ...definitionBody(id)))));
  }
  function segmentCards() {
    return el("div", "people", ...report.segments.map((row) => {
      const size = t("ui.size", { users: number(row.users), share: percent(row.share_of_users), net: percent(row.share_of_net_amount ?? 0) });
      const name = row.lifecycle_segment;
      const rule = report.segment_rules[state.lang][name] ?? report.strings[state.lang][`segment_rule.${name}`];
      return el("div", "person", el("h4", "", label(`@segment.${name}`)), el("div", "size", size), rule ? el("p", "", rule) : null, rule ? el("p", "do", `→ ${t(`segment_action.${name}`)}`) : null);
    }));
  }

  // ---- cards: reading, chart, table --------------------------------------------------------
  const variantOf = (name) => report.cards[name].variants[state.chosen[name] ?? report.cards[name].initial];
  const cardOf = (name) => document.querySelector(`[data-card="${name}"]`);

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
  function drawChart(name) {
    const { figure, reading } = variantOf(name);
    const box = document.getElementById(`chart-${name}`);
    box.hidden = !figure || !window.Plotly;
    if (box.hidden) return;
    box.setAttribute("aria-label", `${t(`figure.${name}`)}: ${reading[state.lang]}`);
    const drawn = resolved(figure, getComputedStyle(root));
    if (box.clientWidth < 420) drawn.layout.font.size = 11;
    window.Plotly.react(box, drawn.data, drawn.layout, report.config);
  }
  function orderedRows(name) {
    const { rows, small } = variantOf(name).table;
    const paired = rows.map((row, index) => [row, small[index]]);
    const [column, direction] = state.sorted[name] ?? [];
    if (column === undefined) return paired;
    const collator = new Intl.Collator(locale(), { numeric: true });
    const kind = variantOf(name).table.columns[column];
    const key = (row) => (["category", "token", "traits", "phrase"].includes(kind.kind) ? shown(kind, row[column]) : row[column]);
    return paired.sort(([a], [b]) => {
      const [x, y] = [key(a), key(b)];
      if (x === null || y === null) return (x === null) - (y === null);
      return direction * (typeof x === "number" ? x - y : collator.compare(x, y));
    });
  }
  const isText = (column) => ["category", "token", "traits", "phrase", "text", "date", "month"].includes(column.kind);
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
    const body = orderedRows(name).map(([row, small]) => el("tr", small ? "small" : "", ...row.map((value, index) => el("td", isText(table.columns[index]) ? "text" : "", shown(table.columns[index], value)))));
    card.querySelector("table").replaceChildren(el("thead", "", el("tr", "", ...head)), el("tbody", "", ...body));
  }
  /** CSV of the table as sorted: translated names, plain numbers; cells a spreadsheet would run are defused. */
  function csvOf(name) {
    const { columns } = variantOf(name).table;
    const plain = (column, value) => (value === null ? "" : ["category", "token", "traits", "phrase"].includes(column.kind) ? shown(column, value) : value);
    const cell = (value) => {
      const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
      return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
    };
    const lines = [columns.map((column) => t(column.key)), ...orderedRows(name).map(([row]) => row.map((value, index) => plain(columns[index], value)))];
    return "\ufeff" + lines.map((line) => line.map(cell).join(",")).join("\r\n") + "\r\n";
  }
  function download(name) {
    const slice = (variantOf(name).label ?? "").replace(/^@\w+\./, "");
    const link = el("a");
    link.href = URL.createObjectURL(new Blob([csvOf(name)], { type: "text/csv;charset=utf-8" }));
    link.download = ["wallet-report", name, slice, report.period[1]].filter(Boolean).join("-") + ".csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }
  function drawCard(name) {
    const card = cardOf(name);
    card.querySelector(".reading").textContent = variantOf(name).reading[state.lang];
    card.querySelector("details.info")?.remove();
    card.querySelector(".head").append(info(t(`figure.${name}`), report.defined_by[name], t(`about.${name}`)));
    const select = card.querySelector("select");
    if (select) {
      select.replaceChildren(...report.cards[name].variants.map((variant, index) => new Option(label(variant.label), index)));
      select.value = state.chosen[name] ?? report.cards[name].initial;
    }
    if (name === "segment_cards") card.querySelector(".extra").replaceChildren(segmentCards());
    drawTable(name);
    drawChart(name);
  }

  // ---- the page as a whole -----------------------------------------------------------------
  const names = Object.keys(report.cards);
  function draw() {
    root.lang = state.lang === "zh" ? "zh-Hans" : "en";
    root.dataset.theme = state.theme;
    document.title = t("ui.title");
    document.querySelectorAll("[data-i18n]").forEach((node) => { node.textContent = t(node.dataset.i18n); });
    document.querySelectorAll("[data-i18n-label]").forEach((node) => node.setAttribute("aria-label", t(node.dataset.i18nLabel)));
    document.getElementById("theme").textContent = t(state.theme === "dark" ? "ui.theme_light" : "ui.theme");
    document.getElementById("headline").textContent = report.headline[state.lang];
    drawFreshness();
    drawKpis();
    drawMethod();
    names.forEach(drawCard);
  }
  const setTheme = (theme) => { state.theme = theme; draw(); };
  document.getElementById("language").addEventListener("click", () => { state.lang = state.lang === "zh" ? "en" : "zh"; draw(); });
  document.getElementById("theme").addEventListener("click", () => setTheme(state.theme === "dark" ? "light" : "dark"));
  darkScheme.addEventListener("change", (event) => setTheme(event.matches ? "dark" : "light"));
  names.forEach((name) => {
    const card = cardOf(name);
    card.querySelector(".download").addEventListener("click", () => download(name));
    card.querySelector("details.numbers").addEventListener("toggle", (event) => {
      card.classList.toggle("spread", event.target.open);  // an open table needs the whole width
      document.querySelectorAll(".chart:not([hidden])").forEach((box) => window.Plotly?.Plots.resize(box));
    });
    card.querySelector("select")?.addEventListener("change", (event) => {
      state.chosen[name] = Number(event.target.value);
      delete state.sorted[name];
      drawCard(name);
    });
  });
  addEventListener("beforeprint", () => {
    // Hundreds of rows are for the CSV, not for paper.
    document.querySelectorAll("details.numbers").forEach((details) => { details.open = details.querySelectorAll("tbody tr").length <= 40; });
    setTheme("light");
  });
  draw();

  async function loadPlotly() {
    const packed = Uint8Array.from(atob(document.getElementById("plotly-gz").textContent), (character) => character.charCodeAt(0));
    const source = await new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).blob();
    const script = el("script");
    script.src = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    await new Promise((done, failed) => { script.onload = done; script.onerror = failed; document.head.append(script); });
    URL.revokeObjectURL(script.src);
    names.forEach(drawChart);
    root.dataset.ready = "yes";
  }
  loadPlotly().catch((error) => {  // no DecompressionStream: the tables work all the same
    console.error(error);
    document.getElementById("notice").hidden = false;
  });
})();
