// A grid of thousands of pictures, of which only those in sight are there.
import { words } from "./texts.js";

const SIDE = 148; // pixels of a cell
const BEYOND = 2; // rows above and below what is in sight

export class Grid {
  constructor(place, sheet, { look, open }) {
    Object.assign(this, { place, sheet, look, open, rows: [], chosen: 0, cells: new Map() });
    place.addEventListener("scroll", () => this.draw(), { passive: true });
    new ResizeObserver(() => this.draw()).observe(place);
    sheet.addEventListener("click", (event) => {
      const cell = event.target.closest("[data-at]");
      if (cell) this.choose(Number(cell.dataset.at));
    });
    sheet.addEventListener("dblclick", () => this.open(this.row));
  }

  get columns() {
    return Math.max(1, Math.floor(this.sheet.clientWidth / SIDE));
  }

  get row() {
    return this.rows[this.chosen];
  }

  focus() {
    this.place.focus({ preventScroll: true });
  }

  show(rows) {
    this.rows = rows;
    this.chosen = 0;
    this.place.scrollTop = 0;
    this.#clear();
    this.draw();
  }

  #clear() {
    for (const cell of this.cells.values()) cell.remove();
    this.cells.clear();
  }

  go(by) {
    this.choose(Math.min(Math.max(this.chosen + by, 0), this.rows.length - 1));
  }

  choose(at) {
    this.chosen = at;
    const top = Math.floor(at / this.columns) * SIDE;
    const { scrollTop, clientHeight } = this.place;
    if (top < scrollTop) this.place.scrollTop = top;
    else if (top + SIDE > scrollTop + clientHeight) this.place.scrollTop = top + SIDE - clientHeight;
    this.draw();
  }

  draw() {
    const columns = this.columns;
    if (columns !== this.drawn) this.#clear();
    this.drawn = columns;
    this.sheet.style.height = `${Math.ceil(this.rows.length / columns) * SIDE}px`;
    const first = Math.max(0, Math.floor(this.place.scrollTop / SIDE) - BEYOND) * columns;
    const last = Math.min(this.rows.length, (Math.ceil((this.place.scrollTop + this.place.clientHeight) / SIDE) + BEYOND) * columns);
    for (const [at, cell] of this.cells) {
      if (at >= first && at < last) continue;
      cell.remove();
      this.cells.delete(at);
    }
    for (let at = first; at < last; at++) this.#fill(at, columns);
    this.place.setAttribute("aria-activedescendant", this.row ? `pair-${this.row.id}` : "");
  }

  #fill(at, columns) {
    const row = this.rows[at];
    const cell = this.cells.get(at) ?? this.#cell(at, columns, row);
    const image = cell.firstElementChild;
    const source = `/api/pairs/${row.id}/${this.look()}`;
    if (image.getAttribute("src") !== source) image.src = source;
    cell.setAttribute("aria-selected", String(at === this.chosen));
    cell.classList.toggle("out", row.excluded);
    cell.classList.toggle("flag", row.flagged);
    const states = [row.excluded && words("pair.excluded"), row.flagged && words("pair.flagged")].filter(Boolean);
    cell.setAttribute("aria-label", [words("pair.about", row), ...states].join(", "));
  }

  #cell(at, columns, row) {
    const cell = document.createElement("div");
    cell.className = "cell";
    cell.id = `pair-${row.id}`;
    cell.dataset.at = at;
    cell.setAttribute("role", "option");
    cell.style.transform = `translate(${(at % columns) * SIDE}px, ${Math.floor(at / columns) * SIDE}px)`;
    const image = document.createElement("img");
    image.alt = "";
    image.decoding = "async";
    cell.append(image);
    this.sheet.append(cell);
    this.cells.set(at, cell);
    return cell;
  }
}
