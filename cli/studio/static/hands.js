// What hands do on a canvas: one pen, finger or mouse works there; two fingers, the middle button or what is `held()` move
// the paper. Where a pen is used a finger moves the paper, and beside the pen it is a palm and does nothing.

const STILL = 6; // pixels of the screen that a finger may tremble; until then it may be the first of two

export function hands(view, { start, move, end, cancel, held }) {
  const canvas = view.canvas;
  const down = new Map(); // where each pen, finger or mouse is
  let working = null; // the id of the one that works
  let waiting = null; // the finger that has not begun to
  let panning = false;
  let hasPen = false;
  let isPenDown = false;

  canvas.addEventListener("pointerdown", (event) => {
    const [isPen, isFinger] = [event.pointerType === "pen", event.pointerType === "touch"];
    if (event.button > 1 || (isPenDown && isFinger)) return;
    canvas.setPointerCapture(event.pointerId);
    hasPen ||= isPen;
    isPenDown = isPen;
    if (isPen) down.clear(); // a palm that lies there already
    down.set(event.pointerId, [event.offsetX, event.offsetY]);
    panning = event.button === 1 || held() || down.size > 1 || (hasPen && isFinger);
    if (panning) return giveUp();
    working = event.pointerId;
    waiting = { x: event.offsetX, y: event.offsetY, event };
    if (!isFinger) begin();
  });

  canvas.addEventListener("pointermove", (event) => {
    hasPen ||= event.pointerType === "pen";
    const [before, now] = [down.get(event.pointerId), [event.offsetX, event.offsetY]];
    if (!before || (waiting && Math.hypot(now[0] - waiting.x, now[1] - waiting.y) < STILL)) return;
    down.set(event.pointerId, now);
    if (panning && down.size > 1) return pinch(event.pointerId, before, now);
    if (panning) return view.pan(now[0] - before[0], now[1] - before[1]);
    begin();
    if (working === event.pointerId) move(...now, event);
  });

  for (const name of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(name, (event) => {
      if (event.pointerType === "pen") isPenDown = false;
      if (!down.delete(event.pointerId)) return;
      if (working === event.pointerId && name === "pointercancel") giveUp();
      if (working === event.pointerId) finish(event);
      if (!down.size) panning = false;
    });
  }

  function begin() {
    const first = waiting;
    waiting = null;
    if (first) start(first.x, first.y, first.event);
  }

  function finish(event) {
    begin();
    working = null;
    end(event);
  }

  function giveUp() {
    if (working !== null && !waiting) cancel();
    working = waiting = null;
  }

  function pinch(moved, before, now) {
    const [other] = [...down].filter(([id]) => id !== moved).map(([, place]) => place);
    const far = (one) => Math.hypot(one[0] - other[0], one[1] - other[1]);
    view.pan((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
    if (far(before) > 10) view.zoom(far(now) / far(before), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
  }
}
