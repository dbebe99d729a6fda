// The list along the side: pages in their order, and the panels of each with a small picture.
import { ask } from "./api.js";
import { words } from "./texts.js";

const KEPT = "comicdata-studio-panel";
const SMALL = 200; // pixels

export class PanelList {
  constructor(place, open, say) {
    Object.assign(this, { place, openPanel: open, say, pages: [], panels: new Map(), chosen: ["", 0] });
  }

  show(project) {
    this.pages = project.pages;
    this.place.replaceChildren(...this.pages.map((page) => this.#item(page)));
    for (const [id, panels] of this.panels) this.setPanels(id, panels);
  }

  #item(page) {
    const item = document.createElement("li");
    item.dataset.page = page.id;
    const name = document.createElement("p");
    name.className = "page-name";
    name.textContent = name.title = page.name;
    const panels = document.createElement("div");
    panels.className = "thumbs";
    item.append(name, panels);
    panels.append(this.#button(page, 0, false));
    return item;
  }

  #button(page, number, hasPicture) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "thumb";
    button.dataset.panel = number;
    button.setAttribute("aria-label", words("panel.of", { page: page.name, n: number + 1 }));
    if (hasPicture) {
      const image = document.createElement("img");
      image.alt = "";
      image.loading = "lazy";
      image.src = `/api/pages/${page.id}/panels/${number}/thumb`;
      button.append(image);
    }
    button.addEventListener("click", () => this.#open(page.id, number));
    return button;
  }

  #open(id, number) {
    this.openPanel(id, number).catch((error) => this.say(error.message, true));
  }

  setPanels(id, panels) {
    const page = this.pages.find((one) => one.id === id);
    const item = this.place.querySelector(`[data-page="${id}"] .thumbs`);
    const known = this.panels.get(id);
    this.panels.set(id, panels);
    if (!page || !item || (known?.length === panels.length && item.childElementCount === panels.length && item.querySelector("img"))) return;
    const count = Math.max(1, panels.length);
    item.replaceChildren(...Array.from({ length: count }, (_, at) => this.#button(page, at, panels.length > 0)));
    this.#mark();
  }

  choose(id, number) {
    this.chosen = [id, number];
    sessionStorage.setItem(KEPT, JSON.stringify(this.chosen));
    this.#mark();
  }

  #mark() {
    for (const button of this.place.querySelectorAll(".thumb")) {
      const isChosen = button.closest("li").dataset.page === this.chosen[0] && Number(button.dataset.panel) === this.chosen[1];
      if (isChosen) {
        button.setAttribute("aria-current", "true");
        button.scrollIntoView({ block: "nearest", inline: "nearest" });
      } else button.removeAttribute("aria-current");
    }
  }

  /** The panel of last time, if it is there still. */
  remembered() {
    const kept = JSON.parse(sessionStorage.getItem(KEPT) || "null");
    return kept && this.pages.some((page) => page.id === kept[0]) ? kept : null;
  }

  /** The panel before or after, over the borders of pages. */
  go(by) {
    const all = this.pages.flatMap((page) =>
      Array.from({ length: Math.max(1, this.panels.get(page.id)?.length ?? 1) }, (_, at) => [page.id, at]),
    );
    const at = all.findIndex(([id, number]) => id === this.chosen[0] && number === this.chosen[1]) + by;
    if (all[at]) this.#open(...all[at]);
  }

  /** The small picture of a panel, as it is now. */
  refresh(id, number, canvas) {
    const image = this.place.querySelector(`[data-page="${id}"] [data-panel="${number}"] img`);
    if (!image) return;
    const scale = Math.min(1, SMALL / Math.max(canvas.width, canvas.height));
    const small = document.createElement("canvas");
    small.width = Math.max(1, canvas.width * scale);
    small.height = Math.max(1, canvas.height * scale);
    small.getContext("2d").drawImage(canvas, 0, 0, small.width, small.height);
    small.toBlob((blob) => {
      if (image.src.startsWith("blob:")) URL.revokeObjectURL(image.src);
      image.src = URL.createObjectURL(blob);
    });
  }

  /** Find the panels of all other pages, one after the other. */
  async fill() {
    for (const page of this.pages) {
      if (this.panels.has(page.id)) continue;
      try {
        this.setPanels(page.id, (await ask(`/api/pages/${page.id}?peek`)).panels);
      } catch {
        return; // opening it will say why
      }
    }
  }
}
