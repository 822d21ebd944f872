/* Draws each figure of a report from the JSON beside it. */
"use strict";
(() => {
  const PRINTED = 680;
  const touch = window.matchMedia("(pointer: coarse)").matches;
  const boxes = Array.from(document.querySelectorAll("[data-figure]"));
  const draw = (box) => {
    const figure = JSON.parse(document.getElementById(box.dataset.figure).textContent);
    const layout = figure.layout;
    const height = layout.height;
    fitFigure(figure, box.clientWidth);
    if (layout.height !== height) box.style.height = layout.height + "px";
    layout.autosize = true;
    if (touch) layout.dragmode = false;
    return Plotly.newPlot(box, figure.data, layout, { responsive: true, displayModeBar: false });
  };
  boxes.forEach((box) => { box.style.height = box.dataset.height + "px"; });
  const next = () => {
    const box = boxes.find((one) => !one.dataset.drawn);
    if (!box) { document.documentElement.dataset.drawn = "all"; return; }
    box.dataset.drawn = "yes";
    Promise.resolve(draw(box)).catch((error) => { box.textContent = String(error); }).then(() => setTimeout(next, 0));
  };
  next();
  window.addEventListener("beforeprint", () => {
    boxes.forEach((box) => { if (!box.dataset.drawn) { box.dataset.drawn = "yes"; draw(box); } });
    boxes.forEach((box) => Plotly.relayout(box, { width: PRINTED }));
  });
  window.addEventListener("afterprint", () => boxes.forEach((box) => Plotly.relayout(box, { width: null, autosize: true })));
})();
