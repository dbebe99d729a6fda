// Marks as they lie over the panel, in pixels of the page: dots, strokes, areas, places that are suggested, the cross.

/** Draw all marks of `hints` that lie in the panel. */
export function drawMarks(context, view, hints) {
  for (const mark of hints) drawMark(context, view, mark);
}

export function drawMark(context, view, mark) {
  const place = (x, y) => view.onScreen(x - view.picture.x, y - view.picture.y);
  context.lineJoin = context.lineCap = "round";
  context.beginPath();
  if (mark.polygon) {
    mark.polygon.forEach(([x, y], at) => (at ? context.lineTo(...place(x, y)) : context.moveTo(...place(x, y))));
    context.closePath();
    ringed(context, mark.color, 2);
  } else if (mark.points) {
    mark.points.forEach(([x, y], at) => (at ? context.lineTo(...place(x, y)) : context.moveTo(...place(x, y))));
    ringed(context, mark.color, Math.max(3, 2 * mark.radius * view.scale));
  } else {
    const [x, y] = place(mark.x, mark.y);
    context.arc(x, y, Math.max(5, mark.radius * view.scale), 0, 2 * Math.PI);
    context.fillStyle = mark.color;
    context.fill();
    ringed(context, "#ffffff", 1.5);
  }
}

/** A line that is seen on any colour. */
function ringed(context, color, width) {
  context.strokeStyle = "rgba(20, 22, 28, 0.85)";
  context.lineWidth = width + 2;
  context.stroke();
  context.strokeStyle = color;
  context.lineWidth = width;
  context.stroke();
}

/** Where a dot would help, the best first. */
export function drawPlaces(context, view, places, chosen) {
  context.font = "600 13px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  places.forEach((one, at) => {
    const [x, y] = view.onScreen(one.x - view.picture.x, one.y - view.picture.y);
    context.beginPath();
    context.arc(x, y, at === chosen ? 15 : 12, 0, 2 * Math.PI);
    context.fillStyle = "#fff7d6";
    context.fill();
    context.lineWidth = at === chosen ? 4 : 2;
    context.strokeStyle = "#8a5a00";
    context.stroke();
    context.fillStyle = "#5c3c00";
    context.fillText(String(at + 1), x, y + 0.5);
  });
}

/** The cross that arrow keys move. */
export function drawCross(context, view, [x, y]) {
  const [column, row] = view.onScreen(x, y);
  context.beginPath();
  for (const [across, down] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
    context.moveTo(column + 5 * across, row + 5 * down);
    context.lineTo(column + 16 * across, row + 16 * down);
  }
  ringed(context, "#ffffff", 2);
}

/** The number of the mark at a place of the page, the last one on top; -1 where none is. */
export function markAt(hints, x, y, room) {
  for (let at = hints.length - 1; at >= 0; at--) if (isAt(hints[at], x, y, room)) return at;
  return -1;
}

function isAt(mark, x, y, room) {
  if (mark.polygon) return isInside(mark.polygon, x, y);
  const points = mark.points || [[mark.x, mark.y]];
  const near = Math.max(room, mark.radius);
  return points.some((one, at) => farFrom(one, points[Math.min(at + 1, points.length - 1)], x, y) <= near);
}

function farFrom([x0, y0], [x1, y1], x, y) {
  const length = (x1 - x0) ** 2 + (y1 - y0) ** 2;
  const part = length ? Math.min(1, Math.max(0, ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length)) : 0;
  return Math.hypot(x0 + part * (x1 - x0) - x, y0 + part * (y1 - y0) - y);
}

function isInside(polygon, x, y) {
  let inside = false;
  polygon.forEach(([x0, y0], at) => {
    const [x1, y1] = polygon[(at + 1) % polygon.length];
    if (y0 > y !== y1 > y && x < ((x1 - x0) * (y - y0)) / (y1 - y0) + x0) inside = !inside;
  });
  return inside;
}
