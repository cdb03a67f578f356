"use strict";
// Charts, times in the reader's zone, questions before what cannot be undone. Everything works without it.
(() => {
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const page = document.documentElement.lang;
  const tongue = navigator.languages.find((one) => one.split("-")[0] === page) || page;
  const told = (style) => new Intl.DateTimeFormat(tongue, style);
  const count = new Intl.NumberFormat(tongue);

  // Short enough for an axis: seconds in a run, minutes in an hour, days in a year.
  const clock = (times) => {
    const span = (times.at(-1) - times[0]) || 1;
    if (span < 10) return told({ minute: "2-digit", second: "2-digit", fractionalSecondDigits: 1 });
    if (span < 300) return told({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
    return span < 172800 ? told({ hour: "2-digit", minute: "2-digit" }) : told({ day: "2-digit", month: "2-digit" });
  };

  const drawn = new WeakSet();
  const draw = (figure) => {
    if (drawn.has(figure) || !window.uPlot) return;
    drawn.add(figure);
    const data = JSON.parse(figure.dataset.chart);
    const plot = figure.querySelector(".plot");
    const times = data.times.map((at) => Date.parse(at) / 1000);
    const { paths } = window.uPlot;
    const bars = figure.dataset.kind === "bars";
    const shape = bars ? paths.bars({ size: [0.6, 60] }) : figure.dataset.kind === "steps" ? paths.stepped({ align: -1 }) : undefined;
    const short = clock(times);
    const at = (place) => (bars ? times[place] : place);
    const moment = (place) => (Number.isInteger(place) || !bars) && at(place) ? short.format(at(place) * 1000) : "";
    const line = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line") }, font: "12px system-ui, sans-serif" };
    const size = (value) => (value === null || value === undefined ? "" : count.format(Math.abs(value)));
    const series = data.series.map((one, index) => {
      const ink = colour(`--series-${(index % 6) + 1}`);
      return { label: one.label, stroke: ink, width: 2, fill: shape ? `${ink}99` : undefined, paths: shape, points: { show: !shape && times.length < 40 }, value: (_, value) => size(value) };
    });
    new window.uPlot(
      {
        width: plot.clientWidth || 600,
        height: 220,
        scales: { x: { time: false, range: bars ? (_, low, high) => [low - 0.6, high + 0.6] : undefined }, y: { range: (_, low, high) => [Math.min(0, low * 1.1), Math.max(1, high * 1.1)] } },
        series: [{ label: figure.dataset.time, value: (_, value) => (value === null ? "" : moment(value)) }, ...series],
        axes: [{ ...line, space: 80, values: (_, splits) => splits.map(moment) }, { ...line, size: 70, values: (_, splits) => splits.map(size) }],
        cursor: { drag: { x: false, y: false } },
        hooks: { setCursor: [(chart) => chart.root.classList.toggle("pointed", chart.cursor.idx !== null && chart.cursor.left >= 0)] },
      },
      [bars ? times.map((_, index) => index) : times, ...data.series.map((one) => (one.down ? one.values.map((value) => -value) : one.values))],
      plot,
    );
  };

  const moments = told({ dateStyle: "short", timeStyle: "medium" });
  const times = told({ timeStyle: "medium" });
  const local = (element) => {
    const at = new Date(element.dateTime);
    if (Number.isNaN(at.getTime()) || element.title) return;
    element.title = element.textContent;
    const today = at.toDateString() === new Date().toDateString() && element.closest("table");
    element.textContent = (today ? times : moments).format(at);
  };

  const enliven = (root) => {
    root.querySelectorAll("figure[data-chart]").forEach(draw);
    root.querySelectorAll("time[datetime]").forEach(local);
  };

  document.addEventListener("DOMContentLoaded", () => enliven(document));
  document.addEventListener("htmx:load", (event) => enliven(event.detail.elt.parentElement || document));
  document.addEventListener("submit", (event) => {
    const asked = event.target.dataset.confirm;
    if (asked && !window.confirm(asked)) event.preventDefault();
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
  });

  const lost = (is) => { const box = document.getElementById("lost"); if (box) box.hidden = !is; };
  document.addEventListener("htmx:sendError", () => lost(true));
  document.addEventListener("htmx:responseError", () => lost(true));
  document.addEventListener("htmx:afterOnLoad", () => lost(false));

  // What the reader is working in stays as it is: an open table, a focused link, a selection.
  document.addEventListener("htmx:beforeRequest", (event) => {
    const living = event.detail.elt;
    if (!living.matches("[hx-trigger^='every']")) return;
    const selecting = window.getSelection().toString() !== "";
    const inside = living.contains(document.activeElement) && document.activeElement !== document.body;
    if (document.hidden || selecting || inside || living.querySelector("details[open]")) event.preventDefault();
  });
})();
