// Charts drawn from the tables beside them: <figure data-chart="lines|areas|bars|places">. Without scripts the tables stand alone.
// Drawn on canvas, with tooltips inside it: the content policy allows no inline styles.

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--mw-${name}`).trim();
const charts = new Map();

const series = () => [1, 2, 3, 4, 5, 6].map((n) => css(`series-${n}`));
const words = (cell) => cell.textContent.trim();
const number = (cell) => (cell.dataset.v === undefined ? null : Number(cell.dataset.v));

function read(table) {
  const names = [...table.tHead.rows[0].cells].slice(1).map(words);
  const rows = [...table.tBodies[0].rows].map((row) => ({
    row,
    head: row.cells[0],
    cells: [...row.cells].slice(1),
  }));
  return { names, rows };
}

function frame() {
  const ink = css("ink-2");
  const small = window.matchMedia("(max-width: 600px)").matches;
  return {
    animation: false,
    color: series(),
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: ink, fontSize: 13 },
    grid: { left: 8, right: small ? 12 : 24, top: small ? 72 : 48, bottom: 28, containLabel: true },
    legend: { top: 0, left: 0, type: "scroll", icon: "roundRect", textStyle: { color: ink, fontSize: 13 }, itemHeight: 10, itemWidth: 18 },
    tooltip: {
      trigger: "axis",
      renderMode: "richText",
      confine: true,
      backgroundColor: css("surface"),
      borderColor: css("line-strong"),
      textStyle: { color: css("ink"), fontSize: 13 },
    },
  };
}

const axis = (more = {}) => ({
  axisLine: { lineStyle: { color: css("line-strong") } },
  axisLabel: { color: css("ink-2"), hideOverlap: true },
  splitLine: { lineStyle: { color: css("line") } },
  nameTextStyle: { color: css("ink-3") },
  ...more,
});

const DRAW = {
  lines({ names, rows }, figure) {
    const colours = series();
    const line = (at) => ({
      name: names[at],
      type: "line",
      showSymbol: false,
      lineStyle: { width: at === 0 ? 3 : 1.75 },
      data: rows.filter(({ cells }) => number(cells[at]) !== null).map(({ head, cells }) => [number(head), number(cells[at])]),
    });
    const band = (at) => {
      const seen = rows.filter(({ cells }) => cells[at].dataset.low !== undefined);
      const at_ = (pick) => seen.map(({ head, cells }) => [number(head), pick(cells[at].dataset)]);
      const quiet = { type: "line", showSymbol: false, silent: true, stack: `band-${at}`, lineStyle: { opacity: 0 }, tooltip: { show: false }, emphasis: { disabled: true } };
      return [
        { ...quiet, name: names[at], data: at_((d) => Number(d.low)) },
        { ...quiet, name: names[at], data: at_((d) => Number(d.high) - Number(d.low)), areaStyle: { color: colours[at % colours.length], opacity: 0.16 } },
      ];
    };
    const option = {
      ...frame(),
      grid: { ...frame().grid, right: 48 }, // room for the unit behind the last day
      xAxis: axis({ type: "value", name: figure.dataset.chartUnit, nameLocation: "end", max: "dataMax", axisLabel: { color: css("ink-2"), hideOverlap: true, showMaxLabel: false }, splitLine: { show: false } }),
      yAxis: axis({ type: "value", min: 0, max: 1, axisLabel: { color: css("ink-2"), formatter: (v) => `${Math.round(v * 100)}%` } }),
      series: [...names.map((_, at) => line(at)), ...band(0)],
    };
    option.tooltip.formatter = (found) => {
      const lines = found.filter((one) => one.seriesIndex < names.length);
      if (!lines.length) return "";
      const row = rows.find(({ head }) => number(head) === lines[0].value[0]);
      const interval = (at) => {
        const data = row && row.cells[at] && row.cells[at].dataset;
        return data && data.low ? ` (${Math.round(data.low * 100)}–${Math.round(data.high * 100)}%)` : "";
      };
      return [`${lines[0].value[0].toFixed(1)} ${figure.dataset.chartUnit}`, ...lines.map((one) => `${one.seriesName}: ${(one.value[1] * 100).toFixed(1)}%${interval(one.seriesIndex)}`)].join("\n");
    };
    // alone in the picture, a group shows how sure its line is
    option.onLegend = (chart, selected) => {
      const alone = names.filter((name) => selected[name]);
      const at = alone.length === 1 ? names.indexOf(alone[0]) : 0;
      chart.setOption({ series: [...names.map((_, n) => line(n)), ...band(at)] }, { replaceMerge: ["series"] });
    };
    return option;
  },

  areas({ names, rows }) {
    const colours = [css("quiet") || css("ink-3"), css("good"), ...series()];
    return {
      ...frame(),
      color: colours,
      xAxis: axis({ type: "category", boundaryGap: false, data: rows.map(({ head }) => words(head)) }),
      yAxis: axis({ type: "value" }),
      series: names.map((name, at) => ({
        name, type: "line", stack: "all", showSymbol: false, lineStyle: { width: 0.5 }, areaStyle: { opacity: 0.75 },
        data: rows.map(({ cells }) => number(cells[at])),
      })),
    };
  },

  bars({ names, rows }) {
    const shades = [css("series-1"), css("series-3"), css("glow"), css("series-4"), css("bad")];
    const upward = [...rows].reverse();
    const option = {
      ...frame(),
      color: shades,
      xAxis: axis({ type: "value", minInterval: 1 }),
      yAxis: axis({ type: "category", data: upward.map(({ head }) => words(head)), splitLine: { show: false } }),
      series: names.map((name, at) => ({
        name, type: "bar", stack: "all", barMaxWidth: 28, cursor: "pointer",
        data: upward.map(({ cells }) => number(cells[at])),
      })),
    };
    option.tooltip.axisPointer = { type: "shadow" };
    option.onClick = (found) => upward[found.dataIndex] && upward[found.dataIndex].cells[found.seriesIndex].querySelector("a");
    return option;
  },

  places({ rows }) {
    const most = Math.max(1, ...rows.map(({ row }) => Number(row.dataset.v)));
    const spread = (key) => {
      const all = rows.map(({ row }) => Number(row.dataset[key]));
      return Math.max(...all) - Math.min(...all) || 1;
    };
    const [wide, high, named] = [spread("lon"), spread("lat"), []];
    // rows come with most waiting first: those get their name, and others where there is room for it
    const room = (lon, lat) => named.every(([x, y]) => Math.abs(lon - x) > 0.24 * wide || Math.abs(lat - y) > 0.055 * high);
    const spots = rows.map(({ row, head }) => {
      const [waiting, late, lon, lat] = ["v", "late", "lon", "lat"].map((key) => Number(row.dataset[key]));
      const part = waiting ? late / waiting : 0;
      const show = room(lon, lat);
      if (show) named.push([lon, lat]);
      return {
        name: words(head),
        value: [lon, lat, waiting],
        symbolSize: 8 + 36 * Math.sqrt(waiting / most),
        itemStyle: { opacity: 0.75, color: css(part < 0.2 ? "series-1" : part < 0.5 ? "glow" : "bad") },
        label: { show, position: "right", color: css("ink"), fontSize: 13, formatter: `${words(head)} ${waiting}` },
      };
    });
    const hide = { show: false };
    const option = {
      ...frame(),
      legend: hide,
      grid: { left: 40, right: 60, top: 24, bottom: 24 },
      xAxis: { type: "value", scale: true, ...Object.fromEntries(["axisLine", "axisTick", "axisLabel", "splitLine"].map((k) => [k, hide])) },
      yAxis: { type: "value", scale: true, ...Object.fromEntries(["axisLine", "axisTick", "axisLabel", "splitLine"].map((k) => [k, hide])) },
      series: [{
        type: "scatter", data: spots, cursor: "pointer",
      }],
    };
    option.tooltip.trigger = "item";
    option.tooltip.formatter = ({ name, dataIndex }) => `${name}\n${rows[dataIndex].cells.map((cell, at) => `${read(rows[dataIndex].row.closest("table")).names[at]}: ${words(cell)}`).join("\n")}`;
    option.onClick = (found) => rows[found.dataIndex] && rows[found.dataIndex].head.querySelector("a");
    return option;
  },
};

function draw(figure) {
  const plot = figure.querySelector("[data-chart-plot]");
  const table = figure.querySelector("table");
  if (!plot || !table || !window.echarts) return;
  plot.hidden = false;
  const { onClick, onLegend, ...option } = DRAW[figure.dataset.chart](read(table), figure);
  const chart = window.echarts.init(plot, null, { renderer: "canvas" });
  chart.setOption(option);
  if (onClick) chart.on("click", (found) => { const link = onClick(found); if (link) location.assign(link.href); });
  if (onLegend) chart.on("legendselectchanged", ({ selected }) => onLegend(chart, selected));
  charts.set(figure, chart);
  if (!figure.dataset.folded) {
    figure.dataset.folded = "yes";
    const folded = figure.querySelector("details");
    if (folded && figure.dataset.chart !== "places") folded.open = false;
  }
}

function save(figure) {
  const chart = charts.get(figure);
  if (!chart) return;
  const link = document.createElement("a");
  link.download = `${figure.dataset.chartName}.png`;
  link.href = chart.getDataURL({ type: "png", pixelRatio: 2, backgroundColor: css("surface") });
  link.click();
}

function drawAll() {
  for (const [figure, chart] of charts) {
    if (!figure.isConnected) { chart.dispose(); charts.delete(figure); }
  }
  document.querySelectorAll("[data-chart]").forEach((figure) => { if (!charts.has(figure)) draw(figure); });
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-chart-save]");
  if (button) save(button.closest("[data-chart]"));
});
document.addEventListener("mw:fresh", drawAll);
window.addEventListener("resize", () => charts.forEach((chart) => chart.resize()));
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  charts.forEach((chart) => chart.dispose());
  charts.clear();
  drawAll();
});
drawAll();
