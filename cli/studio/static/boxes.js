// Boxes of panels on a page: edges dragged, split, merged, put in order. Every change is kept at once.
import { ask, send } from "./api.js";
import { hands } from "./hands.js";
import { words } from "./texts.js";
import { View } from "./view.js";

const NEAR = 9; // pixels of the screen in which an edge is hit
const LEAST = 8; // pixels of the page: the side of a new box
const by = (id) => document.getElementById(id);

export class Boxes {
  constructor(say) {
    Object.assign(this, { say, page: null, panels: [], chosen: -1, before: [], ordered: null, merging: false, pointer: [0, 0] });
    this.view = new View(by("canvas"), { overlay: (context) => this.#overlay(context), moved: () => {} });
    this.held = false;
    hands(this.view, {
      held: () => this.held || !this.page,
      start: (x, y) => this.#start(x, y),
      move: (x, y) => this.#move(x, y),
      end: () => this.#end(),
      cancel: () => this.#end(),
    });
    by("canvas").addEventListener("pointermove", (event) => (this.pointer = this.view.inPicture(event.offsetX, event.offsetY)));
    const clicks = { order: "o", "split-h": "h", "split-v": "v", merge: "m", kind: "t", delete: "Delete", undo: "z" };
    for (const [id, key] of Object.entries(clicks)) by(`box-${id}`).addEventListener("click", () => this.#key(key));
    document.addEventListener("keydown", (event) => this.#pressed(event));
    document.addEventListener("keyup", (event) => (this.held &&= event.key !== " "));
  }

  async open() {
    if (this.pages) return;
    this.pages = (await ask("/api/pairs/pages")).pages;
    by("page-list").replaceChildren(...this.pages.map((page) => this.#item(page)));
    if (this.pages.length) await this.#show(this.pages[0]);
  }

  #item(page) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.page = page.page;
    button.append(page.name, Object.assign(document.createElement("span"), { className: "quiet" }));
    button.addEventListener("click", () => this.#show(page).catch((error) => this.say(error.message)));
    item.append(button);
    this.#state(button, page);
    return item;
  }

  #state(button, page) {
    button.lastElementChild.textContent = page.corrected ? words("pages.corrected") : words("pages.confidence", { percent: Math.round(100 * page.confidence) });
  }

  async #show(page) {
    for (const one of by("page-list").querySelectorAll("button")) one.toggleAttribute("aria-current", one.dataset.page === String(page.page));
    const found = await ask(`/api/pairs/pages/${page.page}`);
    const image = new Image();
    image.src = `/api/pairs/pages/${page.page}/picture`;
    await image.decode();
    Object.assign(this, { page, panels: found.panels, chosen: found.panels.length ? 0 : -1, before: [], ordered: null });
    this.view.show({ width: found.width, height: found.height, before: image, after: image });
    this.#told();
  }

  #told() {
    const panel = this.panels[this.chosen];
    if (panel) this.say(words("box.chosen", { n: this.chosen + 1, all: this.panels.length, kind: words(`kind.${panel.kind}`) }));
    this.view.draw();
  }

  // ---- keeping

  #remember() {
    this.before.push(JSON.stringify(this.panels));
  }

  async #keep() {
    this.view.draw();
    const { page } = this;
    try {
      const panels = this.panels.map(({ box, kind }) => ({ box: box.map(Math.round), kind }));
      await send(`/api/pairs/pages/${page.page}`, { panels });
      page.corrected = true;
      this.#state(by("page-list").querySelector(`[data-page="${page.page}"]`), page);
      this.say(words("boxes.kept"));
    } catch (error) {
      this.say(error.message);
    }
  }

  /** Change the boxes by `does`, keep them, and have it undone where somebody wishes. */
  #change(does) {
    this.#remember();
    does();
    this.#keep();
  }

  // ---- hands

