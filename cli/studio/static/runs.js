// The runs room: curves of all runs that are shown, drawn as SVG, samples over time, figures side by side, palettes.
import { ask } from "./api.js";
import { words } from "./texts.js";

const EVERY = 4000; // milliseconds between two looks at the folders
const [WIDTH, HEIGHT, LEFT, BELOW] = [560, 230, 52, 28];
const COLOURS = 6; // classes in the style sheet
const by = (id) => document.getElementById(id);
const hidden = new Set();
const chosen = new Map(); // the samples that somebody looks at, by run and stage
let last = "";

function element(name, attributes = {}, ...children) {
  const one = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) one.setAttribute(key, value);
  one.append(...children);
  return one;
}

function drawn(name, attributes, ...children) {
  const one = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) one.setAttribute(key, value);
  one.append(...children);
  return one;
}

async function look() {
  const found = await ask("/api/trained");
  const text = JSON.stringify(found);
  if (text !== last) show(found);
  last = text;
}

function show(found) {
  by("shown").replaceChildren(by("shown").firstElementChild, ...found.runs.map((run, at) => choice(run, at, found)));
  const runs = found.runs.map((run, at) => ({ ...run, at })).filter((run) => !hidden.has(run.id));
  const sections = [
    curves(runs, "losses", words("runs.curves")),
    curves(runs, "measured", words("runs.measured")),
    ...samples(runs),
    figures(runs, found.columns),
    ...palettes(runs),
    ...runs.filter((run) => run.error).map((run) => element("p", { class: "bad" }, `${run.name}: ${run.error}`)),
  ];
  const focused = document.activeElement?.id;
  by("runs").replaceChildren(...sections.filter(Boolean));
  if (focused) by(focused)?.focus();
}

function choice(run, at, found) {
  const box = element("input", { type: "checkbox", id: `run-${run.id}` });
  box.checked = !hidden.has(run.id);
  box.addEventListener("change", () => {
    box.checked ? hidden.delete(run.id) : hidden.add(run.id);
    show(found);
  });
  return element("label", { class: `check line-${at % COLOURS}` }, box, element("i", { class: "key" }), `${run.name} (${run.model ?? "?"})`);
}

/** One chart for each figure that any run logged. */
function curves(runs, kind, title) {
  const series = new Map();
  for (const run of runs) {
    for (const stage of run.stages ?? []) {
      for (const [name, points] of Object.entries(stage[kind])) {
        const full = stage.name ? `${stage.name}: ${name}` : name;
        if (points.length > 1) series.set(full, [...(series.get(full) ?? []), { run, points }]);
      }
    }
  }
  if (!series.size) return kind === "losses" ? element("p", {}, words("runs.none")) : null;
  const charts = [...series].map(([name, lines]) => chart(name.replaceAll("_", " "), lines));
  return element("section", {}, element("h2", {}, title), element("div", { class: "charts" }, ...charts));
}

