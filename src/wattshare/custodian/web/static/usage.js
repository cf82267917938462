// Draws the table of readings as a chart. The table stays: it says everything that the chart shows.
(() => {
  "use strict";
  const figure = document.getElementById("chart");
  const rows = [...document.querySelectorAll("#readings tbody tr")];
  if (!figure || !rows.length || typeof uPlot === "undefined") return;

  const words = rows.map((row) => [...row.cells].map((cell) => cell.textContent.trim()));
  const values = rows.map((row) => (row.dataset.value === "" ? null : Number(row.dataset.value)));
  const marked = rows.map((row) => row.dataset.marked !== undefined);

  const drawing = figure.querySelector("svg");
  const place = document.createElement("div");
  // the drawing's words stay for who hears the page
  place.setAttribute("role", "img");
  place.setAttribute("aria-label", drawing.getAttribute("aria-label"));
  const told = document.createElement("p");
  told.className = "told-at";
  told.setAttribute("aria-hidden", "true");
  told.textContent = "\u00a0";

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const bars = uPlot.paths.bars({ size: [0.8, 60], radius: 0 });
  const spoken = new Intl.NumberFormat(figure.dataset.locale, { maximumFractionDigits: 3 });
  let chart = null;

  const tell = (self) => {
    const at = self.cursor.idx;
    if (at === null || at === undefined) {
      told.textContent = "\u00a0";
      return;
    }
    const [when, amount, note] = words[at];
    told.textContent = `${when}: ${amount} ${figure.dataset.unit}${note ? `, ${note}` : ""}`;
  };

  // a line below what was estimated or corrected
  const underline = (self) => {
    const { ctx, bbox } = self;
    ctx.save();
    ctx.fillStyle = colour("--ink");
    const high = Math.round(3 * devicePixelRatio);
    marked.forEach((is, at) => {
      if (!is) return;
      const left = self.valToPos(at - 0.5, "x", true), right = self.valToPos(at + 0.5, "x", true);
      ctx.fillRect(left, bbox.top + bbox.height + high, right - left, high);
    });
    ctx.restore();
  };

  const draw = () => {
    if (chart) chart.destroy();
    const act = colour("--act");
    const axis = { stroke: colour("--ink"), grid: { stroke: colour("--line"), width: 0.5 }, ticks: { stroke: colour("--line") } };
    const options = {
      width: figure.clientWidth,
      height: 240,
      legend: { show: false },
      cursor: { drag: { x: false, y: false }, points: { show: false }, y: false },
      scales: {
        x: { time: false, range: [-0.5, values.length - 0.5] },
        y: { range: (self, low, high) => [Math.min(0, low), Math.max(0, high) * 1.05 || 1] },
      },
      axes: [
        { ...axis, grid: { show: false }, space: 72, incrs: [1, 2, 3, 4, 6, 7, 8, 12, 16, 24, 48], values: (self, splits) => splits.map((at) => (words[at] ? words[at][0] : "")) },
        { ...axis, size: 56, values: (self, splits) => splits.map((value) => spoken.format(value)) },
      ],
      series: [
        {},
        { fill: act, stroke: act, paths: bars, points: { show: false } },
      ],
      hooks: { setCursor: [tell], draw: [underline] },
    };
    chart = new uPlot(options, [values.map((_, at) => at), values], place);
  };

  drawing.remove();
  figure.append(place, told);
  draw();
  new ResizeObserver(() => {
    if (chart && figure.clientWidth && figure.clientWidth !== chart.width) chart.setSize({ width: figure.clientWidth, height: 240 });
  }).observe(figure);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  // paper is white, whatever the screen is
  matchMedia("print").addEventListener("change", draw);
})();
