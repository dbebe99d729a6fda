// The colour room: its parts are put together, and its buttons and keys do what they say.
import { ask, send } from "./api.js";
import { Colours } from "./colours.js";
import { intake, sendable } from "./intake.js";
import { keyboard, resizeBy } from "./keys.js";
import { PanelList } from "./panels.js";
import { by, failed, say } from "./said.js";
import { Table } from "./table.js";
import { Tools } from "./tools.js";
import { View } from "./view.js";
import { Wishes } from "./wishes.js";

const view = new View(by("canvas"), {
  overlay: (context) => tools.overlay(context),
  moved: () => (by("zoom").textContent = `${Math.round(view.scale * 100)} %`),
});
const colours = new Colours();
const list = new PanelList(by("pages"), open, say);
const wishes = new Wishes({
  choose: (values) => table.choose(values),
  colour: () => colours.value,
  keepMood: (file) => send("/api/moods", sendable(file)),
  say,
});
const table = new Table({ view, list, wishes, colours, changed: showState });
const tools = new Tools(table, view, colours);

function open(id, number) {
  tools.forget();
  return table.open(id, number);
}

function showState() {
  const { page } = table;
  by("undo").disabled = !page?.canUndo;
  by("redo").disabled = !page?.canRedo;
  if (!page) return;
  wishes.show(page);
  for (const form of ["png", "psd", "ora"]) by(`out-${form}`).href = `/api/pages/${page.id}/out/${form}`;
}

async function suggest(shown) {
  by("suggest").setAttribute("aria-pressed", String(shown));
  await table.suggest(shown);
}

async function nextPlace() {
  if (!table.suggesting) await suggest(true);
  tools.nextPlace();
}

function compare(value) {
  view.split = value;
  by("compare").value = 100 * value;
  view.draw();
}

async function showSamples() {
  const made = await table.samples();
  if (made) wishes.showSamples(made, table.picture, (sample) => table.choose({ sample }));
}

async function remove() {
  if (await table.remove()) await start();
}

const KEYS = {
  d: () => tools.use("dot"),
  s: () => tools.use("stroke"),
  a: () => tools.use("area"),
  e: () => tools.use("erase"),
  p: () => tools.use("pick"),
  z: (event) => table.step(event.shiftKey ? "redo" : "undo"),
  y: () => table.step("redo"),
  "+": () => view.zoom(1.25),
  "=": () => view.zoom(1.25),
  "-": () => view.zoom(0.8),
  0: () => view.whole(),
  b: () => compare(view.split > 0.5 ? 0 : 1),
  m: () => ((tools.marksShown = !tools.marksShown), view.draw()),
  q: () => suggest(!table.suggesting).catch(failed),
  n: () => nextPlace().catch(failed),
  "[": () => resizeBy(-2),
  "]": () => resizeBy(2),
  PageDown: () => list.go(1),
  PageUp: () => list.go(-1),
  Enter: (event) => tools.useCross(event),
};
const CLICKS = {
  undo: () => table.step("undo"),
  redo: () => table.step("redo"),
  closer: KEYS["+"],
  further: KEYS["-"],
  whole: KEYS[0],
  suggest: KEYS.q,
  next: KEYS.n,
  add: () => by("files").click(),
  choose: () => by("files").click(),
  recolor: () => table.choose({ recolor: true }),
  insist: () => table.choose({ line_art: true }),
  samples: () => showSamples().catch(failed),
  remove: () => remove().catch(failed),
};
keyboard(KEYS, tools);
for (const [id, does] of Object.entries(CLICKS)) by(id).addEventListener("click", does);
by("compare").addEventListener("input", (event) => compare(event.target.value / 100));

intake(arrived, {
  "mood-box": ([file]) => wishes.takeMood(file),
  "references-box": (files) => wishes.keepReferences(files),
});

async function arrived(pages) {
  list.show(await ask("/api/project"));
  await open(pages[0], 0);
  list.fill();
}

async function start() {
  const project = await ask("/api/project");
  wishes.offerRuns(project.runs);
  wishes.offerReferences(project.references);
  list.show(project);
  by("welcome").hidden = project.pages.length > 0;
  by("desk").classList.toggle("no-panel", !project.pages.length);
  tools.use(tools.tool);
  colours.take(colours.value);
  if (!project.pages.length) return showState();
  await open(...(list.remembered() ?? [project.pages[0].id, 0]));
  list.fill();
}

start().catch(failed);