  #start(x, y) {
    by("canvas").focus({ preventScroll: true });
    const [column, row] = this.view.inPicture(x, y);
    if (this.ordered) return this.#order(this.#at(column, row));
    const hit = this.#edge(column, row);
    const inside = this.#at(column, row);
    if (this.merging) return this.#merge(inside);
    this.#remember();
    if (hit) {
      this.chosen = hit.at;
      this.drag = { ...hit, moved: false };
    } else if (inside >= 0) {
      this.chosen = inside;
      this.before.pop();
    } else {
      this.panels.push({ box: [column, row, column, row], kind: "panel" });
      this.chosen = this.panels.length - 1;
      this.drag = { at: this.chosen, edges: [2, 3], moved: false, isNew: true };
    }
    this.#told();
  }

  #move(x, y) {
    if (!this.drag) return;
    const [column, row] = this.view.inPicture(x, y);
    const { box } = this.panels[this.drag.at];
    const { width, height } = this.view.picture;
    for (const edge of this.drag.edges) box[edge] = Math.round(Math.min(Math.max(edge % 2 ? row : column, 0), edge % 2 ? height : width));
    this.drag.moved = true;
    this.view.draw();
  }

  #end() {
    const { drag } = this;
    this.drag = null;
    if (!drag) return;
    const { box } = this.panels[drag.at];
    this.panels[drag.at].box = [Math.min(box[0], box[2]), Math.min(box[1], box[3]), Math.max(box[0], box[2]), Math.max(box[1], box[3])];
    const [x0, y0, x1, y1] = this.panels[drag.at].box;
    if (!drag.moved || x1 - x0 < LEAST || y1 - y0 < LEAST) {
      this.panels = JSON.parse(this.before.pop());
      this.chosen = Math.min(this.chosen, this.panels.length - 1);
      this.view.draw();
    } else this.#keep();
  }

  /** The edges of a box that lie at a place: { at, edges }, the chosen box first. */
  #edge(x, y) {
    const near = NEAR / this.view.scale;
    const order = [this.chosen, ...this.panels.keys()].filter((at) => at >= 0);
    for (const at of order) {
      const [x0, y0, x1, y1] = this.panels[at].box;
      if (x < x0 - near || x > x1 + near || y < y0 - near || y > y1 + near) continue;
      const edges = [x - x0, y - y0, x1 - x, y1 - y].map((far, edge) => (Math.abs(far) <= near ? edge : -1)).filter((edge) => edge >= 0);
      if (edges.length) return { at, edges };
    }
    return null;
  }

  /** The smallest box around a place; -1 where none is. */
  #at(x, y) {
    const area = ([x0, y0, x1, y1]) => (x1 - x0) * (y1 - y0);
    const around = [...this.panels.keys()].filter((at) => {
      const [x0, y0, x1, y1] = this.panels[at].box;
      return x >= x0 && x < x1 && y >= y0 && y < y1;
    });
    return around.sort((one, other) => area(this.panels[one].box) - area(this.panels[other].box))[0] ?? -1;
  }

  // ---- keys

  #pressed(event) {
    if (by("boxes").hidden || event.target.matches("input, select") || event.ctrlKey || event.metaKey) return;
    if (event.key === " " && event.target === by("canvas")) {
      this.held = true;
      return event.preventDefault();
    }
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const onCanvas = event.target === by("canvas");
    if (onCanvas && key === "Tab" && this.panels.length) {
      const next = this.chosen + (event.shiftKey ? -1 : 1);
      if (next < 0 || next >= this.panels.length) return;
      event.preventDefault();
      this.chosen = next;
      return this.#told();
    }
    if (onCanvas && key.startsWith("Arrow")) {
      event.preventDefault();
      return this.#nudge(key, event.shiftKey);
    }
    if (this.#key(key)) event.preventDefault();
  }

  #key(key) {
    const does = {
      o: () => this.#beginOrder(),
      h: () => this.#split(1),
      v: () => this.#split(0),
      m: () => this.#beginMerge(),
      t: () => this.#withChosen((panel) => (panel.kind = panel.kind === "text" ? "panel" : "text")),
      Delete: () => this.#withChosen(() => this.panels.splice(this.chosen, 1)),
      Backspace: () => this.#withChosen(() => this.panels.splice(this.chosen, 1)),
      z: () => this.#undo(),
      Escape: () => ((this.ordered = null), (this.merging = false), this.#told()),
      "+": () => this.view.zoom(1.25),
      "-": () => this.view.zoom(0.8),
      0: () => this.view.whole(),
    }[key];
    if (does) does();
    return Boolean(does);
  }

  #withChosen(does) {
    const panel = this.panels[this.chosen];
    if (!panel) return this.say(words("box.none"));
    this.#change(() => does(panel));
    this.chosen = Math.min(this.chosen, this.panels.length - 1);
  }

  #nudge(key, corner) {
    const [across, down] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
    const { width, height } = this.view.picture;
    this.#withChosen((panel) => {
      const [x0, y0, x1, y1] = panel.box;
      const moved = corner ? [x0, y0, x1 + across, y1 + down] : [x0 + across, y0 + down, x1 + across, y1 + down];
      if (moved[0] >= 0 && moved[1] >= 0 && moved[2] <= width && moved[3] <= height && moved[2] > x0 && moved[3] > y0) panel.box = moved;
    });
  }

  /** At the pointer where that is inside, else in the middle; `axis` 0 splits down, 1 across. */
  #split(axis) {
    this.#withChosen((panel) => {
      const [low, high] = [panel.box[axis], panel.box[axis + 2]];
      const at = this.pointer[axis] > low + LEAST && this.pointer[axis] < high - LEAST ? this.pointer[axis] : (low + high) / 2;
      const second = { kind: panel.kind, box: [...panel.box] };
      panel.box[axis + 2] = second.box[axis] = Math.round(at);
      this.panels.splice(this.chosen + 1, 0, second);
    });
  }

  #beginMerge() {
    this.merging = this.chosen >= 0;
    this.say(words(this.merging ? "box.merge.choose" : "box.none"));
  }

  #merge(other) {
    this.merging = false;
    if (other < 0 || other === this.chosen) return this.#told();
    this.#change(() => {
      const [one, two] = [this.panels[this.chosen].box, this.panels[other].box];
      this.panels[this.chosen].box = [Math.min(one[0], two[0]), Math.min(one[1], two[1]), Math.max(one[2], two[2]), Math.max(one[3], two[3])];
      this.panels.splice(other, 1);
      this.chosen -= other < this.chosen;
    });
  }

  #beginOrder() {
    this.ordered = [];
    this.say(words("boxes.order", { n: 0, all: this.panels.length }));
    this.view.draw();
  }

  #order(at) {
    if (at < 0 || this.ordered.includes(this.panels[at])) return;
    this.ordered.push(this.panels[at]);
    this.say(words("boxes.order", { n: this.ordered.length, all: this.panels.length }));
    if (this.ordered.length < this.panels.length) return this.view.draw();
    const { ordered } = this;
    this.ordered = null;
    this.#change(() => (this.panels = ordered));
  }

  #undo() {
    if (!this.before.length) return;
    this.panels = JSON.parse(this.before.pop());
    this.chosen = Math.min(this.chosen, this.panels.length - 1);
    this.#keep().then(() => this.say(words("boxes.undone")));
  }

  // ---- drawing

  #overlay(context) {
    context.font = "600 14px system-ui, sans-serif";
    context.textAlign = "center";
    context.textBaseline = "middle";
    this.panels.forEach((panel, at) => {
      const [x0, y0] = this.view.onScreen(panel.box[0], panel.box[1]);
      const [x1, y1] = this.view.onScreen(panel.box[2], panel.box[3]);
      const isChosen = at === this.chosen;
      context.strokeStyle = "#ffffff";
      context.lineWidth = isChosen ? 6 : 4;
      context.strokeRect(x0, y0, x1 - x0, y1 - y0);
      context.strokeStyle = panel.kind === "text" ? "#9a5a00" : "#3557c7";
      context.lineWidth = isChosen ? 4 : 2;
      context.strokeRect(x0, y0, x1 - x0, y1 - y0);
      const number = this.ordered ? this.ordered.indexOf(panel) + 1 || "?" : at + 1;
      context.fillStyle = context.strokeStyle;
      context.beginPath();
      context.roundRect(x0 + 4, y0 + 4, 30, 24, 6);
      context.fill();
      context.fillStyle = "#ffffff";
      context.fillText(String(number), x0 + 19, y0 + 16.5);
    });
  }
}
