// The parts of the page that know nothing of the studio: elements, questions, the map of layers.

export const $ = (id) => document.getElementById(id);

/** An element with attributes, listeners (`onclick`) and children; text is text, never markup. */
export function el(name, given = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(given)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key in made && key !== "list" && !key.includes("-")) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

const visitor = (() => {
  const numbers = crypto.getRandomValues(new Uint32Array(4));
  return [...numbers].map((number) => number.toString(16).padStart(8, "0")).join("");
})();

/** Ask the studio; what is wrong is thrown as its sentence. */
export async function ask(verb, question = {}) {
  let answer;
  try {
    const got = await fetch(`studio/ask/${verb}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ visitor, ...question }),
    });
    answer = await got.json();
  } catch {
    throw new Error("The studio does not answer. Is it still running?");
  }
  if (answer.error) throw new Error(answer.error);
  return answer;
}

export async function upload(file, query, crop) {
  let answer;
  try {
    const where = `studio/upload?crop=${encodeURIComponent(crop)}&query=${encodeURIComponent(query)}`;
    const got = await fetch(where, { method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: file });
    answer = await got.json();
  } catch {
    throw new Error("The studio does not take this file: it is too large, or the studio has ended.");
  }
  if (answer.error) throw new Error(answer.error);
  return answer;
}

let quiet = 0;
/** A sentence at the foot of the page, for some seconds. */
export function say(text, fine = false) {
  const said = $("said");
  said.textContent = text;
  said.classList.toggle("fine", fine);
  said.hidden = false;
  clearTimeout(quiet);
  quiet = setTimeout(() => { said.hidden = true; }, fine ? 2500 : 9000);
}

/** Run what may fail; its sentence is said, or given to `told`. */
export async function trying(work, told = null) {
  try {
    return await work();
  } catch (problem) {
    if (told) { told.textContent = problem.message; told.classList.add("wrong"); } else say(problem.message);
    return null;
  }
}

/** Ask after a job until it has ended, twice a second and more often at first. */
export async function follow(job, step) {
  for (let wait = 120; ; wait = Math.min(500, wait * 1.3)) {
    const state = await ask("job", { job });
    step(state);
    if (state.error) throw new Error(state.error);
    if (state.ended) return state.result;
    await new Promise((done) => { setTimeout(done, wait); });
  }
}

const SVG = "http://www.w3.org/2000/svg";
function svg(name, given) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(given)) made.setAttribute(key, value);
  return made;
}

/** "0-1,4" as a set of numbers; null where it is something else, such as a pack. */
export function numbersOf(selection, count) {
  if (selection === "all") return new Set(Array.from({ length: count }, (_, i) => i));
  if (!/^[0-9,-]+$/.test(selection)) return null;
  const found = new Set();
  for (const part of selection.split(",")) {
    const [low, high] = part.split("-").map(Number);
    for (let i = low; i <= (high ?? low); i += 1) found.add(i);
  }
  return found;
}

/** Draw the layers as columns as high as their resolutions; a drag over them calls `choose("2-5")`. */
export function drawMap(place, layers, selection, choose) {
  const wide = place.clientWidth || 560, high = 92, foot = 16;
  const step = wide / layers.length, gap = Math.min(4, step * 0.18);
  const largest = Math.max(...layers.map((layer) => Math.log2(layer.resolution ?? 4)));
  const chosen = numbersOf(selection, layers.length) ?? new Set();
  place.setAttribute("viewBox", `0 0 ${wide} ${high}`);
  place.setAttribute("preserveAspectRatio", "none");
  place.replaceChildren();
  const columns = layers.map((layer, i) => {
    const tall = 10 + (high - foot - 12) * Math.log2(layer.resolution ?? 4) / largest;
    const column = svg("g", { class: chosen.has(i) ? "chosen" : "" });
    const about = svg("title", {});
    about.textContent = `layer ${i}: ${layer.name}, ${layer.resolution ?? "?"} px, ${layer.out} outputs`;
    const x = i * step;
    column.append(about);
    column.append(svg("rect", { class: "layer", x: x + gap / 2, y: high - foot - tall, width: step - gap, height: tall, rx: 2.5 }));
    column.append(svg("rect", { class: "hit", x, y: 0, width: step, height: high }));
    if (i === 0 || layer.resolution !== layers[i - 1].resolution) {
      const text = svg("text", { x: x + step / 2, y: high - 3 });
      text.textContent = layer.resolution ?? i;
      column.append(text);
    }
    place.append(column);
    return column;
  });
  const at = (event) => {
    const box = place.getBoundingClientRect();
    return Math.min(layers.length - 1, Math.max(0, Math.floor((event.clientX - box.left) / box.width * layers.length)));
  };
  let start = null;
  const range = (i) => [Math.min(start, i), Math.max(start, i)];
  place.onpointerdown = (event) => { start = at(event); place.setPointerCapture(event.pointerId); place.onpointermove(event); };
  place.onpointermove = (event) => {
    if (start === null) return;
    const [low, top] = range(at(event));
    columns.forEach((column, i) => column.classList.toggle("chosen", i >= low && i <= top));
  };
  place.onpointerup = (event) => {
    if (start === null) return;
    const [low, top] = range(at(event));
    start = null;
    choose(low === 0 && top === layers.length - 1 ? "all" : low === top ? `${low}` : `${low}-${top}`);
  };
}

export const number = (value) => String(Math.round(value * 100) / 100);
export const bytes = (count) => (count > 1e6 ? `${number(count / 1e6)} MB` : `${Math.ceil(count / 1e3)} kB`);
