// The colour room: what the hands do becomes marks and choices; the page, the list and the table follow.
import { ask, askPixels, send } from "./api.js";
import { Colours, hexOf, isColour } from "./colours.js";
import { drawCross, drawMark, drawMarks, drawPlaces, markAt } from "./marks.js";
import { PageDocument } from "./page.js";
import { PanelList } from "./panels.js";
import { Picture } from "./picture.js";
import { words } from "./texts.js";
import { hands, View } from "./view.js";
import { Wishes } from "./wishes.js";

const LARGEST = 64e6; // bytes of a file
const NEAR = 10; // pixels of the screen in which a mark is hit
const WINDOW = Math.random().toString(36).slice(2, 10); // this window's questions, for the server to tell them apart

const by = (id) => document.getElementById(id);
const canvas = by("canvas");
let page = null; // the document on the table
let panel = 0;
let picture = null;
let tool = "dot";
let drawing = null; // the mark under the hand
let places = []; // where a dot would help
let place = -1;
let cross = null; // in pixels of the panel, while the keyboard draws
let marksShown = true;
let spaceHeld = false;
let asked = null; // the question for colours that is under way

const view = new View(canvas, { overlay, moved: () => (by("zoom").textContent = `${Math.round(view.scale * 100)} %`) });
const colours = new Colours(() => {});
const list = new PanelList(by("pages"), openPanel, say);
const wishes = new Wishes({ choose, colour: () => colours.value, keepMood, say });

// ---- saying and showing

function say(text, isBad = false) {
  by("status").textContent = text;
  by("status").classList.toggle("bad", isBad);
}

function failed(error) {
  if (error.name !== "AbortError") say(error.message, true);
}

function overlay(context) {
  if (!page) return;
  if (marksShown && view.split < 0.99) drawMarks(context, view, page.hints.filter(isHere));
  if (drawing) drawMark(context, view, drawing);
  if (by("suggest").getAttribute("aria-pressed") === "true") drawPlaces(context, view, places, place);
  if (cross && document.activeElement === canvas) drawCross(context, view, cross);
}

function isHere(mark) {
  const [x, y] = mark.polygon?.[0] ?? mark.points?.[0] ?? [mark.x, mark.y];
  return x >= picture.x && y >= picture.y && x < picture.x + picture.width && y < picture.y + picture.height;
}

function showState() {
  by("undo").disabled = !page?.canUndo;
  by("redo").disabled = !page?.canRedo;
  if (!page) return;
  wishes.show(page);
  for (const form of ["png", "psd", "ora"]) by(`out-${form}`).href = `/api/pages/${page.id}/out/${form}`;
}

// ---- pages and panels

async function openPanel(id, number) {
  await leave();
  const found = await ask(`/api/pages/${id}`);
  list.choose(id, number);
  page = new PageDocument(id, found, pageChanged);
  page.name = found.name;
  by("alone").hidden = !found.left_alone;
  by("alone-why").textContent = found.left_alone;
  by("welcome").hidden = true;
  list.setPanels(id, found.panels);
  await wishes.useRun(page, colours);
  showState();
  by("desk").classList.toggle("no-panel", Boolean(found.left_alone));
  if (found.left_alone) return showNothing();
  panel = Math.min(number, found.panels.length - 1);
  list.choose(id, panel);
  places = [];
  place = -1;
  cross = null;
  await showPiece();
  await refresh();
}

async function leave() {
  asked?.abort();
  if (page) await page.line;
}

function showNothing() {
  picture = null;
  view.show(null);
}

async function showPiece() {
  by("busy").hidden = false;
  try {
    const piece = await askPixels(`/api/pages/${page.id}/panels/${panel}/piece?window=${WINDOW}`);
    if (!piece) return;
    picture = new Picture(piece);
    view.show(picture);
  } finally {
    by("busy").hidden = true;
  }
}

