// One panel in pixels: its regions, its lines, its colours. A region has a new colour before the server has been asked.

export class Picture {
  /** `about` and the planes that the server sends: numbers of regions, lines, what is ink. */
  constructor({ about, data, start }) {
    Object.assign(this, { width: about.width, height: about.height, x: about.x, y: about.y });
    const count = this.width * this.height;
    const numbers = about.bytes === 2 ? Uint16Array : Uint32Array;
    this.labels = new numbers(data.slice(start, start + about.bytes * count));
    this.line = new Uint8Array(data, start + about.bytes * count, count);
    this.ink = new Uint8Array(data, start + (about.bytes + 1) * count, count);
    this.before = this.#canvas();
    this.after = this.#canvas();
    this.colour = new ImageData(this.width, this.height);
    this.coloured = false;
    this.#drawLines();
    this.#findBoxes();
  }

  #canvas() {
    const canvas = document.createElement("canvas");
    canvas.width = this.width;
    canvas.height = this.height;
    return canvas;
  }

  #drawLines() {
    const out = new Uint32Array(this.colour.data.buffer);
    for (let at = 0; at < out.length; at++) out[at] = 0xff000000 | (this.line[at] * 0x010101);
    for (const canvas of [this.before, this.after]) canvas.getContext("2d").putImageData(this.colour, 0, 0);
  }

  /** Where each region lies: [left, top, right, bottom], the last inclusive. */
  #findBoxes() {
    let most = 0;
    for (const label of this.labels) if (label > most) most = label;
    this.boxes = new Int32Array(4 * (most + 1));
    for (let label = 0; label <= most; label++) this.boxes.set([this.width, this.height, -1, -1], 4 * label);
    for (let y = 0, at = 0; y < this.height; y++) {
      for (let x = 0; x < this.width; x++, at++) {
        const box = 4 * this.labels[at];
        if (x < this.boxes[box]) this.boxes[box] = x;
        if (y < this.boxes[box + 1]) this.boxes[box + 1] = y;
        if (x > this.boxes[box + 2]) this.boxes[box + 2] = x;
        this.boxes[box + 3] = y;
      }
    }
  }

  /** Take a whole picture in colour: three bytes for each pixel. */
  take(data, start) {
    const rgb = new Uint8Array(data, start, 3 * this.width * this.height);
    const out = new Uint32Array(this.colour.data.buffer);
    for (let at = 0, from = 0; at < out.length; at++, from += 3) {
      out[at] = 0xff000000 | (rgb[from + 2] << 16) | (rgb[from + 1] << 8) | rgb[from];
    }
    this.after.getContext("2d").putImageData(this.colour, 0, 0);
    this.coloured = true;
  }

  holds(x, y) {
    return x >= 0 && y >= 0 && x < this.width && y < this.height;
  }

  /** The number of the region at a pixel of the panel, 0 outside all. */
  regionAt(x, y) {
    return this.holds(x, y) ? this.labels[Math.floor(y) * this.width + Math.floor(x)] : 0;
  }

  /** The regions that a mark means, in pixels of the panel: those where its middle lies on paper. */
  regionsOf(mark) {
    if (mark.polygon) return this.#within(mark.polygon);
    const places = mark.points ? alongLine(mark.points) : [[mark.x, mark.y]];
    const onPaper = places.filter(([x, y]) => this.#isPaper(x, y));
    const found = new Set((onPaper.length ? onPaper : places.slice(0, 1)).map(([x, y]) => this.regionAt(x, y)));
    found.delete(0);
    return found;
  }

  #isPaper(x, y) {
    return this.regionAt(x, y) > 0 && !this.ink[Math.floor(y) * this.width + Math.floor(x)];
  }

  /** The regions of which a polygon holds half or more. */
  #within(polygon) {
    const path = new Path2D();
    polygon.forEach(([x, y], at) => (at ? path.lineTo(x, y) : path.moveTo(x, y)));
    const xs = polygon.map(([x]) => x);
    const ys = polygon.map(([, y]) => y);
    const held = new Map();
    const whole = new Map();
    const context = this.before.getContext("2d");
    const step = Math.max(1, Math.round(Math.sqrt((this.width * this.height) / 40000)));
    for (let y = Math.max(0, Math.floor(Math.min(...ys))); y < Math.min(this.height, Math.max(...ys)); y += step) {
      for (let x = Math.max(0, Math.floor(Math.min(...xs))); x < Math.min(this.width, Math.max(...xs)); x += step) {
        if (!this.#isPaper(x, y) || !context.isPointInPath(path, x + 0.5, y + 0.5)) continue;
        const label = this.regionAt(x, y);
        held.set(label, (held.get(label) || 0) + 1);
      }
    }
    const most = Math.max(0, ...held.values());
    for (const [label, count] of held) if (count * 8 >= most) whole.set(label, count);
    return new Set(whole.keys());
  }

  /** Lay a colour into a region. In soft colours its shades stay: all of it moves by what lacks at (x, y). */
  repaint(label, [red, green, blue], soft) {
    const [left, top, right, bottom] = this.boxes.subarray(4 * label, 4 * label + 4);
    const pixels = this.colour.data;
    const from = soft && this.coloured ? this.#shift(soft, [red, green, blue]) : null;
    for (let y = top; y <= bottom; y++) {
      for (let x = left, at = y * this.width + left; x <= right; x++, at++) {
        if (this.labels[at] !== label) continue;
        if (from) {
          if (this.line[at] < 128) continue;
          for (let part = 0; part < 3; part++) pixels[4 * at + part] += from[part];
          continue;
        }
        const light = this.line[at] / 255;
        pixels[4 * at] = Math.round(red * light);
        pixels[4 * at + 1] = Math.round(green * light);
        pixels[4 * at + 2] = Math.round(blue * light);
      }
    }
    this.after.getContext("2d").putImageData(this.colour, 0, 0, left, top, right - left + 1, bottom - top + 1);
  }

  #shift([x, y], color) {
    const at = 4 * (Math.floor(y) * this.width + Math.floor(x));
    return color.map((one, part) => one - this.colour.data[at + part]);
  }

  /** The colour at a pixel of the panel, as it is shown. */
  colourAt(x, y) {
    const at = 4 * (Math.floor(y) * this.width + Math.floor(x));
    return [...this.colour.data.subarray(at, at + 3)];
  }
}

/** Pixels along a line through points. */
function alongLine(points) {
  const found = [];
  for (let at = 0; at + 1 < points.length; at++) {
    const [[x0, y0], [x1, y1]] = [points[at], points[at + 1]];
    const steps = Math.max(1, Math.ceil(Math.hypot(x1 - x0, y1 - y0)));
    for (let step = 0; step <= steps; step++) found.push([x0 + ((x1 - x0) * step) / steps, y0 + ((y1 - y0) * step) / steps]);
  }
  return found.length ? found : points;
}
