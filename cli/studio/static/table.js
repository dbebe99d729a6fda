// The panel on the table: its page, its pixels, its colours. A change goes to the page and comes back as colours.
import { ask, askPixels, send } from "./api.js";
import { PageDocument } from "./page.js";
import { Picture } from "./picture.js";
import { by, failed, say } from "./said.js";
import { words } from "./texts.js";

const WINDOW = Math.random().toString(36).slice(2, 10); // this window's questions, for the server to tell them apart
const READ_ANEW = ["run", "layout", "recolor", "line_art"];

export class Table {
  page = null;
  panel = 0;
  picture = null;
  places = []; // where a dot would help
  suggesting = false;
  #asked = null; // the question for colours that is under way

  /** `changed()` is told when the page is another than it was. */
  constructor({ view, list, wishes, colours, changed }) {
    Object.assign(this, { view, list, wishes, colours, changed });
  }

  async open(id, number) {
    await this.#leave();
    say("");
    const found = await ask(`/api/pages/${id}`);
    this.page = new PageDocument(id, found, (why, text) => this.#told(why, text));
    this.page.name = found.name;
    this.panel = Math.max(0, Math.min(number, found.panels.length - 1));
    this.places = [];
    this.list.setPanels(id, found.panels);
    this.list.choose(id, this.panel);
    by("welcome").hidden = true;
    by("alone").hidden = !found.left_alone;
    by("alone-why").textContent = found.left_alone;
    by("alone-ways").hidden = found.empty;
    by("desk").classList.toggle("no-panel", Boolean(found.left_alone));
    await this.wishes.useRun(this.page, this.colours);
    this.changed();
    if (found.left_alone) return this.clear();
    await this.#showPiece();
    await this.refresh();
  }

  clear() {
    this.picture = null;
    this.view.show(null);
  }

  async #leave() {
    this.#asked?.abort();
    if (this.page) await this.page.line;
  }

  #path(what, query = "") {
    return `/api/pages/${this.page.id}/panels/${this.panel}/${what}?version=${this.page.version}&window=${WINDOW}${query}`;
  }

  async #showPiece() {
    by("busy").hidden = false;
    try {
      const piece = await askPixels(this.#path("piece"));
      if (!piece) return;
      this.picture = new Picture(piece);
      this.view.show(this.picture);
    } finally {
      by("busy").hidden = true;
    }
  }

  /** The whole panel by the network; a question that is under way is given up. */
  async refresh(from = performance.now()) {
    if (!this.picture) return;
    this.#asked?.abort();
    const mine = (this.#asked = new AbortController());
    const [page, number] = [this.page, this.panel];
    const slow = setTimeout(() => (by("busy").hidden = false), 400);
    try {
      const made = await askPixels(this.#path("colours", this.suggesting ? "&suggest" : ""), mine.signal);
      if (!made || mine.signal.aborted || page !== this.page || number !== this.panel) return;
      await this.#show(made, from);
    } catch (error) {
      failed(error);
    } finally {
      clearTimeout(slow);
      if (mine === this.#asked) by("busy").hidden = true;
    }
  }

  async #show({ about, data, start }, from) {
    this.picture.take(data, start);
    this.places = about.suggested;
    await this.view.draw();
    performance.measure("panel", { start: from, end: performance.now() });
    if (about.notes.length) say(about.notes[0]);
    this.list.refresh(this.page.id, this.panel, this.picture.after);
    this.view.canvas.dataset.version = about.version;
  }

  /** Four colourings to choose from. */
  samples() {
    return askPixels(this.#path("colours", "&samples"));
  }

  async suggest(shown) {
    this.suggesting = shown;
    if (shown) await this.refresh();
    this.view.draw();
  }

  #told(why, text) {
    if (text) say(text, true);
    else if (why !== "own") say(words(why === "undo" ? "undone" : "redone"));
    this.changed();
    this.view.draw();
  }

  async #change(doing, from = performance.now()) {
    try {
      this.changed();
      await doing;
      await this.refresh(from);
    } catch (error) {
      failed(error);
      this.page.reset(await ask(`/api/pages/${this.page.id}`));
      this.changed();
      this.refresh();
    }
  }

  /** A new mark: its regions have its colour before the server is asked. */
  add(mark, from) {
    const shifted = moved(mark, -this.picture.x, -this.picture.y);
    const at = beginning(shifted);
    if (!this.picture.holds(...at)) return;
    const soft = this.wishes.style === "soft";
    for (const label of this.picture.regionsOf(shifted)) this.picture.repaint(label, this.colours.rgb, soft && at);
    this.view.draw().then(() => performance.measure("region", { start: from, end: performance.now() }));
    this.colours.used();
    const [x, y] = beginning(mark).map(Math.round);
    say(words("hinted", { color: mark.color, x, y }));
    return this.#change(this.page.splice(this.page.hints.length, 0, [mark]), from);
  }

  takeAway(at) {
    say(words("erased"));
    return this.#change(this.page.splice(at, 1, []));
  }

  choose(values) {
    if (!READ_ANEW.some((name) => name in values)) return this.#change(this.page.choose(values));
    return this.page
      .choose(values)
      .then(() => this.open(this.page.id, this.panel))
      .catch(failed);
  }

  step(way) {
    if (!this.page) return;
    const { choices } = this.page;
    return this.#change(this.page.step(way).then(() => this.#readAnew(choices)));
  }

  /** Open the page again where it is read in another way than by the choices of before. */
  async #readAnew(before) {
    const { id, choices } = this.page;
    if (READ_ANEW.some((name) => before[name] !== choices[name])) await this.open(id, this.panel);
    else this.changed();
  }

  /** Take the page out of the project; true where a person is sure of that. */
  async remove() {
    if (!this.page || !window.confirm(words("remove.sure", { page: this.page.name }))) return false;
    await send(`/api/pages/${this.page.id}`, undefined, "DELETE");
    say(words("removed", { page: this.page.name }));
    this.page = null;
    this.clear();
    return true;
  }

  /** Whether a mark belongs to the panel. */
  isHere = (mark) => {
    const [x, y] = beginning(mark);
    return this.picture.holds(x - this.picture.x, y - this.picture.y);
  };
}

function beginning(mark) {
  return mark.polygon?.[0] ?? mark.points?.[0] ?? [mark.x, mark.y];
}

function moved(mark, x, y) {
  const all = (points) => points.map(([one, other]) => [one + x, other + y]);
  if (mark.points) return { ...mark, points: all(mark.points) };
  if (mark.polygon) return { ...mark, polygon: all(mark.polygon) };
  return { ...mark, x: mark.x + x, y: mark.y + y };
}