/** The whole panel by the network; a question that is under way is given up. */
async function refresh(from = performance.now()) {
  if (!picture) return;
  asked?.abort();
  const mine = (asked = new AbortController());
  const [id, number] = [page.id, panel];
  const slow = setTimeout(() => (by("busy").hidden = false), 400);
  const suggest = by("suggest").getAttribute("aria-pressed") === "true" ? "&suggest" : "";
  try {
    const made = await askPixels(
      `/api/pages/${id}/panels/${number}/colours?version=${page.version}&window=${WINDOW}${suggest}`,
      mine.signal,
    );
    if (!made || mine.signal.aborted || id !== page.id || number !== panel) return;
    picture.take(made.data, made.start);
    places = suggest ? made.about.suggested : [];
    place = Math.min(place, places.length - 1);
    await view.draw();
    performance.measure("panel", { start: from, end: performance.now() });
    if (made.about.notes.length) say(made.about.notes[0]);
    list.refresh(id, number, picture.after);
    canvas.dataset.version = made.about.version;
  } catch (error) {
    failed(error);
  } finally {
    clearTimeout(slow);
    if (mine === asked) by("busy").hidden = true;
  }
}

// ---- changes

function pageChanged(why, text) {
  if (text) say(text, true);
  else if (why !== "own") say(words(why === "undo" ? "undone" : "redone"));
  showState();
  view.draw();
}

async function change(doing, from = performance.now()) {
  try {
    showState();
    await doing;
    await refresh(from);
  } catch (error) {
    failed(error);
    page.take(await ask(`/api/pages/${page.id}`));
    page.count = page.hints.length;
    showState();
    refresh();
  }
}

/** A new mark: its regions have its colour before the server is asked. */
function add(mark, from) {
  const soft = wishes.style === "soft";
  const shifted = moved(mark, -picture.x, -picture.y);
  const at = shifted.points?.[0] ?? shifted.polygon?.[0] ?? [shifted.x, shifted.y];
  const inside = at[0] >= 0 && at[1] >= 0 && at[0] < picture.width && at[1] < picture.height;
  if (!inside) return;
  for (const label of picture.regionsOf(shifted)) picture.repaint(label, colours.rgb, soft && at);
  view.draw().then(() => performance.measure("region", { start: from, end: performance.now() }));
  colours.used();
  const [x, y] = mark.points?.[0] ?? mark.polygon?.[0] ?? [mark.x, mark.y];
  say(words("hinted", { color: mark.color, x: Math.round(x), y: Math.round(y) }));
  return change(page.splice(page.hints.length, 0, [mark]), from);
}

function moved(mark, x, y) {
  const all = (points) => points.map(([one, other]) => [one + x, other + y]);
  if (mark.points) return { ...mark, points: all(mark.points) };
  if (mark.polygon) return { ...mark, polygon: all(mark.polygon) };
  return { ...mark, x: mark.x + x, y: mark.y + y };
}

function choose(values) {
  const isReadAnew = ["run", "layout", "recolor", "line_art"].some((name) => name in values);
  if (!isReadAnew) return change(page.choose(values));
  return page
    .choose(values)
    .then(() => openPanel(page.id, panel))
    .catch(failed);
}

function keepMood(file) {
  if (file.size > LARGEST) throw new Error(words("too.large", { name: file.name }));
  return send("/api/moods", file);
}

function step(way) {
  if (!page) return;
  const before = JSON.stringify(page.choices);
  change(
    page.step(way).then(async () => {
      if (JSON.stringify(page.choices) === before) return;
      await wishes.useRun(page, colours);
      showState();
    }),
  );
}

// ---- hands

const inPage = (x, y) => {
  const [column, row] = view.inPicture(x, y);
  const clamp = (value, most) => Math.min(Math.max(value, 0), most - 0.01);
  const round = (value) => Math.round(value * 10) / 10;
  return [round(picture.x + clamp(column, picture.width)), round(picture.y + clamp(row, picture.height))];
};

function isOnPaper(x, y) {
  const [column, row] = view.inPicture(x, y);
  return picture && column >= 0 && row >= 0 && column < picture.width && row < picture.height;
}

