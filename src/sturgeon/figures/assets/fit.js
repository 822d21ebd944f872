/* Fits a figure to the width that it has: a grid of small pictures gets fewer columns where there is little room,
   and a legend of many lines gets room of its own.
   Copyright the Sturgeon authors, Apache-2.0. */
"use strict";
const fitFigure = (figure, width) => {
  const named = figure.data.filter((trace) => trace.name && trace.showlegend !== false).length;
  if (named > 1 && figure.layout.showlegend !== false && figure.layout.legend) {
    figure.layout.height += 19 * Math.max(0, Math.ceil(named / Math.max(1, Math.floor(width / 200))) - 2);
  }
  fitGrid(figure, width);
};
const fitGrid = (figure, width) => {
  const PICTURE = 230; // what a small picture needs, and then a row of them
  const layout = figure.layout;
  const number = (name) => Number(name.slice(5) || 1);
  const used = new Set(figure.data.map((trace) => Number((trace.xaxis || "x").slice(1) || 1)));
  const cells = Object.keys(layout).filter((name) => /^xaxis\d*$/.test(name)).map(number).filter((one) => used.has(one));
  cells.sort((one, other) => one - other);
  const key = (axis, cell) => axis + (cell === 1 ? "" : cell);
  const before = new Set(cells.map((cell) => String(layout[key("xaxis", cell)].domain))).size;
  const columns = Math.max(1, Math.min(before, Math.floor(width / PICTURE)));
  const notes = layout.annotations || []; // the titles of the small pictures, or none
  if (cells.length < 2 || columns >= before || (notes.length && notes.length !== cells.length)) return;
  const rows = Math.ceil(cells.length / columns);
  const title = layout[key("yaxis", cells[0])].title;
  const wide = (1 - 0.08 * (columns - 1)) / columns;
  const tall = PICTURE - 80;
  const whole = rows * PICTURE - 80 + (notes.length ? 20 : 0);
  cells.forEach((cell, place) => {
    const left = (place % columns) * (wide + 0.08);
    const top = 1 - Math.floor(place / columns) * PICTURE / whole - (notes.length ? 20 / whole : 0);
    const across = layout[key("xaxis", cell)], upwards = layout[key("yaxis", cell)];
    across.domain = [left, left + wide];
    upwards.domain = [Math.max(0, top - tall / whole), top];
    if (notes.length) Object.assign(notes[place], { x: left + wide / 2, y: top });
    else {
      upwards.showticklabels = place % columns === 0;
      upwards.title = place % columns === 0 ? title : undefined;
    }
  });
  layout.height = whole + ((layout.margin || {}).t || 24) + 96; // for the titles below the last row
};
