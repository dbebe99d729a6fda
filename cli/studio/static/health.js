// The health room: what doctor says.
import { ask } from "./api.js";
import { words } from "./texts.js";

const by = (id) => document.getElementById(id);

async function look() {
  by("status").textContent = words("health.looking");
  const { machine, problems } = await ask("/api/health");
  by("status").textContent = problems.length ? words("health.problems") : words("health.fine");
  by("problems").replaceChildren(...problems.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
  by("machine").replaceChildren(
    ...Object.entries(machine).flatMap(([name, value]) => [
      Object.assign(document.createElement("dt"), { textContent: name }),
      Object.assign(document.createElement("dd"), { textContent: value }),
    ]),
  );
}

const say = (error) => (by("status").textContent = error.message);
by("again").addEventListener("click", () => look().catch(say));
look().catch(say);
