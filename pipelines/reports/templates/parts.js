// Parts of a page that are neither chart nor table: freshness, headline figures, tiles, and the extras
// of single cards. What does not belong here: events, and drawing cards (report.js).

function drawFreshness() {
  const meta = report.meta;
  const passed = meta.verdict === "pass";
  const generated = moment(meta.generated_at, { dateStyle: "medium", timeStyle: "short" }) + " UTC";
  const checks = t("freshness.checks", { passed: number(meta.checks_passed), total: number(meta.checks_total) });
  const sum = (key) => report.sources.reduce((total, row) => total + row[key], 0);
  const items = [
    ["data", report.period[0] ? `${report.period[0]} ${t("freshness.to")} ${report.period[1]}` : t("ui.none")],
    ["timezone", meta.timezone],
    ["read", t("freshness.source_line", { files: counted("file", sum("files")), rows: counted("row", sum("rows")), rejects: number(sum("rejected_rows")) })],
    ["audit", el("span", passed ? "pass" : "fail", `${passed ? "✓" : "✗"} ${t(passed ? "freshness.passed" : "freshness.failed")} (${checks})`)],
    ["release", meta.release_id],
    ["generated", generated],
    ["package", meta.package_version],
  ];
  document.getElementById("freshness").replaceChildren(...items.map(([key, value]) => el("div", "", el("dt", "", t(`freshness.${key}`)), el("dd", "", value))));
  // More days than a provider takes to hand out its newest bill; samples are old on purpose.
  const days = report.period[1] ? Math.floor((new Date(meta.generated_at) - new Date(report.period[1])) / 864e5) : 0;
  const stale = document.getElementById("stale");
  stale.hidden = days <= 3 || meta.inputs === "samples";
  stale.textContent = t("ui.stale", { days: number(days) });
}

