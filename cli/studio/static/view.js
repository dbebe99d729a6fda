// The paper under the hand: where it lies, how near it is, and what is drawn over it. Nothing here knows a server.

const MOST = 32; // screen pixels for one of the picture
const WHEEL = 1.0015;
const STRIP = 3; // times as tall as wide

export class View {
  /** `overlay(context, view)` draws over the picture, in pixels of the screen; `moved()` is told of every change. */
  constructor(canvas, { overlay, moved }) {
    Object.assign(this, { canvas, overlay, moved, picture: null, scale: 1, left: 0, top: 0, split: 0, waiting: [] });
    new ResizeObserver(() => this.#resize()).observe(canvas);
    canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
  }

  get ratio() {
    return window.devicePixelRatio || 1;
  }

  show(picture, keep = false) {
    this.picture = picture;
    if (!keep) this.whole();
    this.draw();
  }

  /** The whole picture in the middle; of a strip, which is much taller than wide, the upper end. */
  whole() {
    if (!this.picture) return;
    const [width, height] = [this.canvas.clientWidth, this.canvas.clientHeight];
    const room = 24;
    const [across, down] = [(width - 2 * room) / this.picture.width, (height - 2 * room) / this.picture.height];
    const isStrip = this.picture.height > STRIP * this.picture.width;
    this.scale = isStrip ? Math.min(across, 0.6) : Math.min(across, down, 4);
    this.left = (width - this.picture.width * this.scale) / 2;
    this.top = isStrip ? room : (height - this.picture.height * this.scale) / 2;
    this.#changed();
  }

  /** Nearer (above 1) or further, what is at (x, y) of the canvas staying there. */
  zoom(by, x = this.canvas.clientWidth / 2, y = this.canvas.clientHeight / 2) {
    const scale = Math.min(MOST, Math.max(0.02, this.scale * by));
    const change = scale / this.scale;
    this.left = x - (x - this.left) * change;
    this.top = y - (y - this.top) * change;
    this.scale = scale;
    this.#changed();
  }

  pan(x, y) {
    this.left += x;
    this.top += y;
    this.#changed();
  }

  /** Bring a place of the picture into sight. */
  reveal(x, y) {
    const [column, row] = this.onScreen(x, y);
    const room = 40;
    const [width, height] = [this.canvas.clientWidth, this.canvas.clientHeight];
    const across = Math.max(room - column, 0) + Math.min(width - room - column, 0);
    const down = Math.max(room - row, 0) + Math.min(height - room - row, 0);
    if (across || down) this.pan(across, down);
  }

  /** From the canvas to the picture, and back. */
  inPicture(x, y) {
    return [(x - this.left) / this.scale, (y - this.top) / this.scale];
  }

  onScreen(x, y) {
    return [this.left + x * this.scale, this.top + y * this.scale];
  }

  #wheel(event) {
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 16 : 1;
    if (event.shiftKey) this.pan(-(event.deltaX || event.deltaY) * lines, 0);
    else this.zoom(WHEEL ** (-event.deltaY * lines * (event.ctrlKey ? 6 : 1)), event.offsetX, event.offsetY);
  }

  #resize() {
    const [width, height] = [this.canvas.clientWidth, this.canvas.clientHeight].map((side) => Math.round(side * this.ratio));
    if (this.canvas.width === width && this.canvas.height === height) return;
    this.canvas.width = width;
    this.canvas.height = height;
    this.whole();
  }

  #changed() {
    this.moved();
    this.draw();
  }

  /** Draw before the next picture of the screen; resolves once that is done. */
  draw() {
    return new Promise((done) => {
      this.waiting.push(done);
      if (this.waiting.length > 1) return;
      requestAnimationFrame(() => {
        this.#paint();
        const waiting = this.waiting;
        this.waiting = [];
        for (const one of waiting) one();
      });
    });
  }

  #paint() {
    const context = this.canvas.getContext("2d");
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.clearRect(0, 0, this.canvas.clientWidth, this.canvas.clientHeight);
    if (!this.picture) return;
    const { width, height, before, after } = this.picture;
    context.imageSmoothingEnabled = this.scale < 2;
    context.imageSmoothingQuality = "high";
    const place = [this.left, this.top, width * this.scale, height * this.scale];
    context.drawImage(after, ...place);
    const edge = width * this.split;
    if (edge >= 1) {
      context.drawImage(before, 0, 0, edge, height, this.left, this.top, edge * this.scale, height * this.scale);
      context.fillStyle = "#4a6ee0";
      context.fillRect(this.left + edge * this.scale - 1, this.top, 2, height * this.scale);
    }
    this.overlay(context, this);
  }
}
