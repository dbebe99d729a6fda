// The keyboard: one key for each thing, but where somebody is typing.
import { by } from "./said.js";

/** `keys`: what each key does, by its name. The space bar held moves the paper; arrows move the cross. */
export function keyboard(keys, tools) {
  const { canvas } = tools;
  document.addEventListener("keydown", (event) => {
    if (isTyping(event) || event.altKey) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if ((event.ctrlKey || event.metaKey) && key !== "z" && key !== "y") return;
    if (key === " ") {
      if (event.target === canvas || event.target === document.body) hold(tools, event);
      return;
    }
    if (event.target.matches("input[type=range], input[type=radio]") && key.startsWith("Arrow")) return;
    if (tools.moveCross(event)) return event.preventDefault();
    if (!keys[key] || (key === "Enter" && event.target !== canvas)) return;
    event.preventDefault();
    keys[key](event);
  });
  document.addEventListener("keyup", (event) => {
    if (event.key === " ") release(tools);
  });
  window.addEventListener("blur", () => release(tools));
}

function isTyping(event) {
  return event.target.matches("input:not([type=range]):not([type=radio]):not([type=checkbox]), select, textarea");
}

function hold(tools, event) {
  event.preventDefault();
  tools.isHeld = true;
  tools.canvas.dataset.held = "";
}

function release(tools) {
  tools.isHeld = false;
  delete tools.canvas.dataset.held;
}

/** Change the size of dots and strokes. */
export function resizeBy(pixels) {
  by("size").value = Number(by("size").value) + pixels;
}
