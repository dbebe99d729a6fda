// All words come from one file of the server; this page has them already.
const texts = JSON.parse(document.getElementById("texts").textContent);

/** The words called `name`, with {places} filled in. */
export function words(name, values = {}) {
  return texts[name].replace(/\{(\w+)\}/g, (_, key) => values[key]);
}
