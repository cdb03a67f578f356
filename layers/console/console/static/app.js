"use strict";
// Charts, times in the reader's zone, questions before what cannot be undone. Everything works without it.
(() => {
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const drawn = new WeakSet();
  const draw = (figure) => {
    if (drawn.has(figure) || !window.uPlot) return;
    drawn.add(figure);
    const data = JSON.parse(figure.dataset.chart);
    const plot = figure.querySelector(".plot");
    const times = data.times.map((at) => Date.parse(at) / 1000);
    const bars = figure.dataset.kind === "bars" ? window.uPlot.paths.bars({ size: [0.5, 40] }) : null;
    const axis = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line") } };
    const series = data.series.map((one, index) => {
      const ink = colour(`--series-${(index % 4) + 1}`);
      return { label: one.label, stroke: ink, width: 2, fill: bars ? ink : undefined, paths: bars || undefined, points: { show: times.length < 40 } };
    });
    new window.uPlot(
      { width: plot.clientWidth || 600, height: 220, series: [{}, ...series], axes: [axis, { ...axis, size: 60 }], cursor: { drag: { x: false, y: false } } },
      [times, ...data.series.map((one) => one.values)],
      plot,
    );
  };

  const local = (element) => {
    const at = new Date(element.dateTime);
    if (Number.isNaN(at.getTime()) || element.title) return;
    element.title = element.textContent;
    element.textContent = at.toLocaleString(document.documentElement.lang, { dateStyle: "short", timeStyle: "medium" });
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
