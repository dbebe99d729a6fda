// What is said to the person, in one line below the panel.

export const by = (id) => document.getElementById(id);

export function say(text, isBad = false) {
  by("status").textContent = text;
  by("status").classList.toggle("bad", isBad);
}

export function failed(error) {
  if (error.name !== "AbortError") say(error.message, true);
}
