// The colour in the hand: from the palette of the run, the picker, what was used lately, or picked from the panel.

const LATELY = 12;
const KEPT = "comicdata-studio-lately";

export class Colours {
  constructor() {
    this.value = "#e4572e";
    this.picker = document.getElementById("colour");
    this.hex = document.getElementById("hex");
    this.picker.addEventListener("input", () => this.take(this.picker.value));
    this.hex.addEventListener("change", () => this.#typed());
    this.lately = JSON.parse(localStorage.getItem(KEPT) || "[]").filter(isColour);
    this.#showLately();
  }

  get rgb() {
    return rgbOf(this.value);
  }

  take(value) {
    this.value = value.toLowerCase();
    this.picker.value = this.hex.value = this.value;
    this.hex.removeAttribute("aria-invalid");
    for (const one of document.querySelectorAll(".swatches button")) {
      one.setAttribute("aria-pressed", String(one.dataset.color === this.value));
    }
  }

  /** The colour was used: it comes first among those used lately. */
  used() {
    this.lately = [this.value, ...this.lately.filter((one) => one !== this.value)].slice(0, LATELY);
    localStorage.setItem(KEPT, JSON.stringify(this.lately));
    this.#showLately();
  }

  offer(colors) {
    this.#swatches(document.getElementById("palette"), colors);
  }

  #typed() {
    const value = `#${this.hex.value.trim().replace(/^#/, "")}`;
    if (isColour(value)) this.take(value);
    else this.hex.setAttribute("aria-invalid", "true");
  }

  #showLately() {
    document.getElementById("recent-box").hidden = !this.lately.length;
    this.#swatches(document.getElementById("recent"), this.lately);
  }

  #swatches(place, colors) {
    place.replaceChildren(
      ...colors.map((color) => {
        const button = document.createElement("button");
        button.type = "button";
        button.dataset.color = color;
        button.style.backgroundColor = color;
        button.title = color;
        button.setAttribute("aria-label", color);
        button.setAttribute("aria-pressed", String(color === this.value));
        button.addEventListener("click", () => this.take(color));
        return button;
      }),
    );
  }
}

export function isColour(value) {
  return /^#[0-9a-f]{6}$/i.test(value);
}

export function rgbOf(value) {
  return [1, 3, 5].map((at) => parseInt(value.slice(at, at + 2), 16));
}

export function hexOf(rgb) {
  return `#${rgb.map((one) => one.toString(16).padStart(2, "0")).join("")}`;
}