function chart(name, lines) {
  const all = lines.flatMap((line) => line.points);
  const most = Math.max(...all.map(([x]) => x));
  const [low, high] = span(all.map(([, y]) => y));
  const x = (value) => LEFT + ((WIDTH - LEFT - 8) * value) / most;
  const y = (value) => 10 + ((HEIGHT - BELOW - 10) * (high - value)) / (high - low);
  const label = `${name}: ${lines.map((line) => `${line.run.name} ${short(line.points.at(-1)[1])}`).join(", ")}`;
  const svg = drawn("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label });
  for (const part of [0, 0.5, 1]) {
    const value = low + part * (high - low);
    svg.append(drawn("line", { x1: LEFT, x2: WIDTH - 8, y1: y(value), y2: y(value), class: "rule" }));
    svg.append(drawn("text", { x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, short(value)));
  }
  svg.append(drawn("text", { x: LEFT, y: HEIGHT - 8 }, "0"));
  svg.append(drawn("text", { x: WIDTH - 8, y: HEIGHT - 8, "text-anchor": "end" }, `${most.toLocaleString("en")} ${words("runs.images")}`));
  for (const { run, points } of lines) {
    const path = points.map(([one, other], at) => `${at ? "L" : "M"}${x(one).toFixed(1)} ${y(other).toFixed(1)}`).join("");
    svg.append(drawn("path", { d: path, class: `curve line-${run.at % COLOURS}` }));
  }
  return element("figure", {}, element("figcaption", {}, name), svg);
}

/** The middle 98 % of values, with some room: one wild value at the start hides nothing. */
function span(values) {
  const sorted = values.toSorted((one, other) => one - other);
  const [low, high] = [sorted[Math.floor(0.01 * sorted.length)], sorted[Math.ceil(0.99 * sorted.length) - 1]];
  const room = (high - low || Math.abs(high) || 1) * 0.05;
  return [low - room, high + room];
}

function short(value) {
  return Number(value.toPrecision(3)).toString();
}

function samples(runs) {
  const found = [];
  for (const run of runs) {
    for (const stage of run.stages ?? []) {
      if (stage.samples.length) found.push(sampleSlider(run, stage));
    }
  }
  return found.length ? [element("h2", {}, words("runs.samples")), ...found] : [];
}

function sampleSlider(run, stage) {
  const key = `${run.id}-${stage.name}`;
  const count = stage.samples.length;
  const picture = element("img", { class: "grid-picture", alt: "" });
  const slider = element("input", { type: "range", min: 0, max: count - 1, id: `samples-${key}` });
  slider.value = Math.min(chosen.get(key) ?? count - 1, count - 1);
  const said = element("span", { class: "quiet" });
  const name = stage.name ? words("runs.stage", { run: run.name, stage: stage.name }) : run.name;
  const turn = () => {
    const images = stage.samples[slider.value];
    picture.src = `/api/trained/${run.id}/samples/-${stage.name}/${images}`;
    picture.alt = slider.ariaLabel = `${name}: ${words("runs.after", { n: images })}`;
    said.textContent = words("runs.after", { n: images.toLocaleString("en") });
  };
  slider.addEventListener("input", () => {
    Number(slider.value) === count - 1 ? chosen.delete(key) : chosen.set(key, Number(slider.value));
    turn();
  });
  turn();
  return element("section", {}, element("h3", {}, name), element("div", { class: "row" }, slider, said), picture);
}

function figures(runs, columns) {
  const tables = new Map();
  for (const run of runs) {
    for (const one of run.evaluations ?? []) {
      const title = words("runs.on", { n: one.panels, split: one.split });
      const rows = one.rows.map((cells) => [run.name, ...cells]);
      tables.set(title, [...(tables.get(title) ?? []), ...rows]);
    }
  }
  const shown = [...tables].map(([title, rows]) => {
    const head = element("tr", {}, ...["", ...columns].map((text) => element("th", { scope: "col" }, text)));
    const body = rows.map((cells) => element("tr", {}, ...cells.map((text, at) => element(at ? "td" : "th", at ? {} : { scope: "row" }, text))));
    const table = element("table", {}, element("caption", {}, title), element("thead", {}, head), element("tbody", {}, ...body));
    return element("div", { class: "wide", tabindex: "0", role: "region", "aria-label": title }, table);
  });
  const none = element("p", { class: "quiet" }, words("runs.none.figures"));
  return element("section", {}, element("h2", {}, words("runs.figures")), ...(shown.length ? shown : [none]));
}

function palettes(runs) {
  const found = runs.filter((run) => run.palette?.length);
  return found.map((run) => {
    const colours = run.palette.map((color) => {
      const one = element("li", { title: color }, element("span", { class: "hidden" }, color));
      one.style.backgroundColor = color;
      return one;
    });
    return element("section", {}, element("h2", {}, `${words("runs.palette")}: ${run.name}`), element("ul", { class: "palette" }, ...colours));
  });
}

const say = (error) => {
  by("status").textContent = error?.message ?? "";
};
async function live() {
  try {
    if (!document.hidden) await look();
    say();
  } catch (error) {
    say(error);
  }
  setTimeout(live, EVERY);
}
live();
