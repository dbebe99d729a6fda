// Dot, stroke, area, erase, pick: what a hand, a pen or the cross of the keyboard does to the panel on the table.
import { hexOf } from "./colours.js";
import { hands } from "./hands.js";
import { drawCross, drawMark, drawMarks, drawPlaces, markAt } from "./marks.js";
import { by, say } from "./said.js";
import { words } from "./texts.js";

const NEAR = 10; // pixels of the screen in which a mark is hit
const STEP = 10; // likewise, of the cross

export class Tools {
  tool = "dot";
  marksShown = true;
  isHeld = false; // the space bar: the hand moves the paper
  #drawing = null; // the mark under the hand
  #cross = null; // in pixels of the panel, while the keyboard draws
  #place = -1;

  constructor(table, view, colours) {
    Object.assign(this, { table, view, colours, canvas: view.canvas });
    for (const one of document.querySelectorAll("[data-tool].tool")) one.addEventListener("click", () => this.use(one.dataset.tool));
    for (const name of ["focus", "blur"]) this.canvas.addEventListener(name, () => view.draw());
    hands(view, {
      held: () => this.isHeld || !table.picture,
      start: (x, y, event) => this.#start(x, y, event),
      move: (x, y, event) => this.#move(x, y, event),
      end: (event) => this.#end(event),
      cancel: () => this.#cancel(),
    });
  }

  use(name) {
    this.tool = this.canvas.dataset.tool = name;
    for (const one of document.querySelectorAll("[data-tool].tool")) one.setAttribute("aria-pressed", String(one.dataset.tool === name));
  }

  /** What lies over the panel. */
  overlay(context) {
    const { table, view } = this;
    if (!table.page || !table.picture) return;
    if (this.marksShown && view.split < 0.99) drawMarks(context, view, table.page.hints.filter(table.isHere));
    if (this.#drawing) drawMark(context, view, this.#drawing);
    if (table.suggesting) drawPlaces(context, view, table.places, this.#place);
    if (this.#cross && document.activeElement === this.canvas) drawCross(context, view, this.#cross);
  }

  /** The panel is another one. */
  forget() {
    this.#cross = null;
    this.#place = -1;
  }

  get #radius() {
    return Number(by("size").value);
  }

  #inPage(x, y) {
    const { picture } = this.table;
    const [column, row] = this.view.inPicture(x, y);
    const clamp = (value, most) => Math.min(Math.max(value, 0), most - 0.01);
    const round = (value) => Math.round(value * 10) / 10;
    return [round(picture.x + clamp(column, picture.width)), round(picture.y + clamp(row, picture.height))];
  }

  #start(x, y, event) {
    this.canvas.focus({ preventScroll: true });
    this.#cross = null;
    if (this.table.picture?.holds(...this.view.inPicture(x, y))) this.#use(event.altKey ? "pick" : this.tool, x, y, event);
  }

  #use(tool, x, y, event, isCross = false) {
    if (tool === "pick") return this.#pick(x, y);
    if (tool === "erase") return this.#erase(x, y);
    const [column, row] = this.#inPage(x, y);
    const [radius, color] = [this.#radius, this.colours.value];
    if (tool === "dot" || isCross) return void this.table.add({ x: column, y: row, radius, color }, event.timeStamp);
    this.#drawing = tool === "area" ? { color, polygon: [[column, row]] } : { color, radius, points: [[column, row]] };
  }

  #move(x, y, event) {
    if (this.tool === "pick" && event.buttons && this.table.picture.holds(...this.view.inPicture(x, y))) this.#pick(x, y);
    if (!this.#drawing) return;
    const points = this.#drawing.points ?? this.#drawing.polygon;
    const [column, row] = this.#inPage(x, y);
    const [last, least] = [points[points.length - 1], 2 / this.view.scale];
    if (Math.hypot(column - last[0], row - last[1]) >= least) points.push([column, row]);
    this.view.draw();
  }

  #end(event) {
    const mark = this.#drawing;
    this.#drawing = null;
    if (!mark) return;
    if (mark.points?.length === 1) {
      const [[x, y]] = mark.points;
      this.table.add({ x, y, radius: mark.radius, color: mark.color }, event.timeStamp);
    } else if (mark.points || mark.polygon.length > 2) this.table.add(mark, event.timeStamp);
    else this.view.draw();
  }

  #cancel() {
    this.#drawing = null;
    this.view.draw();
  }

  #pick(x, y) {
    this.colours.take(hexOf(this.table.picture.colourAt(...this.view.inPicture(x, y))));
    say(words("picked", { color: this.colours.value }));
  }

  #erase(x, y) {
    const { page, isHere } = this.table;
    const here = page.hints.map((mark, at) => (isHere(mark) ? at : -1)).filter((at) => at >= 0);
    const found = markAt(here.map((at) => page.hints[at]), ...this.#inPage(x, y), NEAR / this.view.scale);
    if (found < 0) return say(words("erase.none"));
    this.table.takeAway(here[found]);
  }

  // ---- by keys

  /** Move the cross by an arrow key; true where it was one. */
  moveCross(event) {
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const [way, { picture }] = [ways[event.key], this.table];
    if (!way || !picture || document.activeElement !== this.canvas) return false;
    const far = event.shiftKey ? 1 : STEP / Math.min(1, this.view.scale);
    const [x, y] = this.#cross ?? [picture.width / 2, picture.height / 2];
    const clamp = (value, most) => Math.min(Math.max(value, 0), most - 1);
    this.#showCross(clamp(x + far * way[0], picture.width), clamp(y + far * way[1], picture.height));
    return true;
  }

  #showCross(x, y) {
    this.#cross = [x, y];
    this.view.reveal(x, y);
    this.view.draw();
  }

  useCross(event) {
    const { picture } = this.table;
    if (!picture) return;
    this.#cross ??= [picture.width / 2, picture.height / 2];
    this.#use(this.tool, ...this.view.onScreen(...this.#cross), event, true);
  }

  /** Put the cross where a dot would help, one place after the other. */
  nextPlace() {
    const { places, picture } = this.table;
    if (!places.length) return say(words("suggest.none"));
    this.#place = (this.#place + 1) % places.length;
    const { x, y } = places[this.#place];
    this.canvas.focus({ preventScroll: true });
    this.#showCross(x - picture.x, y - picture.y);
  }
}
