// What is wished for the whole page: run, style, mood, background, which of several colourings.
import { ask, send } from "./api.js";
import { isColour } from "./colours.js";
import { words } from "./texts.js";

const by = (id) => document.getElementById(id);

export class Wishes {
  constructor({ choose, colour, keepMood, say }) {
    Object.assign(this, { choose, keepMood, say, run: null, told: {}, page: null, references: [] });
    by("run").addEventListener("change", (event) => choose({ run: event.target.value }));
    for (const one of document.querySelectorAll("[name=style]")) one.addEventListener("change", () => choose({ style: one.value }));
    by("single").addEventListener("change", (event) => choose({ layout: event.target.checked ? "single" : "auto" }));
    by("follow").addEventListener("change", (event) => choose({ follow: event.target.checked }));
    by("mood-colour").addEventListener("click", () => choose({ mood: colour() }));
    by("mood-picture").addEventListener("click", () => by("mood-file").click());
    by("mood-file").addEventListener("change", (event) => this.takeMood(event.target.files[0]).catch((error) => say(error.message, true)));
    by("mood-none").addEventListener("click", () => choose({ mood: null }));
    by("reference-add").addEventListener("click", () => by("reference-files").click());
    by("reference-files").addEventListener("change", (event) => this.keepReferences([...event.target.files]).catch((error) => say(error.message, true)));
    by("reference-page").addEventListener("click", () => this.keepPage().catch((error) => say(error.message, true)));
    by("reference-everywhere").addEventListener("click", () => this.useEverywhere().catch((error) => say(error.message, true)));
    by("background-colour").addEventListener("click", () => choose({ background: colour() }));
    by("background-none").addEventListener("click", () => choose({ background: null }));
  }

  get style() {
    return this.page?.choices.style ?? this.told.style;
  }

  offerRuns(runs) {
    const option = (value, text) => Object.assign(document.createElement("option"), { value, textContent: text });
    by("run").replaceChildren(...runs.map((run) => option(run.id, run.name)), option("", words("run.flats")));
    by("run-box").hidden = !runs.length;
  }

  /** Offer what the run of a page can do. */
  async useRun(page, colours) {
    this.page = page;
    const name = page.choices.run;
    if (this.run !== name) {
      this.told = await ask(`/api/runs/${encodeURIComponent(name)}`);
      this.run = name;
      colours.offer(this.told.colors);
      if (this.told.missing) this.say(words("missing.run", { name }), true);
    }
    by("style-box").hidden = this.told.styles.length < 2;
    by("follow-box").hidden = !this.told.follow;
    by("mood-box").hidden = !this.told.moods;
    by("references-box").hidden = !this.told.references;
    by("background-box").hidden = !this.told.background;
    by("suggest-box").hidden = !this.told.suggest;
    by("samples-box").hidden = !this.told.samples;
    by("sample-list").replaceChildren();
  }

  show(page) {
    const { choices } = page;
    by("run").value = this.told.missing ? "" : choices.run;
    for (const one of document.querySelectorAll("[name=style]")) one.checked = one.value === this.style;
    by("follow").checked = choices.follow;
    by("single").checked = choices.layout === "single";
    this.showReferences();
    this.#now("mood", choices.mood);
    this.#now("background", choices.background);
    by("command").textContent = page.command;
    for (const one of by("sample-list").children) one.setAttribute("aria-pressed", String(Number(one.dataset.sample) === choices.sample));
  }

  #now(name, value) {
    const now = by(`${name}-now`);
    now.hidden = by(`${name}-none`).hidden = value === null;
    now.replaceChildren();
    if (value === null) return;
    now.style.backgroundColor = isColour(value) ? value : "";
    now.title = isColour(value) ? value : "";
    if (isColour(value)) return;
    const image = document.createElement("img");
    image.src = `/api/moods/${value}`;
    image.alt = words("mood.picture");
    now.append(image);
  }

  offerReferences(references) {
    this.references = references;
    this.showReferences();
  }

  /** Every kept picture is a switch. */
  showReferences() {
    const chosen = this.page?.choices.references ?? [];
    by("references").replaceChildren(
      ...this.references.map((id, at) => {
        const button = document.createElement("button");
        button.type = "button";
        button.setAttribute("aria-label", words("references.one", { n: at + 1 }));
        button.setAttribute("aria-pressed", String(chosen.includes(id)));
        button.append(Object.assign(document.createElement("img"), { src: `/api/references/${id}`, alt: "" }));
        const others = chosen.filter((one) => one !== id);
        button.addEventListener("click", () => this.choose({ references: chosen.includes(id) ? others : [...chosen, id] }));
        return button;
      }),
    );
  }

  /** Keep pictures, and switch them on. */
  async keepReferences(files) {
    const kept = [];
    for (const file of files) kept.push((await send("/api/references", file)).id);
    this.offerReferences([...new Set([...this.references, ...kept])]);
    await this.choose({ references: [...new Set([...this.page.choices.references, ...kept])] });
  }

  async keepPage() {
    const { id, count } = await send(`/api/pages/${this.page.id}/reference`);
    this.offerReferences([...new Set([...this.references, id])]);
    this.say(words("references.kept", { n: count }));
  }

  /** The references of this page for every page of the chapter. */
  async useEverywhere() {
    const { references } = this.page.choices;
    const { count } = await send("/api/references/everywhere", { references });
    this.say(words("references.said", { n: count }));
  }

  async takeMood(file) {
    if (file) await this.choose({ mood: (await this.keepMood(file)).id });
  }

  showSamples({ about, data, start }, picture, chosen) {
    const size = 3 * picture.width * picture.height;
    const buttons = Array.from({ length: about.count }, (_, at) => {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.sample = at;
      button.setAttribute("aria-label", words("samples.one", { n: at + 1 }));
      button.setAttribute("aria-pressed", String(at === this.page.choices.sample));
      button.append(small(new Uint8Array(data, start + at * size, size), picture));
      button.addEventListener("click", () => chosen(at));
      return button;
    });
    by("sample-list").replaceChildren(...buttons);
    if (about.count < 4) this.say(words("samples.fewer", { n: about.count }));
  }
}

/** A small canvas of plain pixels. */
function small(rgb, { width, height }) {
  const step = Math.max(1, Math.floor(Math.max(width, height) / 260));
  const canvas = document.createElement("canvas");
  canvas.width = Math.ceil(width / step);
  canvas.height = Math.ceil(height / step);
  const image = new ImageData(canvas.width, canvas.height);
  for (let y = 0, to = 0; y < height; y += step) {
    for (let x = 0; x < width; x += step, to += 4) {
      const from = 3 * (y * width + x);
      image.data.set([rgb[from], rgb[from + 1], rgb[from + 2], 255], to);
    }
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}
