"use strict";
// The page of a tended run. All text that comes from the study is set as text, never as markup.

const token = document.querySelector("meta[name=token]").content;
const at = (id) => document.getElementById(id);
const texts = JSON.parse(document.querySelector("main").dataset.texts);
// A text with its blanks filled in: say("branch {number}", { number: 3 }).
const say = (text, values = {}) => (Object.hasOwn(texts, text) ? texts[text] : text).replace(/\{(\w+)\}/g, (blank, name) => name in values ? values[name] : blank);
// A note of the coach in the reader's language; one that the texts do not have, as it was written.
const sentence = (note) => Object.hasOwn(texts, note.text) ? say(note.text, note.evidence) : note.sentence;
let tree = null, state = null, lastEntry = -1, seen = {};

const get = async (path) => (await fetch(path)).json();

async function command(body) {
  at("said").className = "";
  at("said").textContent = "…";
  const answer = await fetch("/api/command", {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Sturgeon-Token": token },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  let told;
  try { told = JSON.parse(text); } catch { told = { done: false, message: text }; }
  at("said").className = told.done ? "" : "refused";
  at("said").textContent = told.message;
  await load();
}

function element(kind, text, more = {}) {
  const made = document.createElement(kind);
  if (text !== undefined) made.textContent = text;
  return Object.assign(made, more);
}

const short = (value) => typeof value === "number" ? String(+value.toPrecision(4)) : String(value);
const words = (values) => Object.entries(values).map(([name, value]) => `${name}=${short(value)}`).join(", ");

function parsed(text) {
  if (text.trim() === "") return text;
  const number = Number(text);
  return Number.isNaN(number) ? text : number;
}

function smooth(values, weight) {
  let mean = null;
  return values.map((value) => {
    if (value === null) return null;
    mean = mean === null ? value : weight * mean + (1 - weight) * value;
    return mean;
  });
}

function drawCurves() {
  const metric = at("metric").value, weight = Number(at("smoothing").value), colours = new Map();
  const palette = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c6d31", "#6b6ecf"];
  const traces = [];
  const valueAt = (branch, epoch) => {
    const curve = branch.curves[metric] || [];
    const found = curve.find(([e]) => e >= epoch) || curve[curve.length - 1];
    return found ? found[1] : null;
  };
  tree.branches.forEach((branch, place) => {
    const colour = palette[place % palette.length];
    colours.set(branch.branch, colour);
    const pairs = [[metric, "solid", 2]];
    if (metric !== "train_loss" && branch.curves.train_loss && metric === "val_loss") pairs.push(["train_loss", "dot", 1]);
    for (const [name, dash, width] of pairs) {
      const curve = branch.curves[name] || [];
      traces.push({
        x: curve.map(([epoch]) => epoch), y: smooth(curve.map(([, value]) => value), weight), mode: "lines",
        name: `${say("branch {number}", { number: branch.branch })} ${name}`, line: { color: colour, dash, width }, showlegend: dash === "solid",
      });
    }
  });
  const byNumber = new Map(tree.branches.map((branch) => [branch.branch, branch]));
  const marks = (list, symbol, name, label) => traces.push({
    x: list.map((one) => one.epoch), y: list.map((one) => valueAt(byNumber.get(one.branch), one.epoch)),
    text: list.map(label), mode: "markers", name, hovertemplate: "%{text}<extra></extra>",
    marker: { symbol, size: symbol === "triangle-up" ? 11 : 6, color: list.map((one) => colours.get(one.branch)) },
  });
  marks(tree.changes, "triangle-up", say("what changed here"), (one) => `${words(one.new)} · ${one.author} · ${one.why}`);
  marks(tree.checkpoints.filter((one) => one.kept), "circle", say("checkpoints"), (one) => say("checkpoint {number}, epoch {epoch}", { number: one.checkpoint, epoch: one.epoch }));
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  Plotly.react(at("curves"), traces, {
    margin: { l: 60, r: 10, t: 10, b: 40 }, xaxis: { title: { text: say("epoch"), standoff: 5 }, gridcolor: "#8884" },
    yaxis: { title: { text: metric }, gridcolor: "#8884", type: at("log").checked ? "log" : "linear" },
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { color: dark ? "#ddd" : "#222" },
    legend: { orientation: "h", y: -0.2, yanchor: "top" }, uirevision: "kept",
  }, { responsive: true, displaylogo: false });
}

function drawControls() {
  const box = at("values");
  for (const [name, value] of Object.entries(state.values)) {
    let input = box.querySelector(`input[data-name="${CSS.escape(name)}"]`);
    if (!input) {
      const label = element("label");
      label.append(element("span", name));
      input = element("input", undefined, { autocomplete: "off" });
      input.dataset.name = name;
      input.setAttribute("aria-label", name);
      input.addEventListener("input", () => input.classList.toggle("changed", input.value !== input.dataset.now));
      label.append(input);
      box.append(label);
    }
    if (!input.classList.contains("changed") && input !== document.activeElement) input.value = String(value);
    input.dataset.now = String(value);
  }
  const kept = tree.checkpoints.filter((one) => one.kept).reverse();
  const chosen = at("checkpoints").value;
  at("checkpoints").replaceChildren(...kept.map((one) =>
    element("option", say("{number} (branch {branch}, epoch {epoch})", { number: one.checkpoint, branch: one.branch, epoch: one.epoch }), { value: one.checkpoint })));
  if (kept.some((one) => String(one.checkpoint) === chosen)) at("checkpoints").value = chosen;
}

function drawTree() {
  const list = (parent) => {
    const below = tree.branches.filter((one) => one.parent === parent);
    return below.map((one) => {
      const curve = one.curves[tree.metric] || [], last = curve[curve.length - 1];
      const from = one.parent === null ? "" : ` ${say("from checkpoint {number}", { number: one.checkpoint })}`;
      const value = last && (last[1] === null ? say("not finite") : short(last[1]));
      const item = element("li", `${say("branch {number}", { number: one.branch })}${from}: ` +
        (last ? `${say("epoch {number}", { number: last[0] })}, ${tree.metric} ${value} ` : ""));
      if (one.branch === tree.current) item.className = "here";
      else item.append(element("button", say("Carry on"), { onclick: () => command({ action: "carry", trial: one.branch }) }));
      const inner = list(one.branch);
      if (inner.length) { const box = element("ul"); box.append(...inner); item.append(box); }
      return item;
    });
  };
  at("tree").replaceChildren(...list(null));
}

function drawNotes() {
  const items = Object.entries(state.notes).reverse().map(([number, text]) => {
    const note = tree.notes.find((one) => String(one.note) === number);
    const item = element("li", (note ? sentence(note) : text) + " ");
    if (note && note.proposal)
      item.append(element("button", say("Do it"), { onclick: () => command({ action: "accept", note: Number(number) }) }), " ");
    item.append(element("button", say("Dismiss"), {
      onclick: () => command({ action: "dismiss", note: Number(number), values: { symptom: note ? note.symptom : "" } }),
    }));
    return item;
  });
  at("notes").replaceChildren(...(items.length ? items : [element("li", say("nothing to say"))]));
}

async function drawJournal() {
  for (const entry of await get(`/api/journal?after=${lastEntry}`)) {
    if (entry.id <= lastEntry) continue;
    lastEntry = entry.id;
    if (entry.kind === "event" && entry.body.what === "thinned") continue;
    const body = entry.body, time = new Date(entry.time).toLocaleTimeString();
    const what = body.message || (body.sentence && sentence(body)) || (entry.kind === "checkpoint" ? say("checkpoint {number}, epoch {epoch}", { number: body.number, epoch: body.epoch })
      : entry.kind === "command" ? `${body.action} ${words(body.values || {})} ${body.why || ""}` : `${body.what || ""}`);
    at("journal").prepend(element("li", `${time} ${entry.author}: ${what}`));
  }
}

let loading = false, again = false;

async function load() {  // one at a time: a run may be faster than a page
  if (loading) { again = true; return; }
  loading = true;
  try {
    do { again = false; await show(); } while (again);
  } finally {
    loading = false;
  }
}

async function show() {
  [tree, state] = await Promise.all([get("/api/tree"), get("/api/state")]);
  seen = {};
  for (const change of tree.changes) for (const name of Object.keys(change.new)) seen[name] = change.command;
  const value = state.value === null ? "" : `, ${state.metric} ${short(state.value)}`;
  at("state").textContent = say("{state}: branch {branch}, epoch {epoch}", { state: say(state.state), branch: state.branch, epoch: state.epoch }) + value;
  const names = [...new Set(tree.branches.flatMap((one) => Object.keys(one.curves)))];
  if (at("metric").options.length !== names.length) {
    const chosen = at("metric").value || tree.metric;
    at("metric").replaceChildren(...names.map((name) => element("option", name, { value: name })));
    at("metric").value = names.includes(chosen) ? chosen : names[0];
  }
  drawControls();
  drawTree();
  drawNotes();
  if (names.length) drawCurves();
  await drawJournal();
}

function changedValues() {
  const values = {};
  for (const input of at("values").querySelectorAll("input.changed")) {
    values[input.dataset.name] = parsed(input.value);
    input.classList.remove("changed");
  }
  return values;
}

for (const button of document.querySelectorAll("button[data-action]"))
  button.addEventListener("click", () => command({ action: button.dataset.action }));
at("set").addEventListener("submit", (event) => {
  event.preventDefault();
  const values = changedValues(), known = {};
  for (const name of Object.keys(values)) known[name] = seen[name] || 0;
  command({ action: "set", values, seen: known, why: event.target.why.value });
});
at("branch").addEventListener("submit", (event) => {
  event.preventDefault();
  const values = event.submitter.value === "branch" ? changedValues() : {};
  command({ action: event.submitter.value, checkpoint: Number(event.target.checkpoint.value), values });
});
at("try").addEventListener("submit", (event) => {
  event.preventDefault();
  const [name, listed = ""] = event.target.vary.value.split("=");
  command({ action: "try", vary: { [name.trim()]: listed.split(",").map(parsed) }, epochs: Number(event.target.epochs.value) });
});
for (const id of ["metric", "log", "smoothing"]) at(id).addEventListener("input", () => tree && drawCurves());

new EventSource("/api/events").addEventListener("changed", () => load());
load();
