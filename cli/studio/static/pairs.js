// The pairs room: the grid with its filters and keys; the boxes of pages are boxes.js.
import { ask, send } from "./api.js";
import { Boxes } from "./boxes.js";
import { Grid } from "./grid.js";
import { words } from "./texts.js";

const by = (id) => document.getElementById(id);
const filters = by("filters");
let all = [];
let boxes = null;

const grid = new Grid(by("grid"), by("sheet"), { look: () => filters.look.value, open: showOne });

function say(text) {
  by("status").textContent = text;
}

const failed = (error) => say(error.message);

// ---- filters

function offer(name) {
  const values = [...new Set(all.map((row) => String(row[name])))].sort();
  filters[name].append(...values.map((value) => new Option(value, value)));
}

const STATES = {
  all: () => true,
  in: (row) => !row.excluded,
  excluded: (row) => row.excluded,
  flagged: (row) => row.flagged,
  alike: (row) => row.alike > 1,
};

function filter() {
  const { series, split, size, state, by: measure, from, to } = Object.fromEntries(new FormData(filters));
  const isIn = (row, name, value) => !value || String(row[name]) === value;
  let rows = all.filter((row) => isIn(row, "series", series) && isIn(row, "split", split) && isIn(row, "size", size) && STATES[state](row));
  if (measure !== "order") {
    rows = rows.filter((row) => row[measure] >= Number(from) && row[measure] <= Number(to));
    rows.sort((one, other) => one[measure] - other[measure]);
  }
  grid.show(rows);
  count();
}

function count() {
  const out = all.filter((row) => row.excluded).length;
  const words1 = words("pairs.count", { n: grid.rows.length.toLocaleString("en"), all: all.length.toLocaleString("en") });
  by("count").textContent = out ? `${words1}. ${words("pairs.excluded", { n: out })}` : words1;
}

// ---- one window

function showOne(row) {
  by("one").hidden = !row;
  by("grid").hidden = Boolean(row);
  if (!row) return grid.focus();
  const picture = by("one-picture");
  picture.src = `/api/pairs/${row.id}/${filters.look.value}?large`;
  by("one-about").textContent = picture.alt = words("pair.about", row);
  by("one-out").textContent = words(row.excluded ? "pair.in" : "pair.out");
  by("one-flag").textContent = words(row.flagged ? "pair.unflag" : "pair.flag");
}

const isLarge = () => !by("one").hidden;

async function mark(name) {
  const row = grid.row;
  if (!row) return;
  row[name] = !row[name];
  grid.draw();
  if (isLarge()) showOne(row);
  const said = name === "excluded" ? (row.excluded ? "out" : "in") : row.flagged ? "flag" : "unflag";
  try {
    await send(`/api/pairs/${row.id}`, { [name]: row[name] });
    say(words(`pair.said.${said}`));
  } catch (error) {
    row[name] = !row[name];
    grid.draw();
    failed(error);
  }
  count();
}

function go(by) {
  grid.go(by);
  if (isLarge()) showOne(grid.row);
}

function look(name) {
  filters.look.value = name;
  grid.draw();
  if (isLarge()) showOne(grid.row);
}

const KEYS = {
  x: () => mark("excluded"),
  f: () => mark("flagged"),
  1: () => look("outline"),
  2: () => look("colour"),
  3: () => look("overlay"),
  ArrowRight: () => go(1),
  ArrowLeft: () => go(-1),
  ArrowDown: () => go(isLarge() ? 1 : grid.columns),
  ArrowUp: () => go(isLarge() ? -1 : -grid.columns),
  PageDown: () => go(grid.columns * 4),
  PageUp: () => go(-grid.columns * 4),
  Home: () => go(-Infinity),
  End: () => go(Infinity),
  Enter: () => showOne(isLarge() ? null : grid.row),
  Escape: () => isLarge() && showOne(null),
};

document.addEventListener("keydown", (event) => {
  const busy = event.target.matches("input, select, button, a, [role=tab]") && event.key !== "Escape";
  if (busy || event.ctrlKey || event.metaKey || event.altKey || by("windows").hidden) return;
  const does = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!does) return;
  event.preventDefault();
  does();
});

filters.addEventListener("input", (event) => (event.target.name === "look" ? look(filters.look.value) : filter()));
filters.addEventListener("submit", (event) => event.preventDefault());
by("one-close").addEventListener("click", () => showOne(null));
by("one-out").addEventListener("click", () => mark("excluded"));
by("one-flag").addEventListener("click", () => mark("flagged"));

// ---- tabs

async function openTab(name) {
  for (const [tab, panel] of [["tab-windows", "windows"], ["tab-pages", "boxes"]]) {
    by(tab).setAttribute("aria-selected", String(tab === name));
    by(tab).tabIndex = tab === name ? 0 : -1;
    by(panel).hidden = tab !== name;
  }
  filters.hidden = by("count").hidden = by("pairs-keys").hidden = name !== "tab-windows";
  if (name === "tab-pages") {
    boxes ??= new Boxes(say);
    await boxes.open();
  }
}

for (const tab of ["tab-windows", "tab-pages"]) {
  by(tab).addEventListener("click", () => openTab(tab).catch(failed));
  by(tab).addEventListener("keydown", (event) => {
    if (!event.key.startsWith("Arrow")) return;
    const other = by(tab === "tab-windows" ? "tab-pages" : "tab-windows");
    if (other.hidden) return;
    other.focus();
    other.click();
  });
}

async function start() {
  const found = await ask("/api/pairs");
  all = found.rows;
  by("tab-pages").hidden = !found.pages;
  for (const name of ["series", "split", "size"]) offer(name);
  filter();
  grid.focus();
}

start().catch(failed);
