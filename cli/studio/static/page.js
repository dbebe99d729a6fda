// A page as the server has it: changes go there one after the other, each telling which version it was made on.
import { send, Problem } from "./api.js";
import { words } from "./texts.js";

export class PageDocument {
  /** `changed(why)` is told whenever it is another: "own", "undo", "redo", or "stale" with what to say. */
  constructor(id, document, changed) {
    this.id = id;
    this.changed = changed;
    this.line = Promise.resolve();
    this.pending = 0;
    this.reset(document);
  }

  /** It is this now, whatever was meant. */
  reset(document) {
    this.take(document);
    this.count = this.hints.length; // of the marks that the server has
  }

  take(document) {
    this.version = document.version;
    this.hints = document.hints;
    this.choices = document.choices;
    this.canUndo = document.undo;
    this.canRedo = document.redo;
    this.command = document.command ?? this.command;
  }

  /** Marks that take the place of `remove` marks from `at` on: shown at once, sent in turn. */
  splice(at, remove, add) {
    const isLast = at === this.hints.length;
    this.hints = [...this.hints.slice(0, at), ...add, ...this.hints.slice(at + remove)];
    return this.#send("changes", () => ({ change: { at: isLast ? this.count : at, remove, add } }), isLast);
  }

  choose(values) {
    this.choices = { ...this.choices, ...values };
    return this.#send("changes", () => ({ change: { choose: values } }), true);
  }

  step(way) {
    return this.#send(way, () => ({}), false);
  }

  #send(path, body, isSafe) {
    this.pending++;
    const sent = this.line.then(async () => {
      try {
        await this.#post(path, body, isSafe);
      } finally {
        this.pending--;
      }
    });
    this.line = sent.catch(() => {});
    return sent;
  }

  async #post(path, body, isSafe, again = false) {
    const ask = () => send(`/api/pages/${this.id}/${path}`, { version: this.version, ...body() });
    try {
      const told = await ask();
      this.count = told.hints.length;
      if (this.pending <= 1) this.take(told);
      else this.version = told.version;
      this.changed(path === "changes" ? "own" : path);
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 409 || again) throw error;
      this.reset(error.body.document);
      if (isSafe) await this.#post(path, body, isSafe, true);
      this.changed("stale", words(isSafe ? "stale" : "stale.lost"));
    }
  }
}
