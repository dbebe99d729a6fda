// What is asked of the server: JSON, and pictures as plain pixels behind a JSON text.
import { words } from "./texts.js";

export class Problem extends Error {
  constructor(message, status = 0, body = {}) {
    super(message);
    this.status = status;
    this.body = body;
  }
}

async function answer(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(words("gone"));
  }
  if (response.ok) return response;
  const text = await response.text();
  let body = {};
  try {
    body = JSON.parse(text);
  } catch {
    body = { error: text };
  }
  throw new Problem(body.error || response.statusText, response.status, body);
}

export async function ask(path) {
  return (await answer(path)).json();
}

export async function send(path, value, method = "POST") {
  const body = value instanceof Blob || value === undefined ? value : JSON.stringify(value);
  return (await answer(path, { method, body })).json();
}

/** { about, pixels } of a picture, null where a newer question made this one idle. */
export async function askPixels(path, signal) {
  const response = await answer(path, { signal });
  if (response.status === 204) return null;
  const data = await response.arrayBuffer();
  const length = new DataView(data).getUint32(0, true);
  const about = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length)));
  return { about, data, start: 4 + length };
}