hands(view, {
  held: () => spaceHeld || !picture,
  hover: () => {},
  start(x, y, event) {
    canvas.focus({ preventScroll: true });
    cross = null;
    if (!isOnPaper(x, y)) return;
    if (event.altKey || tool === "pick") return pick(x, y);
    if (tool === "erase") return erase(x, y);
    const [column, row] = inPage(x, y);
    const radius = Number(by("size").value);
    if (tool === "dot") return void add({ x: column, y: row, radius, color: colours.value }, event.timeStamp);
    drawing = { color: colours.value, [tool === "area" ? "polygon" : "points"]: [[column, row]] };
    if (tool === "stroke") drawing.radius = radius;
  },
  move(x, y, event) {
    if (tool === "pick" && event.buttons) return isOnPaper(x, y) && pick(x, y);
    if (!drawing) return;
    const points = drawing.points ?? drawing.polygon;
    const [column, row] = inPage(x, y);
    const [last, least] = [points[points.length - 1], 2 / view.scale];
    if (Math.hypot(column - last[0], row - last[1]) >= least) points.push([column, row]);
    view.draw();
  },
  end(event) {
    if (!drawing) return;
    const mark = drawing;
    drawing = null;
    if (mark.points?.length === 1) {
      const [[x, y]] = mark.points;
      add({ x, y, radius: mark.radius, color: mark.color }, event.timeStamp);
    } else if (mark.points || mark.polygon.length > 2) {
      add(mark, event.timeStamp);
    } else {
      view.draw();
    }
  },
  cancel() {
    drawing = null;
    view.draw();
  },
});

function pick(x, y) {
  colours.take(hexOf(picture.colourAt(...view.inPicture(x, y))));
  say(words("picked", { color: colours.value }));
}

function erase(x, y) {
  const at = markAt(page.hints, ...inPage(x, y), NEAR / view.scale);
  if (at < 0) return say(words("erase.none"));
  say(words("erased"));
  change(page.splice(at, 1, []));
}

function useTool(name) {
  tool = name;
  canvas.dataset.tool = name;
  for (const one of document.querySelectorAll("[data-tool].tool")) {
    one.setAttribute("aria-pressed", String(one.dataset.tool === name));
  }
}

// ---- keys

function nextPlace() {
  if (!places.length) return say(words("suggest.none"));
  place = (place + 1) % places.length;
  cross = [places[place].x - picture.x, places[place].y - picture.y];
  canvas.focus({ preventScroll: true });
  view.reveal(...cross);
  view.draw();
}

async function showPlaces(shown) {
  by("suggest").setAttribute("aria-pressed", String(shown));
  if (shown) await refresh();
  view.draw();
}

function moveCross(event) {
  const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const way = ways[event.key];
  if (!way || !picture || document.activeElement !== canvas) return false;
  const far = event.shiftKey ? 1 : 10 / Math.min(1, view.scale);
  const [x, y] = cross ?? [picture.width / 2, picture.height / 2];
  const clamp = (value, most) => Math.min(Math.max(value, 0), most - 1);
  cross = [clamp(x + far * way[0], picture.width), clamp(y + far * way[1], picture.height)];
  view.reveal(...cross);
  view.draw();
  return true;
}

function useCross(event) {
  if (document.activeElement !== canvas || !picture) return false;
  cross ??= [picture.width / 2, picture.height / 2];
  const [x, y] = view.onScreen(...cross);
  if (tool === "pick") pick(x, y);
  else if (tool === "erase") erase(x, y);
  else {
    const [column, row] = inPage(x, y);
    add({ x: column, y: row, radius: Number(by("size").value), color: colours.value }, event.timeStamp);
  }
  return true;
}

function compare(value) {
  view.split = value;
  by("compare").value = 100 * value;
  view.draw();
}

const KEYS = {
  d: () => useTool("dot"),
  s: () => useTool("stroke"),
  a: () => useTool("area"),
  e: () => useTool("erase"),
  p: () => useTool("pick"),
  z: (event) => step(event.shiftKey ? "redo" : "undo"),
  y: () => step("redo"),
  "+": () => view.zoom(1.25),
  "=": () => view.zoom(1.25),
  "-": () => view.zoom(0.8),
  0: () => view.whole(),
  b: () => compare(view.split > 0.5 ? 0 : 1),
  m: () => ((marksShown = !marksShown), view.draw()),
  q: () => showPlaces(by("suggest").getAttribute("aria-pressed") !== "true"),
  n: async () => {
    if (by("suggest").getAttribute("aria-pressed") !== "true") await showPlaces(true);
    nextPlace();
  },
  "[": () => (by("size").value = Number(by("size").value) - 2),
  "]": () => (by("size").value = Number(by("size").value) + 2),
  PageDown: () => list.go(1),
  PageUp: () => list.go(-1),
  Enter: useCross,
};

