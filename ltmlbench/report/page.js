// Draws report.html from the JSON in #data. It chooses, sorts and draws; every statistic is in the
// JSON already. Charts are Observable Plot's (vendor/), tables are HTML. Colours are CSS variables,
// so that a theme needs no redrawing.
"use strict";
(() => {
  const D = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const COLOURS = 7; // --c0 ... --c6 in page.css
  const SIGNED = new Intl.NumberFormat("en", { minimumFractionDigits: 3, maximumFractionDigits: 3, signDisplay: "exceptZero" });
  const number = (v) => (v == null ? "undefined" : v.toFixed(3));
  const signed = (v) => (v == null ? "" : SIGNED.format(v).replace("-", "−"));
  const p_text = (p) => (p == null ? "" : p < 0.001 ? "p < .001" : `p = ${p.toFixed(3)}`);
  const amount = (v) => (v === 0 ? "0" : v >= 1000 ? Math.round(v).toLocaleString("en") : v >= 10 ? v.toFixed(1) : v.toFixed(2));

  const state = {
    metric: D.metrics[0].name,
    unit: D.units[0],
    set: 0,
    baseline: D.baseline,
    filter: "",
    floors: true,
    sort: null, // {key, down}; null: the chosen metric, best first
    chosen: [], // rows in the curves, each with a colour of its own
    heat: "value",
    measure: D.measures[0],
    label: 0,
    division: 0,
  };

  // what is chosen -------------------------------------------------------------------------------

  const set = () => D.sets[state.set];
  const cell = (metric = state.metric, unit = state.unit) => set().cells[unit][metric];
  const metric_of = (name) => D.metrics.find((m) => m.name === name);
  const higher = () => metric_of(state.metric).higher;
  const mean = (row, metric = state.metric) => cell(metric).all[row]?.[0] ?? null;
  const matches = (name) => {
    const words = state.filter.toLowerCase().split(/[\s,]+/).filter(Boolean);
    const wanted = words.filter((w) => !w.startsWith("-"));
    const unwanted = words.filter((w) => w.startsWith("-") && w.length > 1).map((w) => w.slice(1));
    const lower = name.toLowerCase();
    return (!wanted.length || wanted.some((w) => lower.includes(w))) && !unwanted.some((w) => lower.includes(w));
  };
  const visible = (row) => {
    const { name, floor } = D.rows[row];
    return set().runs[row] > 0 && (state.floors || !floor) && matches(name);
  };
  const all_rows = () => D.rows.map((_, row) => row).filter(visible);

  /** Row minus baseline: [mean, low, high, worse, same, better], and its adjusted p. */
  function difference(row, baseline = state.baseline) {
    const t = cell().tests;
    const i = t.rows.indexOf(row), j = t.rows.indexOf(baseline);
    if (i < 0 || j < 0 || i === j) return null;
    const [a, b] = i < j ? [i, j] : [j, i];
    const n = t.rows.length;
    const found = t.pairs[a * n - (a * (a + 1)) / 2 + b - a - 1];
    const minus = (v) => (v == null ? null : -v);
    const [m, low, high, worse, same, better] = i < j ? found
      : [minus(found[0]), minus(found[2]), minus(found[1]), found[5], found[4], found[3]];
    const p = t.against[j].p[i];
    const good = m === 0 ? 0 : (m > 0) === higher() ? 1 : -1;
    return { row, mean: m, low, high, worse, same, better, p, sign: p != null && p < 0.05 ? good : 0 };
  }
  const TONE = { 1: "var(--better)", "-1": "var(--worse)", 0: "var(--open)" };
  const WORD = { 1: "decidedly better", "-1": "decidedly worse", 0: "not decided" };

  // parts of a page --------------------------------------------------------------------------------

  function element(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [key, value] of Object.entries(attributes)) {
      if (key === "style") made.style.cssText = value;
      else if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
      else if (value !== false && value != null) made.setAttribute(key, value === true ? "" : value);
    }
    made.append(...children.filter((child) => child != null));
    return made;
  }
  /** A name with what tells it from others, its beginning and its end. */
  const short = (text, most) => {
    if (text.length <= most) return text;
    const end = Math.floor((most - 1) * 0.4);
    return `${text.slice(0, most - 1 - end)}…${text.slice(text.length - end)}`;
  };

  /** Space for the names on the left of a chart, and how many letters fit into it. */
  function names_on_the_left(rows, width) {
    const longest = Math.max(4, ...rows.map((row) => D.rows[row].name.length));
    const letters = Math.min(longest, Math.floor((width * 0.4) / 7.2));
    return { marginLeft: Math.ceil(letters * 7.2) + 14, label: (row) => short(D.rows[row].name, letters) };
  }

  function chart(width, options) {
    return Plot.plot({ width, style: { fontSize: "12px", fontFamily: "inherit", background: "none", overflow: "visible" }, ...options });
  }

  /** Puts what `make(width)` returns (a chart, an element, or words) into the figure. */
  function fill(id, make, described = "") {
    const box = $(id);
    if (!box) return;
    const made = make(Math.max(260, Math.floor(box.clientWidth)));
    const shown = typeof made === "string" ? element("p", { class: "soft" }, made) : made;
    if (described && shown.tagName?.toLowerCase() === "svg") {
      shown.setAttribute("role", "img");
      shown.setAttribute("aria-label", described);
    }
    box.replaceChildren(shown);
  }

  const y_of = (rows, names) => ({ type: "band", domain: rows, label: null, tickSize: 0, tickPadding: 8, tickFormat: names.label });
  const points_up = () => (higher() ? "higher is better" : "lower is better");

  // the answer -------------------------------------------------------------------------------------

  function draw_answer() {
    const t = cell().tests;
    const verdict = $("verdict");
    if (!t) {
      verdict.replaceChildren(element("p", { class: "soft" }, "There are not two rows with this metric: nothing to compare."));
      $("resolution").textContent = "";
      return;
    }
    const [leader, second] = t.rows;
    const rivals = t.ranks[0][1] - 1;
    const other = leader === state.baseline ? second : state.baseline;
    const ahead = difference(leader, other);
    const name = (row) => D.rows[row].name;
    const minutes = (row) => D.rows[row].cost.minutes;
    const tile = (title, value, note, kind = "") =>
      element("div", { class: `tile ${kind}` }, element("span", { class: "what" }, title), element("strong", {}, value), element("span", { class: "soft" }, note));
    const interval = ahead?.low == null ? "no interval can be given" : `95 %: ${signed(ahead.low)} to ${signed(ahead.high)}`;
    const tiles = [
      tile("Highest mean".replace("Highest", higher() ? "Highest" : "Lowest (best)"), name(leader), `${state.metric} ${number(mean(leader))}`),
      tile(`Ahead of ${name(other)} by`, ahead ? signed(ahead.mean) : "", interval),
      rivals === 0
        ? tile("Decided?", "yes", "ahead of every row, all pairs tested at 5 % (Holm)", "yes")
        : tile("Decided?", "no", `${rivals} other row${rivals > 1 ? "s" : ""} may be as good or better`, "no"),
    ];
    if (minutes(leader) != null) {
      const versus = minutes(other) == null ? "" : `; ${name(other)}: ${amount(minutes(other))}`;
      tiles.push(tile("At what cost", `${amount(minutes(leader))} min`, `per run, all stages${versus}`));
    }
    verdict.replaceChildren(...tiles);
    const j = t.rows.indexOf(state.baseline);
    $("resolution").textContent = `${j < 0 ? "" : t.against[j].text} ${t.answer}`;
    $("how").textContent = t.how;
  }

  function draw_differences(width) {
    const t = cell().tests;
    if (!t) return "There are not two rows with this metric: nothing to compare.";
    if (!t.rows.includes(state.baseline)) return "The baseline has no value of this metric: choose another one.";
    const rows = t.rows.filter(visible);
    const data = rows.map((row) => difference(row)).filter(Boolean);
    if (!data.length) return "No row is left by the filter.";
    const names = names_on_the_left(rows, width);
    const with_interval = data.filter((d) => d.low != null);
    const extent = Math.max(2 * D.rope, ...data.flatMap((d) => [d.mean, d.low, d.high]).filter((v) => v != null).map(Math.abs));
    const resolves = t.against[t.rows.indexOf(state.baseline)].resolves;
    const wide = width > 560;
    const said = (d) =>
      [D.rows[d.row].name, `${signed(d.mean)}${d.low == null ? "" : ` [${signed(d.low)}, ${signed(d.high)}]`}`, `${p_text(d.p)} ${WORD[d.sign]}`,
        d.same == null ? "" : `worse ${d.worse.toFixed(2)} / within ${D.rope} ${d.same.toFixed(2)} / better ${d.better.toFixed(2)}`].join("\n");
    return chart(width, {
      marginLeft: names.marginLeft,
      marginRight: wide ? 78 : 14,
      marginTop: 22,
      marginBottom: 40,
      height: 64 + 24 * rows.length,
      x: { label: `difference in ${state.metric} to ${short(D.rows[state.baseline].name, wide ? 40 : 14)}`, labelAnchor: "center", grid: true, ticks: wide ? 7 : 4, nice: true, tickFormat: (v) => (v === 0 ? "0" : d3.format("+.3~f")(v)) },
      y: y_of(rows, names),
      marks: [
        Plot.rect([0], { x1: -D.rope, x2: D.rope, fill: "var(--rope)" }),
        Plot.ruleX([0], { stroke: "var(--ink)" }),
        resolves != null && resolves <= 1.6 * extent ? Plot.ruleX([-resolves, resolves], { stroke: "var(--soft)", strokeDasharray: "3 4" }) : null,
        Plot.dot([state.baseline].filter(visible), { x: 0, y: (row) => row, symbol: "diamond", r: 5, fill: "var(--ink)" }),
        Plot.ruleY(with_interval, { y: "row", x1: "low", x2: "high", stroke: (d) => TONE[d.sign], strokeWidth: 2.2 }),
        Plot.dot(data, { x: "mean", y: "row", r: 4.5, stroke: (d) => TONE[d.sign], strokeWidth: 2, fill: (d) => (d.sign ? TONE[d.sign] : "var(--paper)") }),
        wide ? Plot.text(data, { y: "row", text: (d) => p_text(d.p), frameAnchor: "right", dx: 74, fill: (d) => TONE[d.sign], fontVariant: "tabular-nums" }) : null,
        Plot.tip(data, Plot.pointerY({ x: "mean", y: "row", title: said, lineWidth: 36 })),
      ],
    });
  }

  /** Those of the points whose names do not cover one another, best first. */
  function apart(points, width, log) {
    const scale = (key, size, as) => (log && as ? d3.scaleLog() : d3.scaleLinear()).domain(d3.extent(points, (d) => d[key])).range([0, size]);
    const [x, y] = [scale("x", width - 100, true), scale("y", 180, false)];
    const kept = [];
    for (const d of [...points].sort((a, b) => (higher() ? b.y - a.y : a.y - b.y))) {
      if (kept.every((o) => Math.abs(x(o.x) - x(d.x)) > 150 || Math.abs(y(o.y) - y(d.y)) > 17)) kept.push(d);
    }
    return kept;
  }

  function draw_cost(width) {
    const measure = state.measure;
    const data = all_rows().filter((row) => D.rows[row].cost[measure] != null && mean(row) != null)
      .map((row) => ({ row, x: D.rows[row].cost[measure], y: mean(row), std: cell().all[row][1] }));
    if (!data.length) return "No visible row has both this metric and this cost on record.";
    const better = (a, b) => (higher() ? a > b : a < b);
    const dominated = (d) => data.some((o) => o !== d && o.x <= d.x && !better(d.y, o.y) && (o.x < d.x || better(o.y, d.y)));
    for (const d of data) d.front = !dominated(d);
    const span = Math.max(...data.map((d) => d.x)) / Math.min(...data.map((d) => d.x));
    if (data.length < 2) return `Only ${D.rows[data[0].row].name} is shown: ${number(data[0].y)} for ${amount(data[0].x)} ${measure}.`;
    const log = span > 8 && Math.min(...data.map((d) => d.x)) > 0;
    const front = data.filter((d) => d.front).sort((a, b) => a.x - b.x);
    const ends = d3.extent(data, (d) => d.x);
    const middle = log ? Math.sqrt(ends[0] * ends[1]) : (ends[0] + ends[1]) / 2;
    const near = (d) => D.rows[d.row].name;
    const labelled = apart(data.filter((d) => d.front || data.length <= 12), width, log);
    const placed = (side) => ({ x: "x", y: "y", text: (d) => short(near(d), width < 480 ? 12 : 22), dy: -11, textAnchor: side, fill: "var(--ink)", stroke: "var(--paper)", strokeWidth: 4 });
    return chart(width, {
      height: Math.min(380, Math.max(270, width * 0.62)),
      marginLeft: 52, marginRight: 26, marginTop: 30, marginBottom: 40,
      x: { label: measure, labelAnchor: "center", type: log ? "log" : "linear", grid: true, ticks: log ? 3 : width > 500 ? 6 : 4, nice: !log, inset: 14, tickFormat: log ? "~s" : undefined },
      y: { label: `${higher() ? "↑" : "↓"} ${state.metric}`, grid: true, ticks: 5, nice: true, inset: 12 },
      marks: [
        Plot.line(front, { x: "x", y: "y", curve: "step-after", stroke: "var(--line)", strokeWidth: 2 }),
        Plot.ruleX(data.filter((d) => d.std != null), { x: "x", y1: (d) => d.y - d.std, y2: (d) => d.y + d.std, stroke: "var(--open)", strokeOpacity: 0.55 }),
        Plot.dot(data, { x: "x", y: "y", r: 5, fill: (d) => (d.front ? "var(--accent)" : "var(--paper)"), stroke: (d) => (d.front ? "var(--accent)" : "var(--open)"), strokeWidth: 1.8 }),
        Plot.text(labelled.filter((d) => d.x <= middle), placed("start")),
        Plot.text(labelled.filter((d) => d.x > middle), placed("end")),
        Plot.tip(data, Plot.pointer({ x: "x", y: "y", title: (d) => `${near(d)}\n${state.metric} ${number(d.y)}${d.std == null ? "" : ` ± ${number(d.std)}`}\n${amount(d.x)} ${measure}` })),
      ],
    });
  }

  // the table --------------------------------------------------------------------------------------

  function columns() {
    const place = (row) => { const t = cell().tests; const i = t ? t.rows.indexOf(row) : -1; return i < 0 ? null : t.ranks[i]; };
    const span = (ranks) => (ranks == null ? "" : ranks[0] === ranks[1] ? `${ranks[0]}` : `${ranks[0]}–${ranks[1]}`);
    const leads = (row, metric) => { const t = cell(metric).tests; const i = t ? t.rows.indexOf(row) : -1; return i >= 0 && t.ranks[i][1] === 1; };
    const of_metric = ({ name, higher: up, about }) => ({
      key: `m:${name}`, title: name, about, metric: name, first_down: up,
      value: (row) => mean(row, name),
      show: (row) => {
        const stat = cell(name).all[row];
        if (!stat) return [""];
        if (stat[2] === 0) return ["undefined"];
        const text = element(leads(row, name) ? "b" : "span", {}, number(stat[0]));
        return [text, stat[1] == null ? null : element("small", {}, ` ± ${number(stat[1])}`), stat[2] !== set().runs[row] ? element("small", {}, ` (n = ${stat[2]})`) : null];
      },
      hint: (row) => { const s = cell(name).all[row]; return s?.[3] == null ? null : `95 % t-interval of the mean: ${number(s[3])} to ${number(s[4])}`; },
    });
    const now = metric_of(state.metric);
    const first = [now, ...D.metrics.filter((m) => m.headline && m !== now)];
    return [
      { key: "name", title: "row", text: true, value: (row) => D.rows[row].name.toLowerCase(), show: (row) => [D.rows[row].name] },
      { key: "place", title: "place", about: `places the row can have in ${state.metric}; rows whose order is not decided share them`, value: (row) => place(row)?.[0], show: (row) => [span(place(row))] },
      ...first.map(of_metric),
      { key: "n", title: "n", about: "runs", value: (row) => set().runs[row], show: (row) => [String(set().runs[row])] },
      ...D.measures.map((name) => ({ key: `c:${name}`, title: name, value: (row) => D.rows[row].cost[name], show: (row) => [D.rows[row].cost[name] == null ? (D.rows[row].floor ? "" : "–") : amount(D.rows[row].cost[name])] })),
      ...D.metrics.filter((m) => !first.includes(m)).map(of_metric),
    ];
  }

  function sorted(rows, shown) {
    const sort = state.sort ?? { key: `m:${state.metric}`, down: higher() };
    const column = shown.find((c) => c.key === sort.key) ?? shown[0];
    const missing = (v) => v == null || v === "";
    return [...rows].sort((a, b) => {
      const [x, y] = [column.value(a), column.value(b)];
      if (missing(x) || missing(y)) return missing(x) - missing(y);
      return (x < y ? -1 : x > y ? 1 : 0) * (sort.down ? -1 : 1);
    });
  }

  function draw_table() {
    const shown = columns();
    const sort = state.sort ?? { key: `m:${state.metric}`, down: higher() };
    const head = shown.map((c) => {
      const active = c.key === sort.key;
      const turn = () => {
        state.sort = { key: c.key, down: active ? !sort.down : c.first_down ?? false };
        draw_table();
        document.querySelector(`[data-key="${CSS.escape(c.key)}"]`)?.focus();
      };
      const button = element("button", { type: "button", "data-key": c.key, title: c.about, onclick: turn }, c.title, element("i", { "aria-hidden": "true" }, active ? (sort.down ? "▼" : "▲") : ""));
      return element("th", { scope: "col", class: c.text ? "name" : c.metric === state.metric ? "now" : null, "aria-sort": active ? (sort.down ? "descending" : "ascending") : null }, button);
    });
    const lines = sorted(all_rows(), shown).map((row) => {
      const cells = shown.map((c) => {
        if (c.text) {
          const at = state.chosen.indexOf(row);
          const box = element("input", { type: "checkbox", "aria-label": `show ${D.rows[row].name} in the curves`, onchange: () => choose(row) });
          box.checked = at >= 0;
          const swatch = element("i", { class: "swatch", style: at >= 0 ? `background: var(--c${at})` : "" });
          return element("th", { scope: "row", class: "name" }, element("label", {}, box, swatch, element("span", {}, D.rows[row].name), D.rows[row].backbone && !D.rows[row].name.includes(D.rows[row].backbone) ? element("small", {}, ` ${D.rows[row].backbone}`) : null));
        }
        return element("td", { class: c.metric === state.metric ? "now" : null, title: c.hint?.(row) }, ...c.show(row));
      });
      return element("tr", { class: D.rows[row].floor ? "floor" : null }, ...cells);
    });
    const others = state.unit === D.units[0] ? D.published.filter((o) => o.set === set().name && matches(o.method)) : [];
    for (const other of others) {
      const cells = shown.map((c) => {
        if (c.text) return element("th", { scope: "row", class: "name" }, `${other.method}, published `, element("small", {}, other.backbone));
        const value = c.metric ? other.values[c.metric] : null;
        return element("td", { class: c.metric === state.metric ? "now" : null }, ...(value ? [number(value[0]), value[1] == null ? null : element("small", {}, ` ± ${number(value[1])}`)] : [""]));
      });
      lines.push(element("tr", { class: "published", title: other.note }, ...cells));
    }
    const table = element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...lines));
    $("table").replaceChildren(table);
    $("table-caption").textContent = set().caption;
    const notes = [...new Set(others.map((o) => o.note))].map((note) => element("li", {}, note));
    $("table-notes").replaceChildren(...notes);
  }

  function choose(row) {
    const at = state.chosen.indexOf(row);
    if (at >= 0) state.chosen.splice(at, 1);
    else state.chosen = [...state.chosen, row].slice(-COLOURS);
    draw_table();
    draw_curves();
  }

  // places -----------------------------------------------------------------------------------------

  function draw_places(width) {
    const t = cell().tests;
    if (!t) return "There are not two rows with this metric.";
    const data = t.rows.map((row, i) => ({ row, low: t.ranks[i][0], high: t.ranks[i][1], lead: t.leads?.[i] })).filter((d) => visible(d.row));
    if (!data.length) return "No row is left by the filter.";
    const rows = data.map((d) => d.row), names = names_on_the_left(rows, width);
    const last = t.rows.length;
    return chart(width, {
      marginLeft: names.marginLeft, marginRight: t.leads ? 96 : 20, marginTop: 26, marginBottom: 12, height: 44 + 22 * rows.length,
      x: { domain: [0.5, last + 0.5], label: null, axis: "top", ticks: d3.range(1, last + 1, Math.ceil(last / (width > 600 ? 20 : 8))), tickFormat: "d", grid: true },
      y: y_of(rows, names),
      marks: [
        Plot.ruleY(data, { y: "row", x1: (d) => d.low - 0.35, x2: (d) => d.high + 0.35, strokeWidth: 11, strokeLinecap: "butt", stroke: (d) => (d.high === 1 ? "var(--better)" : d.low === 1 ? "var(--accent)" : "var(--open)"), strokeOpacity: (d) => (d.low === 1 ? 0.85 : 0.5) }),
        t.leads ? Plot.text(data, { y: "row", frameAnchor: "right", textAnchor: "end", dx: 92, text: (d) => (d.lead == null ? "" : `leads ${(100 * d.lead).toFixed(1)} %`), fill: "var(--soft)" }) : null,
        Plot.tip(data, Plot.pointerY({ x: (d) => (d.low + d.high) / 2, y: "row", title: (d) => `${D.rows[d.row].name}\nplace ${d.low === d.high ? d.low : `${d.low} to ${d.high}`} of ${last}` })),
      ],
    });
  }

  // labels -----------------------------------------------------------------------------------------

  /** The chosen metric if it is defined per label, else the first that is. */
  const label_metric = () => (metric_of(state.metric).labels ? state.metric : D.metrics.find((m) => m.labels)?.name);
  const by_frequency = D.labels.map((_, c) => c).sort((a, b) => D.labels[b].count - D.labels[a].count);
  const SHOTS = { head: "circle", medium: "square", tail: "triangle" };

  function draw_shots(width) {
    const metric = label_metric();
    const parts = Object.entries(cell(metric).shots);
    const rows = sorted(all_rows(), columns());
    const data = parts.flatMap(([shot, means]) => rows.filter((row) => means[row] != null).map((row) => ({ shot, row, value: means[row] })));
    if (!data.length) return "No visible row has a value here.";
    const names = names_on_the_left(rows, width);
    return chart(width, {
      marginLeft: names.marginLeft, marginRight: 16, marginTop: 8, marginBottom: 40, height: 56 + 22 * rows.length,
      x: { label: `${metric}, mean over the labels`, labelAnchor: "center", grid: true, nice: true, ticks: width > 500 ? 8 : 4 },
      y: { ...y_of(rows, names), grid: true },
      symbol: { domain: Object.keys(SHOTS), range: Object.values(SHOTS) },
      marks: [
        Plot.dot(data, { x: "value", y: "row", symbol: "shot", r: 5, fill: (d) => `var(--${d.shot})`, stroke: "var(--paper)", strokeWidth: 0.8 }),
        Plot.tip(data, Plot.pointer({ x: "value", y: "row", title: (d) => `${D.rows[d.row].name}\n${d.shot} labels: ${number(d.value)}` })),
      ],
    });
  }

  function draw_heat() {
    const metric = label_metric();
    const values = cell(metric).labels, decided = cell(metric).decided;
    const rows = sorted(all_rows(), columns());
    const relative = state.heat === "difference";
    const base = state.baseline;
    const of = (c, row) => {
      const v = values[c][row];
      return v == null || !relative ? v : values[c][base] == null ? null : v - values[c][base];
    };
    const top = relative ? Math.max(0.05, ...by_frequency.flatMap((c) => rows.map((row) => Math.abs(of(c, row) ?? 0)))) : 1;
    const marks = new Map((decided && decided.baseline === base ? decided.cells : []).map(([c, row, sign]) => [`${c},${row}`, sign]));
    const up = metric_of(metric).higher;
    const compact = rows.length > 8;
    const digits = (v) => v.toFixed(2).replace(/^(-?)0\./, "$1.").replace("-", "−");
    const head = element("tr", {}, element("th", { scope: "col", class: "name" }, "label"), element("th", { scope: "col" }, "positive"),
      ...rows.map((row) => element("th", { scope: "col", class: "turned", title: D.rows[row].name }, element("span", {}, short(D.rows[row].name, compact ? 20 : 26)))));
    const lines = by_frequency.map((c) => {
      const label = D.labels[c];
      const cells = rows.map((row) => {
        const v = of(c, row);
        if (v == null) return element("td", { class: "none", title: "undefined" }, "·");
        const share = Math.min(1, Math.abs(v) / top);
        const tone = !relative ? "--heat" : (v > 0) === up ? "--better" : "--worse";
        const mark = marks.get(`${c},${row}`);
        const title = `${label.name}, ${D.rows[row].name}: ${relative ? signed(v) : number(v)}${mark ? `; ${WORD[(mark > 0) === up ? 1 : -1]}` : ""}`;
        return element("td", { class: mark ? "decided" : null, title, style: `background: color-mix(in srgb, var(${tone}) ${(share * 62).toFixed(0)}%, var(--paper))` }, digits(v));
      });
      return element("tr", {}, element("th", { scope: "row", class: "name", title: label.name }, element("i", { class: `shot ${label.shot}`, title: label.shot }), short(label.name, 30)), element("td", { class: "count" }, label.count.toLocaleString("en")), ...cells);
    });
    const table = element("table", { class: compact ? "heat compact" : "heat" }, element("thead", {}, head), element("tbody", {}, ...lines));
    $("heat").replaceChildren(table);
    const note = decided && decided.baseline === base
      ? `Outlined: decided against ${D.rows[base].name} at 5 %, after Holm's correction for all ${decided.count} cells (${decided.cells.length} of them).`
      : decided ? `Which cells are decided is marked against ${D.rows[decided.baseline].name} per ${D.units[0]}; \`ltmlbench compare --against\` tests the others.` : "";
    $("heat-caption").textContent = `${metric} of each label, most frequent first; ${relative ? `difference to ${D.rows[base]?.name}, blue better, orange worse` : "shade: 0 to 1"}. ${note}`;
    document.querySelectorAll(".of-labels").forEach((e) => (e.textContent = metric));
  }

  // curves -----------------------------------------------------------------------------------------

  const colour = (row) => `var(--c${state.chosen.indexOf(row)})`;
  const chosen_curves = () => state.chosen.map((row) => D.curves.rows.find((c) => c.row === row)).filter(Boolean);

  function draw_legend() {
    const chip = (row) => element("button", { type: "button", class: "chip", title: "take it out", onclick: () => choose(row) }, element("i", { class: "swatch", style: `background: ${colour(row)}` }), D.rows[row].name);
    for (const box of document.querySelectorAll(".chosen")) {
      box.replaceChildren(...(state.chosen.length ? state.chosen.map(chip) : [element("span", { class: "soft" }, "No row is chosen: tick some in the table.")]));
    }
  }

  const share = (label) => ({ label, domain: [0, 1], grid: true, ticks: 5, labelAnchor: "center" });
  const square = (width) => Math.min(380, Math.max(250, width * 0.8));

  function draw_reliability(width) {
    const curves = chosen_curves();
    if (!curves.length) return "No chosen row has stored predictions.";
    const data = curves.flatMap(({ row, bins }) => bins.map(([x, y, low, high, count]) => ({ row, x, y, low, high, count })));
    return chart(width, {
      height: square(width), marginLeft: 46, marginBottom: 38,
      x: share("predicted probability"), y: { ...share("share that is positive"), labelAnchor: "center" },
      marks: [
        Plot.line([[0, 0], [1, 1]], { stroke: "var(--soft)", strokeDasharray: "3 4" }),
        Plot.ruleX(data, { x: "x", y1: "low", y2: "high", stroke: (d) => colour(d.row), strokeOpacity: 0.5 }),
        Plot.line(data, { x: "x", y: "y", z: "row", stroke: (d) => colour(d.row), strokeWidth: 1.8 }),
        Plot.dot(data, { x: "x", y: "y", r: 3.2, fill: (d) => colour(d.row) }),
        Plot.tip(data, Plot.pointer({ x: "x", y: "y", title: (d) => `${D.rows[d.row].name}\nsaid ${number(d.x)}, was ${number(d.y)}\n${d.count.toLocaleString("en")} decisions` })),
      ],
    });
  }

  function draw_thresholds(width) {
    const data = chosen_curves().flatMap(({ row, f1 }) => f1.map((y, i) => ({ row, x: D.curves.thresholds[i], y })).filter((d) => d.y != null));
    if (!data.length) return "No chosen row has stored predictions.";
    const best = d3.groups(data, (d) => d.row).map(([, ds]) => ds.reduce((a, b) => (b.y > a.y ? b : a)));
    const both = (d) => { const c = D.curves.rows.find((o) => o.row === d.row), i = D.curves.thresholds.indexOf(d.x); return `precision ${number(c.precision[i])}, recall ${number(c.recall[i])}`; };
    return chart(width, {
      height: square(width), marginLeft: 46, marginBottom: 38,
      x: share("threshold"), y: { ...share("F1 of all decisions (micro)") },
      marks: [
        Plot.ruleX([0.5], { stroke: "var(--soft)", strokeDasharray: "3 4" }),
        Plot.line(data, { x: "x", y: "y", z: "row", stroke: (d) => colour(d.row), strokeWidth: 1.8 }),
        Plot.dot(best, { x: "x", y: "y", r: 4, fill: (d) => colour(d.row) }),
        Plot.tip(data, Plot.pointer({ x: "x", y: "y", title: (d) => `${D.rows[d.row].name}\nabove ${d.x.toFixed(3)}: F1 ${number(d.y)}\n${both(d)}` })),
      ],
    });
  }

  function draw_precision(width) {
    const data = chosen_curves().flatMap(({ row, labels }) => labels[state.label].map((y, i) => ({ row, x: D.curves.recalls[i], y })).filter((d) => d.y != null));
    if (!data.length) return "No chosen row has a positive test sample of this label.";
    return chart(width, {
      height: square(width), marginLeft: 46, marginBottom: 38,
      x: share("recall"), y: { ...share("precision") },
      marks: [
        Plot.line(data, { x: "x", y: "y", z: "row", stroke: (d) => colour(d.row), strokeWidth: 1.8 }),
        Plot.tip(data, Plot.pointer({ x: "x", y: "y", title: (d) => `${D.rows[d.row].name}\nrecall ${d.x.toFixed(2)}: precision ${number(d.y)}` })),
      ],
    });
  }

  const whole = (low, high) => d3.range(low, high + 1, Math.max(1, Math.ceil((high - low) / 8)));
  const learning = (key, label, domain) => (width) => {
    const data = D.learning.flatMap((run, z) => (state.chosen.includes(run.row) ? run[key].map(([x, y]) => ({ row: run.row, z, x, y })) : []));
    if (!data.length) return "No chosen row noted this.";
    return chart(width, {
      height: Math.min(300, Math.max(220, width * 0.6)), marginLeft: 46, marginBottom: 38,
      x: { label: "epoch", labelAnchor: "center", ticks: whole(...d3.extent(data, (d) => d.x)), tickFormat: "d" },
      y: { label, labelAnchor: "center", grid: true, ticks: 5, nice: true, zero: true, domain },
      marks: [
        Plot.line(data, { x: "x", y: "y", z: "z", stroke: (d) => colour(d.row), strokeWidth: 1.5, strokeOpacity: 0.85 }),
        Plot.dot(data, { x: "x", y: "y", r: 1.8, fill: (d) => colour(d.row) }),
        Plot.tip(data, Plot.pointer({ x: "x", y: "y", title: (d) => `${D.rows[d.row].name}\nepoch ${d.x}: ${number(d.y)}` })),
      ],
    });
  };

  function draw_curves() {
    draw_legend();
    fill("reliability", draw_reliability, "Reliability of the chosen rows");
    fill("thresholds", draw_thresholds, "F1 by threshold of the chosen rows");
    fill("precision", draw_precision, "Precision by recall of the chosen rows");
    fill("validation", learning("val_map", "validation mAP"), "Validation mAP by epoch");
    fill("loss", learning("train_loss", "training loss"), "Training loss by epoch");
    const errors = chosen_curves().map((c) => `${D.rows[c.row].name} ${number(c.error)}`);
    if ($("calibration-error")) $("calibration-error").textContent = errors.length ? `Expected calibration error: ${errors.join(", ")}.` : "";
  }

  // division and teachers --------------------------------------------------------------------------

  const matrix = (after) => (width) => {
    const { home } = D.divisions[state.division];
    const last = (c) => (home[c] < 0 ? Infinity : home[c]);
    const order = by_frequency.slice().sort((a, b) => last(a) - last(b) || D.labels[b].count - D.labels[a].count);
    const apart = (a, b) => home[a] < 0 || home[a] !== home[b];
    const data = order.flatMap((a) => order.filter((b) => a !== b).map((b) => ({ a, b, share: D.curves.together[a][b][1], count: D.curves.together[a][b][0], gone: after && apart(a, b) })));
    const name = (c) => short(D.labels[c].name, order.length > 20 ? 12 : 16);
    const margin = 12 + 6.4 * Math.max(...order.map((c) => name(c).length));
    const small = order.length > 24;
    const side = Math.min(width, 560);
    const axis = { type: "band", domain: order, label: null, tickSize: 0, tickFormat: name };
    return chart(side, {
      height: side, marginLeft: margin, marginTop: 6, marginRight: 6, marginBottom: margin,
      style: { fontSize: small ? "9px" : "12px", fontFamily: "inherit", background: "none" },
      x: { ...axis, tickRotate: -90 }, y: axis, padding: 0.06,
      marks: [
        Plot.cell(data, { x: "b", y: "a", fill: (d) => (d.gone ? "var(--wash)" : `color-mix(in srgb, var(--heat) ${(100 * Math.min(1, d.share ?? 0)).toFixed(0)}%, var(--wash))`) }),
        Plot.cell(order, { x: (c) => c, y: (c) => c, fill: (c) => (home[c] < 0 ? "var(--line)" : `var(--c${home[c] % COLOURS})`), fillOpacity: 0.55 }),
        Plot.tip(data, Plot.pointer({ x: "b", y: "a", title: (d) => `${D.labels[d.a].name} with ${D.labels[d.b].name}\n${d.count} samples, ${(100 * (d.share ?? 0)).toFixed(0)} % of the rarer one${d.gone ? "\nin different subsets" : ""}` })),
      ],
    });
  };

  function draw_teachers(width) {
    const data = D.taught;
    const names = (i) => `${short(D.labels[data[i].label].name, Math.floor(width / 18))} (${data[i].positives})`;
    const margin = 16 + 6.6 * Math.max(...data.map((_, i) => names(i).length));
    const rows = data.map((d, i) => ({ ...d, i }));
    const tone = (d) => (d.teacher > d.plain ? "var(--better)" : "var(--worse)");
    return chart(Math.min(width, 820), {
      marginLeft: margin, marginRight: 16, marginBottom: 40, height: 56 + 22 * rows.length,
      x: { label: "average precision on the validation rows", labelAnchor: "center", domain: [0, 1], grid: true },
      y: { type: "band", domain: rows.map((d) => d.i), label: null, tickSize: 0, tickFormat: names },
      marks: [
        Plot.ruleY(rows, { y: "i", x1: "plain", x2: "teacher", stroke: tone, strokeWidth: 2 }),
        Plot.dot(rows, { x: "plain", y: "i", r: 4.5, fill: "var(--paper)", stroke: "var(--open)", strokeWidth: 1.8 }),
        Plot.dot(rows, { x: "teacher", y: "i", r: 4.5, fill: tone }),
        Plot.tip(rows, Plot.pointerY({ x: "teacher", y: "i", title: (d) => `${D.labels[d.label].name}\nteacher ${number(d.teacher)}, plain ${number(d.plain)}\n${d.positives} positives in all` })),
      ],
    });
  }

  // all of it --------------------------------------------------------------------------------------

  function draw() {
    draw_answer();
    fill("differences", draw_differences, `Differences in ${state.metric} with 95 % intervals`);
    fill("cost", draw_cost, `${state.metric} against ${state.measure}`);
    draw_table();
    fill("place-spans", draw_places, `Places in ${state.metric}`);
    if (label_metric()) {
      fill("shots", draw_shots, "Head, medium and tail labels");
      draw_heat();
    }
    if (D.divisions.length && D.curves.together.length) {
      fill("before", matrix(false), "Labels that occur together");
      fill("after", matrix(true), "Labels that occur together within a subset");
    }
    if (D.taught.length) fill("teachers", draw_teachers, "Teachers beside a plain training");
    draw_curves();
    document.querySelectorAll(".metric").forEach((e) => (e.textContent = state.metric));
    document.querySelectorAll(".direction").forEach((e) => (e.textContent = points_up()));
    const about = metric_of(state.metric).about;
    $("about-metric").textContent = about ? `${state.metric}: ${about}.` : "";
  }

  function options(id, entries, chosen, change) {
    const box = $(id);
    if (!box) return;
    box.replaceChildren(...entries.map(([value, text]) => element("option", { value }, text)));
    box.value = chosen;
    box.addEventListener("change", () => { change(box.value); draw(); });
    if (entries.length < 2) box.closest("label").hidden = true;
  }

  function start() {
    const rivals = D.rows.map((_, row) => row).filter((row) => !D.rows[row].floor);
    const t = cell().tests;
    state.chosen = [...new Set([state.baseline, ...(t ? t.rows.slice(0, 3) : rivals.slice(0, 4))])].filter((row) => row >= 0).slice(0, 4);
    options("metric", D.metrics.map((m) => [m.name, m.name]), state.metric, (v) => { state.metric = v; state.sort = null; });
    options("unit", D.units.map((u) => [u, u]), state.unit, (v) => (state.unit = v));
    options("set", D.sets.map((s, i) => [i, s.name || "folds"]), state.set, (v) => (state.set = Number(v)));
    options("baseline", rivals.map((row) => [row, D.rows[row].name]), state.baseline, (v) => (state.baseline = Number(v)));
    options("measure", D.measures.map((m) => [m, m]), state.measure, (v) => (state.measure = v));
    options("heat-mode", [["value", "values"], ["difference", "differences to the baseline"]], state.heat, (v) => (state.heat = v));
    options("label", by_frequency.map((c) => [c, D.labels[c].name]), by_frequency[0], (v) => (state.label = Number(v)));
    state.label = by_frequency[0];
    options("division", D.divisions.map((d, i) => [i, d.title]), 0, (v) => (state.division = Number(v)));
    $("filter").addEventListener("input", () => { state.filter = $("filter").value; draw(); });
    $("floors").addEventListener("change", () => { state.floors = $("floors").checked; draw(); });
    if (!D.rows.some((row) => row.floor)) $("floors").closest("label").hidden = true;
    document.addEventListener("keydown", (event) => {
      if (event.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) {
        event.preventDefault();
        $("filter").focus();
      } else if (event.key === "Escape" && event.target === $("filter")) {
        $("filter").value = state.filter = "";
        draw();
      }
    });
    themed();
    draw();
    let width = document.body.clientWidth, waiting = 0;
    new ResizeObserver(() => {
      if (document.body.clientWidth === width) return;
      width = document.body.clientWidth;
      clearTimeout(waiting);
      waiting = setTimeout(draw, 120);
    }).observe(document.body);
    addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((d) => (d.open = true)));
  }

  function themed() {
    const names = ["auto", "light", "dark"];
    const kept = { get: () => { try { return localStorage.getItem("theme"); } catch { return null; } }, put: (v) => { try { localStorage.setItem("theme", v); } catch { /* a file may have no storage */ } } };
    const apply = (name) => {
      document.documentElement.dataset.theme = name;
      $("theme").textContent = `theme: ${name}`;
    };
    apply(names.includes(kept.get()) ? kept.get() : "auto");
    $("theme").addEventListener("click", () => {
      const next = names[(names.indexOf(document.documentElement.dataset.theme) + 1) % names.length];
      apply(next);
      kept.put(next);
    });
  }

  start();
})();
