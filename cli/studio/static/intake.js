// Drawings that come in: chosen, dropped, or the sample. Pictures dropped on the mood or the references become those.
import { send } from "./api.js";
import { by, failed, say } from "./said.js";
import { words } from "./texts.js";

const LARGEST = 64e6; // bytes of a file

/** `arrived(pages)` is told of the ids of what was taken in; `others` take what is dropped on elements, by their ids. */
export function intake(arrived, others) {
  by("files").addEventListener("change", async (event) => {
    await take([...event.target.files], arrived);
    event.target.value = ""; // the same file may be chosen again
  });
  by("sample").addEventListener("click", () => takeSample(arrived));
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    by("drop").hidden = false;
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) by("drop").hidden = true;
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    by("drop").hidden = true;
    const files = [...event.dataTransfer.files];
    const other = Object.keys(others).find((id) => event.target.closest?.(`#${id}`));
    if (files.length) (other ? others[other](files) : take(files, arrived)).catch(failed);
  });
}

/** The file; an Error where it is too large to be sent. */
export function sendable(file) {
  if (file.size > LARGEST) throw new Error(words("too.large", { name: file.name }));
  return file;
}

async function take(files, arrived) {
  const found = { pages: [], failed: [] };
  for (const file of files) {
    say(words("taking", { name: file.name }));
    try {
      const made = await send(`/api/pages?name=${encodeURIComponent(file.name)}`, sendable(file));
      found.pages.push(...made.pages);
      found.failed.push(...made.failed);
    } catch (error) {
      found.failed.push({ name: file.name, why: error.message });
    }
  }
  await tell(found, arrived);
}

async function takeSample(arrived) {
  by("busy").hidden = false;
  try {
    await tell(await send("/api/sample"), arrived);
  } catch (error) {
    failed(error);
  } finally {
    by("busy").hidden = true;
  }
}

async function tell({ pages, failed }, arrived) {
  if (pages.length) {
    await arrived(pages);
    say(words("taken", { n: pages.length }));
  }
  if (failed.length) say(words("failed", failed[0]), true);
}