document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input:not([type=range]):not([type=radio]):not([type=checkbox]), select, textarea");
  if (typing || event.altKey) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if ((event.ctrlKey || event.metaKey) && key !== "z" && key !== "y") return;
  if (key === " " && (event.target === canvas || event.target === document.body)) {
    spaceHeld = true;
    canvas.dataset.held = "";
    return event.preventDefault();
  }
  if (event.target.matches("input[type=range], input[type=radio]") && key.startsWith("Arrow")) return;
  if (moveCross(event)) return event.preventDefault();
  if (key === "Enter" && event.target !== canvas) return;
  if (!KEYS[key]) return;
  event.preventDefault();
  KEYS[key](event);
});
document.addEventListener("keyup", (event) => {
  if (event.key !== " ") return;
  spaceHeld = false;
  delete canvas.dataset.held;
});
canvas.addEventListener("focus", () => view.draw());
canvas.addEventListener("blur", () => view.draw());

// ---- buttons

for (const one of document.querySelectorAll("[data-tool].tool")) one.addEventListener("click", () => useTool(one.dataset.tool));
const CLICKS = {
  undo: () => step("undo"),
  redo: () => step("redo"),
  closer: () => view.zoom(1.25),
  further: () => view.zoom(0.8),
  whole: () => view.whole(),
  suggest: KEYS.q,
  next: KEYS.n,
  add: () => by("files").click(),
  choose: () => by("files").click(),
  sample: takeSample,
  recolor: () => choose({ recolor: true }),
  insist: () => choose({ line_art: true }),
  samples: showSamples,
  remove: removePage,
};
for (const [id, does] of Object.entries(CLICKS)) by(id).addEventListener("click", does);
by("compare").addEventListener("input", (event) => compare(event.target.value / 100));
by("files").addEventListener("change", (event) => take([...event.target.files]));

async function showSamples() {
  const made = await askPixels(
    `/api/pages/${page.id}/panels/${panel}/colours?version=${page.version}&samples&window=${WINDOW}`,
  ).catch(failed);
  if (made) wishes.showSamples(made, picture, (sample) => choose({ sample }));
}

async function removePage() {
  if (!page || !window.confirm(words("remove.sure", { page: page.name }))) return;
  try {
    await send(`/api/pages/${page.id}`, undefined, "DELETE");
    say(words("removed", { page: page.name }));
    page = null;
    showNothing();
    await start();
  } catch (error) {
    failed(error);
  }
}

// ---- what comes in

async function takeSample() {
  by("busy").hidden = false;
  try {
    await arrived(await send("/api/sample"));
  } catch (error) {
    failed(error);
  } finally {
    by("busy").hidden = true;
  }
}

async function take(files) {
  const found = { pages: [], failed: [] };
  for (const file of files) {
    say(words("taking", { name: file.name }));
    try {
      if (file.size > LARGEST) throw new Error(words("too.large", { name: file.name }));
      const made = await send(`/api/pages?name=${encodeURIComponent(file.name)}`, file);
      found.pages.push(...made.pages);
      found.failed.push(...made.failed);
    } catch (error) {
      found.failed.push({ name: file.name, why: error.message });
    }
  }
  await arrived(found);
}

async function arrived(found) {
  if (found.pages.length) {
    list.show(await ask("/api/project"));
    await openPanel(found.pages[0], 0);
    say(words("taken", { n: found.pages.length }));
    list.fill();
  }
  if (found.failed.length) say(words("failed", found.failed[0]), true);
}

const drop = by("drop");
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  drop.hidden = false;
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) drop.hidden = true;
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.hidden = true;
  const files = [...event.dataTransfer.files];
  const mood = event.target.closest?.("#mood-box");
  if (event.target.closest?.("#references-box") && page) return void wishes.keepReferences(files).catch(failed);
  if (mood && page && files.length) wishes.takeMood(files[0]).catch(failed);
  else if (files.length) take(files);
});

// ---- the beginning

async function start() {
  const project = await ask("/api/project");
  wishes.offerRuns(project.runs);
  wishes.offerReferences(project.references);
  list.show(project);
  by("welcome").hidden = project.pages.length > 0;
  by("desk").classList.toggle("no-panel", !project.pages.length);
  useTool(tool);
  colours.take(isColour(colours.value) ? colours.value : "#e4572e");
  if (!project.pages.length) return showState();
  const [id, number] = list.remembered() ?? [project.pages[0].id, 0];
  await openPanel(id, number);
  list.fill();
}

start().catch(failed);
