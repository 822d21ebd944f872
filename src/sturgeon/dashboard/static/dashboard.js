/* Sturgeon's pages: pictures, and what changes while a study runs. Copyright the Sturgeon authors, Apache-2.0.
   Whatever a study holds is put on the page as text, never as HTML, but for the table, which the server escaped. */
"use strict";
(function () {
  const PICTURE_SECONDS = 10; // pictures are asked for anew at most so often
  const TABLE_SECONDS = 5;
  const MOST_POINTS = 600; // of a live curve; then it is asked for anew, and comes thinned out
  const home = document.querySelector("#study, #trial, #compare");
  if (!home) return;
  const base = "/study/" + home.dataset.key;
  const config = { responsive: true, displayModeBar: false };

  // Plotly is large: it is fetched once the page is there, which can be read and used meanwhile.
  let plotly = null;
  function drawing() {
    plotly = plotly || new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = "/static/plotly.min.js";
      script.onload = resolve;
      script.onerror = reject;
      const begin = () => document.head.append(script);
      if (document.readyState === "complete") begin(); else window.addEventListener("load", begin);
    });
    return plotly;
  }

  // -- pictures ------------------------------------------------------------------------------------------
  async function draw(canvas, address, caption, loud) {
    const mine = (canvas.drawing = (canvas.drawing || 0) + 1);
    if (loud) caption.textContent = home.dataset.loading;
    try {
      const answer = await fetch(address);
      const found = await answer.json();
      await drawing();
      if (mine !== canvas.drawing) return; // another was asked for meanwhile
      if (found.missing !== undefined) {
        Plotly.purge(canvas);
        canvas.textContent = "";
        canvas.classList.add("none");
        canvas.style.height = "";
        caption.textContent = found.missing;
        canvas.setAttribute("aria-label", found.missing);
        return;
      }
      const layout = found.figure.layout;
      canvas.classList.remove("none");
      const panel = canvas.parentElement;
      panel.classList.toggle("broad", found.wide === true);
      if (found.wide === true) panel.tabIndex = 0; else panel.removeAttribute("tabindex");
      fitFigure(found.figure, canvas.clientWidth);
      if (layout.legend && canvas.clientWidth < 500) layout.legend.font = { size: 11 };
      canvas.style.height = layout.height + "px"; // else nothing holds it when the window changes its size
      canvas.drawnFor = canvas.clientWidth;
      layout.autosize = true;
      delete layout.width;
      await Plotly.react(canvas, found.figure.data, layout, config);
      caption.textContent = found.caption;
      canvas.setAttribute("aria-label", found.title + ". " + found.caption);
    } catch (error) {
      caption.textContent = home.dataset.failed;
    }
  }

  const panels = [];
  function addPanel(panel) {
    const canvas = panel.querySelector("[data-canvas]");
    const caption = panel.querySelector("[data-caption]");
    const picture = panel.querySelector("[data-picture]");
    const options = [...panel.querySelectorAll("[data-option]")];
    const known = {
      best_so_far: ["against"], slice: ["hyperparameter"], contour: ["x", "y"], coarse_to_fine: ["x", "y"],
    };
    const one = { canvas, seen: false, stale: true, at: 0 };
    one.load = function (loud) {
      const query = new URLSearchParams();
      for (const option of options) {
        const used = (known[picture.value] || []).includes(option.dataset.option);
        option.hidden = !used;
        const value = option.querySelector("select").value;
        if (used && value) query.set(option.dataset.option, value);
      }
      one.stale = false;
      one.at = Date.now();
      return draw(canvas, base + "/figure/" + picture.value + "?" + query, caption, loud);
    };
    picture.addEventListener("change", () => one.load(true));
    options.forEach((option) => option.addEventListener("change", () => one.load(true)));
    new IntersectionObserver((entries) => {
      one.seen = entries.some((entry) => entry.isIntersecting);
      if (one.seen && one.stale) one.load(!one.at);
    }, { rootMargin: "200px" }).observe(canvas);
    panels.push(one);
  }
  document.querySelectorAll(".pictures .panel").forEach(addPanel);

  document.querySelectorAll("[data-curves]").forEach((canvas) => {
    const figure = canvas.closest("figure");
    const metric = figure.querySelector("[data-metric]");
    const one = { canvas, seen: true, stale: true, at: 0 };
    one.load = function (loud) {
      const query = new URLSearchParams();
      canvas.dataset.curves.split(",").forEach((number) => query.append("trial", number));
      if (metric) query.set("metric", metric.value);
      one.stale = false;
      one.at = Date.now();
      return draw(canvas, base + "/curves?" + query, figure.querySelector("[data-caption]"), loud);
    };
    if (metric) metric.addEventListener("change", () => one.load(true));
    one.load(true);
    panels.push(one);
  });

  // A grid of small pictures has fewer columns where there is less room.
  let resizing = 0;
  window.addEventListener("resize", () => {
    clearTimeout(resizing);
    resizing = setTimeout(() => panels.forEach((one) => {
      if (!one.at || Math.abs(one.canvas.clientWidth - (one.canvas.drawnFor || 0)) < 60) return;
      one.stale = true;
      if (one.seen) one.load(false);
    }), 300);
  });

  // -- the curves of the trials that run -------------------------------------------------------------------
  const live = document.querySelector("#live");
  const liveCanvas = document.querySelector("[data-live-curves]");
  let places = null; // by trial, which trace it is
  async function drawRunning() {
    const found = await (await fetch(base + "/running")).json();
    await drawing();
    live.hidden = found.trials.length === 0;
    if (live.hidden) { places = null; return; }
    const dashes = ["solid", "dash", "dot", "dashdot"];
    places = new Map(found.trials.map((one, place) => [one.number, place]));
    const data = found.trials.map((one, place) => ({
      x: one.points.map((point) => point[0]), y: one.points.map((point) => point[1]), name: String(one.number),
      mode: one.points.length > 30 ? "lines" : "lines+markers", marker: { size: 4 },
      line: { dash: dashes[place % 4] }, type: "scatter",
    }));
    liveCanvas.style.height = "280px";
    await Plotly.react(liveCanvas, data, {
      height: 280, margin: { l: 56, r: 16, t: 16, b: 40 }, font: { size: 12 },
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", showlegend: true,
      colorway: ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00"],
      xaxis: { gridcolor: "rgba(128,128,128,0.22)", zeroline: false, rangemode: "tozero" },
      yaxis: { gridcolor: "rgba(128,128,128,0.22)", zeroline: false, title: { text: escapeText(found.metric) }, automargin: true },
    }, config);
  }
  function escapeText(text) { // Plotly takes some tags for its own
    return text.slice(0, 60).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  }
  function extendRunning(news) {
    const same = places && places.size === news.running.length && news.running.every((one) => places.has(one));
    const long = same && liveCanvas.data.some((one) => one.x.length > MOST_POINTS);
    if (!same || long) { if (news.running.length || places) return drawRunning(); return; }
    const numbers = Object.keys(news.points).map(Number).filter((one) => places.has(one));
    for (const one of numbers) { // what was drawn already is told once more where the page came meanwhile
      const last = liveCanvas.data[places.get(one)].x.at(-1);
      if (last !== undefined) news.points[one] = news.points[one].filter((point) => point[0] > last);
    }
    if (!numbers.some((one) => news.points[one].length)) return;
    return Plotly.extendTraces(liveCanvas, {
      x: numbers.map((one) => news.points[one].map((point) => point[0])),
      y: numbers.map((one) => news.points[one].map((point) => point[1])),
    }, numbers.map((one) => places.get(one)));
  }

  // -- the table -------------------------------------------------------------------------------------------
  const table = document.querySelector("#table");
  let tableStale = false;
  let tableAt = Date.now();
  async function loadTable() {
    tableStale = false;
    tableAt = Date.now();
    const answer = await fetch(base + "/table" + location.search);
    if (!answer.ok) return;
    const fresh = document.createElement("template");
    fresh.innerHTML = await answer.text();
    const held = table.contains(document.activeElement);
    become(table, fresh.content);
    if (held && !table.contains(document.activeElement)) table.querySelector(".scroll").focus({ preventScroll: true });
  }
  // Elements that stay keep who they are, and with it the focus, the tick of a box and how far one has scrolled.
  function become(old, fresh) {
    const rows = new Map([...old.children].filter((row) => row.dataset.trial).map((row) => [row.dataset.trial, row]));
    const wanted = [...fresh.childNodes];
    const kept = new Set(wanted.map((node) => node.dataset && node.dataset.trial));
    for (const [number, row] of rows) if (!kept.has(number)) row.remove();
    let place = old.firstChild;
    for (const node of wanted) {
      const row = rows.get(node.dataset && node.dataset.trial);
      if (row && row.contains(document.activeElement)) { // an element that is moved loses the focus: the others are
        while (place !== row) { const next = place.nextSibling; old.append(place); place = next; }
      } else if (row && place !== row) {
        old.insertBefore(row, place);
        place = row;
      }
      const number = place && place.dataset && place.dataset.trial;
      if (!row && (!place || number || place.nodeName !== node.nodeName)) {
        old.insertBefore(node, place);
        continue;
      }
      if (node.nodeType === Node.ELEMENT_NODE) {
        for (const { name } of [...place.attributes]) if (!node.hasAttribute(name)) place.removeAttribute(name);
        for (const { name, value } of [...node.attributes]) {
          if (place.getAttribute(name) !== value) place.setAttribute(name, value);
        }
        become(place, node);
      } else if (place.data !== node.data) {
        place.data = node.data;
      }
      place = place.nextSibling;
    }
    while (place) { const next = place.nextSibling; place.remove(); place = next; }
  }
  function patchRows(rows) {
    for (const [number, cells] of Object.entries(rows)) {
      const row = table.querySelector('tr[data-trial="' + Number(number) + '"]');
      if (!row) continue;
      for (const [name, text] of Object.entries(cells)) {
        const cell = row.querySelector('[data-cell="' + name + '"]');
        if (cell && cell.textContent !== text) cell.textContent = text;
      }
    }
  }

  // -- news ------------------------------------------------------------------------------------------------
  function say(texts) {
    for (const place of document.querySelectorAll("[data-live]")) {
      const text = texts[place.dataset.live];
      if (text !== undefined && place.textContent !== text) {
        place.textContent = text;
        place.classList.remove("flash");
        void place.offsetWidth;
        place.classList.add("flash");
      }
    }
    const best = document.querySelector("[data-best]");
    const number = best && best.textContent.match(/\d+/);
    if (number) best.href = base + "/trial/" + number[0];
    if (best) best.hidden = !number;
  }
  // News may come faster than a slow machine can draw: what has come meanwhile is put together.
  let pending = null;
  let busy = false;
  function hear(event) {
    const news = JSON.parse(event.data);
    if (pending && !pending.lost && !news.lost) {
      Object.assign(pending.rows, news.rows);
      for (const [number, points] of Object.entries(news.points)) {
        pending.points[number] = (pending.points[number] || []).concat(points);
      }
      pending = { ...news, rows: pending.rows, points: pending.points };
    } else {
      pending = news;
    }
    if (!busy) applyNext();
  }
  async function applyNext() {
    busy = true;
    while (pending) {
      const news = pending;
      pending = null;
      const began = performance.now();
      try { await apply(news); } catch (error) { console.error(error); }
      const cost = performance.now() - began;
      await new Promise((go) => setTimeout(go, Math.min(Math.max(200, 3 * cost), 3000)));
    }
    busy = false;
  }
  let first = true;
  async function apply(news) {
    const lost = document.querySelector("#lost");
    if (lost) {
      lost.hidden = !news.lost;
      lost.textContent = news.lost || "";
    }
    if (news.lost) return;
    if (home.id === "study") {
      say(news.texts);
      const [going, paused] = ["going", "paused"].map((when) => document.querySelector('[data-when="' + when + '"]'));
      if (going) { // a training that is tended by hand has its own page
        const held = document.activeElement === going || document.activeElement === paused;
        going.hidden = news.pause !== "" || !news.busy; // nothing to pause where nothing runs
        paused.hidden = news.pause === "";
        if (held) (paused.hidden ? going : paused).focus();
      }
      patchRows(news.rows);
      await extendRunning(news);
      tableStale = tableStale || Object.keys(news.rows).length > 0;
      if (first && news.change !== Number(home.dataset.change)) { // it changed while the page came
        tableStale = true;
        tableAt = 0;
      }
    }
    const mine = news.rows[home.dataset.number];
    if (mine) {
      for (const place of document.querySelectorAll("[data-row]")) {
        const text = mine[place.dataset.row];
        if (text !== undefined) place.textContent = text;
      }
    }
    if (!first && (home.id === "study" || mine)) panels.forEach((one) => { one.stale = true; });
    first = false;
    refresh();
  }
  let wait = null;
  function refresh() { // now what is due, and later what is not
    if (wait) clearTimeout(wait);
    wait = null;
    if (document.hidden) return;
    const now = Date.now();
    let next = Infinity;
    for (const one of panels) {
      if (!one.stale || !one.seen) continue;
      const due = one.at + PICTURE_SECONDS * 1000;
      if (due <= now) one.load(false); else next = Math.min(next, due);
    }
    if (table && tableStale) {
      const due = tableAt + TABLE_SECONDS * 1000;
      if (due <= now) loadTable(); else next = Math.min(next, due);
    }
    if (next < Infinity) wait = setTimeout(refresh, next - now + 10);
  }
  document.addEventListener("visibilitychange", refresh);
  if (home.id !== "compare") {
    const about = home.dataset.number === undefined ? "" : "?trial=" + home.dataset.number;
    const source = new EventSource(base + "/events" + about);
    source.addEventListener("news", hear);
    addEventListener("pagehide", () => source.close());
  }
})();