/** Bounds of the Wilson 95 % interval, as in the package's own `wilson`. */
function wilson(successes, trials) {
  const z2 = 1.959963984540054 ** 2;
  const centre = (successes + z2 / 2) / (trials + z2);
  const half = Math.sqrt(((successes * (trials - successes)) / trials + z2 / 4) * z2) / (trials + z2);
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}
/** The figure of the wallets that are shown: counts are added up, rates divided anew. */
function kpiOfShown(kpi, complete) {
  if (!isFiltered()) return kpi;
  const sums = [0, 0, 0, 0];
  Object.entries(kpi.parts).filter(([wallet]) => state.wallets.has(wallet)).forEach(([, part]) => part.forEach((value, index) => { sums[index] += value; }));
  const [now, of, before, ofBefore] = sums;
  if (kpi.kind === "money") {
    const change = of && ofBefore && before && complete ? now / before - 1 : null;
    return { ...kpi, value: of ? now : null, n: null, change };
  }
  const [low, high] = of > 0 && of < 1000 ? wilson(now, of) : [null, null];
  return { ...kpi, value: of ? now / of : null, n: of, low, high, change: of && ofBefore ? now / of - before / ofBefore : null };
}
function drawKpis() {
  const current = report.kpi_months[state.month] ? state.month : report.months.current;
  const { previous, complete, kpis } = report.kpi_months[current] ?? { ...report.months, kpis: report.kpis };
  const versus = previous ? t("ui.versus", { month: monthName(previous) }) : t("ui.no_previous");
  document.getElementById("kpis").replaceChildren(...kpis.map((kpi) => kpiOfShown(kpi, complete)).map((kpi) => {
    const value = kpi.value === null ? t("ui.none") : kpi.kind === "money" ? shortMoney(kpi.value) : percent(kpi.value);
    let change = el("div", "change fine", versus);
    if (kpi.change !== null) {
      const size = kpi.kind === "money" ? percent(Math.abs(kpi.change)) : `${number(Math.abs(kpi.change) * 100, fixed(1))} ${t("ui.points")}`;
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

function drawTiles() {
  document.getElementById("tiles").replaceChildren(...report.tiles.map((tile) => {
    const link = el("a", "", t(`page.${tile.name}`));
    link.href = withState(tile.file);
    return el("article", tile.is_told ? "tile" : "tile quiet", el("h2", "", link), el("p", "", tile.is_told ? tile.finding[state.lang] : t(`needs.${tile.name}`)));
  }));
}

function drawMethod() {
  const limit = report.meta.minimum_cell_users;
  const others = report.other_currencies.join(", ");
  const lines = [
    limit ? t("method.minimum", { n: limit }) : t("method.minimum_plain"), t("method.rates"), t("method.intervals"), t("method.month"), t("method.percentiles"), t("method.recovered"),
    others ? t("method.currency", { currency: report.currency, others }) : t("method.currency_one", { currency: report.currency }),
  ];
  document.getElementById("limits").replaceChildren(...lines.map((line) => el("li", "", line)));
  const glossary = el("a", "", t("ui.glossary"));
  glossary.href = withState(fileOf("glossary"));
  document.getElementById("files").replaceChildren(t(report.files.analyst ? "ui.files_text" : "ui.files_text_marketing", report.files), " ", glossary);
}

/** Where a share of the cases lies, in milliseconds, as in the package's own `speed.quantile`. */
function quantile(buckets, share) {
  const wanted = share * buckets.reduce((sum, bucket) => sum + bucket[2], 0);
  let seen = 0;
  for (const [start, end, count] of buckets) {
    if (count && seen + count >= wanted) {
      if (end === null) return [start, true];
      const part = (wanted - seen) / count;
      return [start > 0 ? start * (end / start) ** part : end * part, false];
    }
    seen += count;
  }
  return [NaN, false];
}
/** Buckets of several wallets added up; beyond the lowest open end nothing is known. */
function addedUp(lists) {
  const open = Math.min(...lists.flat().filter((row) => row[2] === null).map((row) => row[0]));
  const sums = new Map();
  for (const [bucket, from, below, count] of lists.flat()) {
    const key = Math.min(bucket, open);
    const [start, end, seen] = sums.get(key) ?? [0, null, 0];
    sums.set(key, key >= open ? [bucket === key ? Math.max(start, from) : start, null, seen + count] : [Math.max(start, from), Math.max(end ?? 0, below), seen + count]);
  }
  return [...sums.entries()].sort((a, b) => a[0] - b[0]).map(([, row]) => row);
}

const EXTRAS = {
  people(extra) {
    return el("div", "people", ...extra.segments.map((row) => {
      const size = row.share_of_users === null || row.share_of_net_amount === null
        ? t("ui.size_only", { users: number(row.users) })
        : t("ui.size", { users: number(row.users), share: percent(row.share_of_users), net: percent(row.share_of_net_amount) });
      const name = row.lifecycle_segment;
      const rule = extra.rules[state.lang][name] ?? report.strings[state.lang][`segment_rule.${name}`];
      return el("div", "person", el("h4", "", label(`@segment.${name}`)), el("div", "size", size), rule ? el("p", "", rule) : null, rule ? el("p", "do", `→ ${t(`segment_action.${name}`)}`) : null);
    }));
  },
  audience(extra) {
    return el("div", "", el("p", "", t("ui.query_text")), el("pre", "", `SELECT user_key FROM audience_members\nWHERE lifecycle_segment = '${extra.segment}';`), el("p", "", t("ui.audience_text")), el("pre", "", `wallet audience --segment ${extra.segment} --wallet alipay\nwallet resolve AUDIENCE.csv --customers CUSTOMERS.csv --purpose win-back`));
  },
  histogram(extra) {
    const lists = Object.entries(extra.wallets).filter(([wallet]) => isShown(wallet)).map(([, rows]) => rows);
    if (!lists.length) return el("p", "fine", t("ui.nothing_shown"));
    const buckets = addedUp(lists);
    return el("dl", "quantiles", ...extra.shares.map((share) => {
      const [value, isOpen] = quantile(buckets, share);
      return el("div", "", el("dt", "", `p${Math.round(share * 100)}`), el("dd", "", t(isOpen ? "ui.more_than_ms" : "ui.about_ms", { value: number(Number(value.toPrecision(2))) })));
    }));
  },
  meanings(extra) {
    return el("dl", "meanings", ...extra.names.flatMap((name) => [el("dt", "", label(`@${extra.group}.${name}`)), el("dd", "", t(`${extra.group}_meaning.${name}`))]));
  },
  glossary() {
    const ids = Object.keys(report.definitions);
    const collator = new Intl.Collator(locale());
    const name = (id) => report.definitions[id][`label_${state.lang}`];
    return el("dl", "glossary", ...ids.sort((a, b) => collator.compare(name(a), name(b))).map((id) => {
      const row = report.definitions[id];
      const facts = el("p", "fine", `${id} · ${t(`unit.${row.unit}`)} · ${t(`direction.${row.good_direction}`)}`);
      const other = row[`label_${state.lang === "zh" ? "en" : "zh"}`];
      const entry = el("div", "", el("dt", "", name(id), " ", el("span", "fine", other)), el("dd", "", ...definitionBody(id), facts));
      entry.id = id;
      return entry;
    }));
  },
};
