// The studio: a view, what was before and after it, and the questions that keep the page as the view says.

import { $, ask, bytes, drawMap, el, follow, number, numbersOf, say, trying, upload } from "./parts.js";

const REST = 220; // milliseconds without a move, after which the hand rests
let view, model, directions, facts;
let past = [], future = [], seen = [], place = 0;
let settled = ""; // the view that was last kept, as text

const copy = (value) => JSON.parse(JSON.stringify(value));

// -- the view

/** The view changes: at once on the page; when the hand rests it is one step to undo. */
function change(changes, { rest = true } = {}) {
  Object.assign(view, changes);
  if (rest) settle();
  show();
}

function settle() {
  const now = JSON.stringify(steps(view));
  if (now === settled) return;
  if (settled) past = [...past.slice(-99), JSON.parse(settled)];
  future = [];
  settled = now;
  remember();
}

/** What undo brings back: turning a page is nothing to undo. */
function steps(of) { const { tab, look, ...rest } = of; return rest; }

function remember() {
  const sample = { seed: view.seed, photo: view.photo };
  if (seen.length && JSON.stringify(seen[place]) === JSON.stringify(sample)) return;
  seen = [...seen.slice(0, place + 1), sample].slice(-200);
  place = seen.length - 1;
}

async function travel(from, to) {
  if (!from.length) return;
  to.push(JSON.parse(settled));
  const then = from.pop();
  const other = then.model !== view.model, layers = then.layers !== view.layers || then.count !== view.count;
  Object.assign(view, copy(then));
  $("kept").dataset.shown = $("frames").dataset.shown = "";
  settled = JSON.stringify(steps(view));
  remember();
  if (other) { await open(`model=${encodeURIComponent(view.model)}`, copy(view)); return; }
  if (layers) await chooseLayers(view.layers, { keep: true });
  show();
}

async function open(query, given = null) {
  const answer = await trying(() => ask("open", { query }));
  if (!answer) { if (view) $("model").value = view.model; return; }
  ({ model } = answer);
  facts = answer;
  const layers = given?.layers;
  view = given ?? answer.view;
  directions = answer.directions;
  view.layers = answer.layers;
  if (given && layers !== answer.layers) await chooseLayers(layers, { keep: true });
  if (!given) { future = []; if (settled) past.push(JSON.parse(settled)); settled = JSON.stringify(steps(view)); }
  remember();
  stand();
  show({ fresh: true });
}

// -- what does not change while a model is open

function stand() {
  const groups = { start: "this studio", folder: "files", registry: "known models", hub: "the Hub" };
  const menu = Object.entries(groups).map(([group, label]) => {
    const options = facts.places.filter((one) => one.group === group);
    return options.length ? el("optgroup", { label }, ...options.map((one) => el("option", { value: one.name, title: one.title }, one.name))) : null;
  });
  if (!facts.places.some((one) => one.name === model.name)) menu.unshift(el("option", { value: model.name }, model.name));
  if (facts.hub) menu.push(el("option", { value: "?hub" }, "from the Hub …"));
  $("model").replaceChildren(...menu.filter(Boolean));
  $("model").value = model.name;
  const commerce = model.non_commercial ? ", not for commerce" : "";
  $("facts").textContent = `${model.family} · ${model.resolution} px · ${model.space} · ${model.licence ?? "licence not stated"}${commerce}`;
  document.title = `${model.name} · sefa studio`;
  const many = Array.isArray(model.classes) ? model.classes.length : model.classes;
  $("class-label").hidden = !many;
  $("class").replaceChildren(...Array.from({ length: Math.min(many, 1000) }, (_, i) => el("option", { value: i }, Array.isArray(model.classes) ? model.classes[i] : `${i}`)));
  $("save").hidden = !facts.saves;
  seenPictures.clear();
  $("search").hidden = true;
}

// -- drawing the page from the view

let shownEnds = "", shownRow = "", shownPicture = "";

function show({ fresh = false } = {}) {
  const edits = view.edits;
  $("seed").value = view.photo ? "" : view.seed;
  $("seed").placeholder = view.photo ? "photograph" : "";
  $("psi").value = view.truncation ?? model.psi;
  $("psi-value").textContent = number(view.truncation ?? model.psi);
  if (view.label !== null) $("class").value = view.label;
  $("undo").disabled = !past.length;
  $("redo").disabled = !future.length;
  $("back").disabled = place <= 0;
  $("forward").disabled = place >= seen.length - 1;
  $("reset").disabled = !Object.keys(edits).length;
  $("frame").dataset.look = view.look;
  for (const button of document.querySelectorAll(".looks button")) button.setAttribute("aria-checked", button.dataset.look === view.look);
  for (const tab of document.querySelectorAll("[role=tab]")) {
    tab.setAttribute("aria-selected", tab.dataset.tab === view.tab);
    tab.tabIndex = tab.dataset.tab === view.tab ? 0 : -1;
  }
  for (const pane of document.querySelectorAll("[data-pane]")) pane.hidden = pane.dataset.pane !== view.tab;
  $("map").toggleAttribute("hidden", model.layers.length === 1);
  $("groups").hidden = model.layers.length === 1 && !model.pack;
  drawMap($("map"), model.layers, view.layers, (layers) => chooseLayers(layers));
  const named = { ...(model.pack ? { "the pack": "pack" } : {}), all: "all", ...model.groups };
  $("groups").replaceChildren(...Object.entries(named).map(([name, layers]) =>
    el("button", { "aria-pressed": view.layers === layers, title: `layers ${layers}`, onclick: () => chooseLayers(layers) }, name)));
  $("layers-told").textContent = view.layers === "pack" ? "directions of the pack" : model.layers.length === 1 ? "it has one layer" : view.layers === "all" ? `all ${model.layers.length} layers` : `layers ${view.layers} of ${model.layers.length}`;
  if ([...$("count").options].some((option) => Number(option.value) === view.count)) $("count").value = view.count;
  showDirections();
  showKept();
  showFrames();
  refresh(fresh);
}

function showDirections() {
  const list = $("directions"), keys = directions.map((one) => one.key).filter((key) => !view.dropped.includes(key));
  const others = Object.keys(view.edits).filter((key) => !directions.some((one) => one.key === key));
  const wanted = [...keys, ...others].join(" ");
  if (list.dataset.keys !== `${model.name} ${wanted}`) {
    list.dataset.keys = `${model.name} ${wanted}`;
    shownEnds = "";
    list.replaceChildren(...directions.filter((one) => keys.includes(one.key)).map(row), ...others.map((key) => row({ key, other: true, range: [-4, 4], name: "", number: key.split("/").at(-1) })));
  }
  for (const item of list.children) {
    const key = item.dataset.key, strength = view.edits[key] ?? 0, kept = view.kept.find((one) => one[0] === key);
    item.classList.toggle("used", strength !== 0);
    const slider = item.querySelector("input[type=range]"), value = item.querySelector("input.value");
    if (Number(slider.value) !== strength) slider.value = strength;
    if (document.activeElement !== value) value.value = number(strength);
    item.querySelector(".zero").hidden = strength === 0;
    const keep = item.querySelector(".keep");
    keep.setAttribute("aria-pressed", Boolean(kept));
    keep.textContent = kept ? "Kept" : "Keep";
    const own = directions.find((one) => one.key === key);
    item.querySelector(".title").textContent = kept?.[1] || own?.name || (own ? `Direction ${own.number}` : `Layers ${key.replace("/", ", direction ")}`);
  }
  const gone = directions.filter((one) => view.dropped.includes(one.key)).length;
  $("undrop").hidden = !gone;
  $("undrop").textContent = `show ${gone} hidden again`;
}

function row(one) {
  const set = (strength, rest) => {
    const edits = { ...view.edits };
    if (strength) edits[one.key] = Math.round(strength * 1e4) / 1e4; else delete edits[one.key];
    change({ edits }, { rest });
    if (rest && $("record").checked) addFrame();
  };
  const [low, high] = one.range;
  const end = (which) => el("button", { className: `end ${which ? "high" : "low"}`, title: `to ${number(one.range[which])}`, "aria-label": `direction ${one.number} to ${number(one.range[which])}`, onclick: () => set(one.range[which], true) }, one.other ? null : el("img", { alt: "", hidden: true }));
  return el("li", { className: "direction", "data-key": one.key },
    end(0),
    el("div", { className: "middle" },
      el("div", { className: "head" },
        el("span", { className: "title" }),
        el("span", { className: "facts", title: "its part of the whole change" }, one.share ? `${number(100 * one.share)} %` : ""),
        el("span", { className: "gap" }),
        el("button", { className: "mini zero", title: "back to 0", onclick: () => set(0, true) }, "reset"),
        el("button", { className: "mini keep", title: "keep it for your pack", onclick: () => toggleKept(one) }),
        el("button", { className: "mini hide", title: "it means nothing: do not show it", "aria-label": "hide", onclick: () => { const { [one.key]: _, ...edits } = view.edits; change({ dropped: [...view.dropped, one.key], edits }); } }, "✕"),
        el("input", { className: "value", type: "number", step: "0.1", "aria-label": "strength", onchange: (event) => set(Number(event.target.value) || 0, true) })),
      el("input", { type: "range", min: low * 1.5, max: high * 1.5, step: (high - low) / 200 || 0.01, value: 0, "aria-label": `strength of direction ${one.number}`,
        oninput: (event) => set(event.target.matches(":active") ? snapped(Number(event.target.value), high - low) : Number(event.target.value), false), onchange: () => { settle(); show(); if ($("record").checked) addFrame(); } })),
    end(1));
}

/** Near zero is zero for a hand that drags: nobody means 0.02 of 6. */
const snapped = (value, range) => (Math.abs(value) < range / 90 ? 0 : value);

async function chooseLayers(layers, { keep = false } = {}) {
  const answer = await trying(() => ask("directions", { view: { ...view, layers } }));
  if (!answer) return;
  directions = answer.directions;
  view.layers = answer.layers;
  if (!keep) settle();
  shownEnds = "";
  show();
}

// -- pictures: a preview at once, the whole one when the hand rests, the others after it

const seenPictures = new Map();
let drawing = false, again = false, resting = 0, statedView = "", wholePicture = "";

function refresh(fresh = false) {
  const now = JSON.stringify([view.model, view.seed, view.photo, view.label, view.truncation, view.edits]);
  if (now !== shownPicture || fresh) {
    shownPicture = now;
    preview();
    clearTimeout(resting);
    resting = setTimeout(rest, REST);
    return;
  }
  if (view.look !== "edited") look();
  if (JSON.stringify(view) !== statedView) {
    clearTimeout(resting);
    resting = setTimeout(rest, REST);
  }
}

async function preview() {
  if (drawing) { again = true; return; }
  drawing = true;
  do {
    again = false;
    const of = shownPicture, what = view.look === "original" ? "original" : "edited";
    const answer = await trying(() => ask("picture", { view, small: true, what }));
    if (answer && !answer.superseded && of !== wholePicture) { $(what === "original" ? "original" : "picture").src = answer.picture; told(answer, "preview"); }
  } while (again);
  drawing = false;
}

let previewMs = 0;
async function rest() {
  const of = shownPicture, all = JSON.stringify(view);
  $("busy").hidden = false;
  const answer = await trying(() => ask("picture", { view, small: false }));
  $("busy").hidden = true;
  if (!answer || answer.superseded || of !== shownPicture) return;
  wholePicture = of;
  statedView = all;
  $("picture").src = answer.picture;
  told(answer, "whole picture");
  stated(answer);
  await look();
  if (of === shownPicture) await showRow();
  await showEnds();
}

function told(answer, what) {
  if (what === "preview") previewMs = answer.ms;
  $("speed").textContent = what === "preview" ? `preview ${answer.ms} ms` : `preview ${previewMs} ms · whole ${answer.ms} ms${answer.waited > 60 ? ` · waited ${answer.waited} ms` : ""}`;
}

function stated(answer) {
  $("commands").textContent = answer.commands.join("\n");
  const where = `?${answer.query}${view.tab === "explore" ? "" : `&tab=${view.tab}`}${view.look === "edited" ? "" : `&look=${view.look}`}`.replace(/(&tab=\w+)(.*)\1/, "$1$2").replace(/(&look=\w+)(.*)\1/, "$1$2");
  window.history.replaceState(null, "", where);
}

/** The original and the map of changes, where they are looked at. */
async function look() {
  const asks = { original: ["original"], split: ["original"], changes: ["changes"] }[view.look] ?? [];
  for (const what of asks) {
    const about = JSON.stringify([what, view.model, view.seed, view.photo, view.label, view.truncation, what === "changes" ? view.edits : 0]);
    const image = $(what);
    if (image.dataset.about === about) continue;
    const answer = await trying(() => ask("picture", { view, what }));
    if (answer && !answer.superseded) { image.src = answer.picture; image.dataset.about = about; }
  }
}

async function showRow() {
  const about = JSON.stringify([view.model, view.row, view.label, view.truncation, view.edits]);
  if (about === shownRow) return;
  const answer = await trying(() => ask("row", { view }));
  if (!answer || answer.superseded) return;
  shownRow = about;
  $("row").replaceChildren(...answer.pictures.map((picture, i) =>
    el("button", { title: `seed ${view.row[i]}`, "aria-label": `look at seed ${view.row[i]}`, onclick: () => change({ seed: view.row[i], photo: "" }) }, el("img", { src: picture, alt: `seed ${view.row[i]}` }))));
}

let endsTurn = 0;
async function showEnds() {
  const about = JSON.stringify([view.model, view.layers, view.count, view.seed, view.photo, view.label, view.truncation]);
  if (about === shownEnds) return;
  const mine = ++endsTurn;
  for (let first = 0; first < directions.length; first += 4) {
    const answer = await trying(() => ask("ends", { view, first, count: 4 }));
    if (!answer || answer.superseded || mine !== endsTurn) return;
    answer.ends.forEach((pair, i) => {
      const item = [...$("directions").children].find((one) => one.dataset.key === directions[first + i]?.key);
      item?.querySelectorAll(".end img").forEach((image, which) => { image.src = pair[which]; image.hidden = false; });
    });
  }
  shownEnds = about;
}

// -- keeping and naming

const ranges = new Map(); // of directions that were listed, by model and key

function toggleKept(one) {
  const there = view.kept.some((kept) => kept[0] === one.key);
  const kept = there ? view.kept.filter((entry) => entry[0] !== one.key) : [...view.kept, [one.key, one.name || "", 1, null, one.note || ""]];
  change({ kept });
  if (!there) say("Kept. Give it a name under Name.", true);
}

function showKept() {
  directions.forEach((one) => ranges.set(`${model.name} ${one.key}`, one.range));
  $("kept-count").hidden = !view.kept.length;
  $("kept-count").textContent = view.kept.length;
  $("nothing-kept").hidden = view.kept.length > 0;
  $("pack").hidden = !view.kept.length;
  const list = $("kept"), wanted = JSON.stringify(view.kept.map((kept) => [kept[0], kept[2]]));
  if (list.dataset.shown === wanted) return;
  list.dataset.shown = wanted;
  const set = (place, field, value) => { const kept = copy(view.kept); kept[place][field] = value; change({ kept }); };
  list.replaceChildren(...view.kept.map(([key, name, sign, range, note], i) => {
    const own = ranges.get(`${model.name} ${key}`) ?? [-3, 3], ends = range ?? own.map((end) => end * sign).sort((a, b) => a - b);
    const end = (which) => el("input", { type: "number", step: "0.1", value: number(ends[which]), "aria-label": which ? "highest strength" : "lowest strength",
      onchange: (event) => { const now = copy(view.kept[i][3] ?? ends); now[which] = Number(event.target.value); if (now[0] > now[1]) $("kept").dataset.shown = ""; set(i, 3, now.sort((a, b) => a - b)); } });
    return el("li", { className: "keep-item" },
      el("div", { className: "first" },
        el("input", { className: "name", value: name, placeholder: "what does it change?", maxLength: 80, "aria-label": "name", onchange: (event) => set(i, 1, (event.target.value = event.target.value.replaceAll("=", "").trim())) }),
        el("button", { className: "quiet", title: "swap its two ends", onclick: () => { const kept = copy(view.kept); kept[i][2] = -sign; if (kept[i][3]) kept[i][3] = [-kept[i][3][1], -kept[i][3][0]]; change({ kept }); } }, sign > 0 ? "+ sign" : "− sign"),
        el("button", { className: "mini", onclick: () => change({ kept: view.kept.filter((_, other) => other !== i) }) }, "remove")),
      el("div", { className: "first ends" }, el("span", { className: "facts" }, `layers ${key.replace("/", " · direction ")}`), el("span", { className: "gap" }), el("span", { className: "facts" }, "from"), end(0), el("span", { className: "facts" }, "to"), end(1)),
      el("textarea", { value: note, placeholder: "a note for those who use it", "aria-label": "note", rows: 1, maxLength: 1000, onchange: (event) => set(i, 4, event.target.value) }));
  }));
}

async function packed(save) {
  const told = $("pack-told");
  told.classList.remove("wrong");
  told.textContent = "";
  const answer = await trying(() => ask("pack", { view, name: $("pack-name").value, save }), told);
  if (!answer) return;
  if (answer.saved) { told.textContent = `saved as ${answer.saved}`; return; }
  el("a", { href: `studio/file/${answer.file}`, download: "" }).click();
  told.textContent = `${answer.count} direction${answer.count === 1 ? "" : "s"} in ${answer.file.split("/")[1]}`;
}

async function showCard() {
  const answer = await trying(() => ask("card", { view, repo: $("repo").value.includes("/") ? $("repo").value : "" }), $("pack-told"));
  if (!answer) return;
  $("card-text").textContent = answer.card;
  $("token").placeholder = facts.public ? "hf_…" : "hf_…, or this machine's login";
  $("push-told").textContent = "";
  if (!$("card").open) $("card").showModal();
}

async function push() {
  const told = $("push-told");
  told.classList.remove("wrong");
  told.textContent = "sending …";
  const answer = await trying(() => ask("push", { view, repo: $("repo").value, token: $("token").value, private: $("private").checked }), told);
  if (answer) told.replaceChildren("It is at ", el("a", { href: answer.url, target: "_blank", rel: "noopener" }, answer.url));
}

// -- a photograph

let searching = null;
async function photograph(file) {
  if (!file) return;
  $("search").hidden = false;
  $("code").hidden = true;
  $("target").removeAttribute("src");
  $("found").removeAttribute("src");
  const told = $("search-told");
  told.classList.remove("wrong");
  told.textContent = "sending …";
  await trying(async () => {
    const { job } = await upload(file, `model=${encodeURIComponent(view.model)}`, $("crop").value);
    searching = job;
    $("search-stop").hidden = false;
    const result = await follow(job, (state) => {
      $("search-bar").style.width = `${100 * (state.done || 0) / (state.total || 200)}%`;
      if (state.picture) { $("found").src = state.picture; $("target").src = state.target; }
      const left = state.left ? `, ${Math.ceil(state.left)} s at most` : "";
      if (!state.ended) told.textContent = `${state.what}${state.psnr ? `: ${state.psnr} dB` : ""}${left}`;
    });
    $("search-bar").style.width = "100%";
    const { psnr, ssim, distance, usual } = result.figures;
    told.textContent = `PSNR ${psnr} dB · SSIM ${ssim} · distance ${distance} (the model's own: ${usual[0]} to ${usual[1]}). ${psnr > 28 ? "Very like." : psnr > 20 ? "Of its kind." : "This model does not come near it; crop it as the model's own pictures are."}`;
    $("found").src = result.picture;
    $("target").src = result.target;
    $("code").href = `studio/file/${result.file}`;
    $("code").hidden = false;
    change({ photo: result.photo, edits: {} });
  }, told);
  $("search-stop").hidden = true;
  searching = null;
}

// -- an animation

function addFrame() {
  if (view.frames.length >= 240) return say("An animation has at most 240 key frames; remove some.");
  const frame = [view.photo || view.seed, copy(view.edits), 0.3, 1];
  change({ frames: [...view.frames, frame] });
}

function showFrames() {
  $("frames-count").hidden = !view.frames.length;
  $("frames-count").textContent = view.frames.length;
  $("film").hidden = !view.frames.length;
  const list = $("frames"), wanted = JSON.stringify([view.model, view.frames]);
  if (list.dataset.shown === wanted) return;
  list.dataset.shown = wanted;
  const set = (i, field, value) => { const frames = copy(view.frames); frames[i][field] = value; change({ frames }); };
  const moved = (i, by) => { const frames = copy(view.frames), [one] = frames.splice(i, 1); frames.splice(i + by, 0, one); change({ frames }); };
  list.replaceChildren(...view.frames.map(([sample, edits, hold, duration], i) => {
    const image = el("img", { alt: "" });
    thumb(sample, edits).then((picture) => { if (picture) image.src = picture; });
    const about = Object.entries(edits).map(([key, strength]) => `direction ${key.split("/").at(-1)} ${strength > 0 ? "+" : ""}${number(strength)}`).join(", ") || "no edits";
    const seconds = (field, value, label) => el("label", {}, `${label} `, el("input", { type: "number", min: 0, max: 60, step: 0.1, value, onchange: (event) => set(i, field, (event.target.value = Math.min(60, Math.max(0, Number(event.target.value) || 0)), Number(event.target.value))) }), " s");
    return el("li", { className: "frame-item" }, image, el("div", { className: "first" },
      el("button", { className: "plain", title: "look at it", onclick: () => change(typeof sample === "string" ? { photo: sample, edits: copy(edits) } : { seed: sample, photo: "", edits: copy(edits) }) }, typeof sample === "string" ? "photograph" : `seed ${sample}`),
      el("span", { className: "facts" }, about), el("span", { className: "gap" }),
      el("button", { className: "mini", disabled: i === 0, "aria-label": "earlier", onclick: () => moved(i, -1) }, "↑"),
      el("button", { className: "mini", disabled: i === view.frames.length - 1, "aria-label": "later", onclick: () => moved(i, 1) }, "↓"),
      el("button", { className: "mini", onclick: () => change({ frames: view.frames.filter((_, other) => other !== i) }) }, "remove"),
      el("span", { style: "flex-basis:100%;height:0" }), seconds(2, hold, "stay"), seconds(3, duration, "then move for")));
  }));
}

async function thumb(sample, edits) {
  const of = typeof sample === "string" ? { photo: sample } : { seed: sample, photo: "" };
  const key = JSON.stringify([view.model, of, edits, view.label, view.truncation]);
  if (!seenPictures.has(key)) {
    const answer = await ask("picture", { visitor: null, view: { ...view, ...of, edits }, small: true }).catch(() => null);
    if (answer?.picture) seenPictures.set(key, answer.picture);
  }
  return seenPictures.get(key);
}

let making = null;
async function make() {
  const told = $("make-told");
  told.classList.remove("wrong");
  told.textContent = "";
  $("movie").replaceChildren();
  $("make-progress").hidden = false;
  $("make-stop").hidden = false;
  $("make").disabled = true;
  await trying(async () => {
    const { job } = await ask("animate", { view, format: $("format").value, fps: Number($("fps").value), easing: $("easing").value, loop: $("loop").checked });
    making = job;
    const result = await follow(job, (state) => {
      $("make-bar").style.width = `${100 * (state.done || 0) / (state.total || 1)}%`;
      if (!state.ended) told.textContent = `${state.what} ${state.done || ""}${state.total ? ` of ${state.total}` : ""}${state.left ? `, ${Math.ceil(state.left)} s left` : ""}`;
    });
    const address = `studio/file/${result.file}`;
    told.textContent = `${result.pictures} pictures, ${bytes(result.bytes)}`;
    const moving = result.file.endsWith(".mp4") ? el("video", { src: address, controls: true, loop: true, autoplay: true, muted: true }) : el("img", { src: address, alt: "the animation" });
    $("movie").replaceChildren(moving, el("div", { className: "buttons" },
      el("a", { className: "quiet", href: address, download: "" }, `Download ${result.file.split("/")[1]}`),
      el("a", { className: "quiet", href: `studio/file/${result.keys}`, download: "" }, "Key frames")),
    el("pre", {}, result.commands.join("\n")));
  }, told);
  $("make-progress").hidden = true;
  $("make-stop").hidden = true;
  $("make").disabled = false;
  making = null;
}

// -- hands

function listen() {
  $("model").onchange = async (event) => {
    let name = event.target.value;
    if (name === "?hub") name = window.prompt("Which file on the Hub? hf:org/repo/file", "hf:") ?? "";
    if (!name) { event.target.value = model.name; return; }
    await open(`model=${encodeURIComponent(name)}`);
  };
  $("undo").onclick = () => travel(past, future);
  $("redo").onclick = () => travel(future, past);
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || /^(text|textarea|password)$/.test(event.target.type ?? "")) return;
    event.preventDefault();
    if (event.shiftKey) travel(future, past); else travel(past, future);
  });
  const go = (by) => { place += by; const { seed, photo } = seen[place]; change({ seed, photo }); };
  $("back").onclick = () => go(-1);
  $("forward").onclick = () => go(1);
  $("random").onclick = () => change({ seed: crypto.getRandomValues(new Uint32Array(1))[0] % 100000, photo: "" });
  $("seed").onchange = (event) => change({ seed: Math.min(4294967295, Math.max(0, Math.round(Number(event.target.value) || 0))), photo: "" });
  $("class").onchange = (event) => change({ label: Number(event.target.value) });
  $("psi").oninput = (event) => { const psi = Number(event.target.value); change({ truncation: psi === model.psi ? null : psi }, { rest: false }); };
  $("psi").onchange = () => { settle(); show(); };
  $("reset").onclick = () => change({ edits: {} });
  $("reshuffle").onclick = () => change({ row: view.row.map(() => crypto.getRandomValues(new Uint32Array(1))[0] % 100000) });
  $("count").onchange = (event) => { view.count = Number(event.target.value); chooseLayers(view.layers); };
  $("undrop").onclick = () => change({ dropped: view.dropped.filter((key) => !directions.some((one) => one.key === key)) });
  for (const button of document.querySelectorAll(".looks button")) button.onclick = () => { view.look = button.dataset.look; show(); restate(); };
  for (const tab of document.querySelectorAll("[role=tab]")) tab.onclick = () => { view.tab = tab.dataset.tab; show(); restate(); };
  document.querySelector("[role=tablist]").onkeydown = (event) => {
    const tabs = [...document.querySelectorAll("[role=tab]")], by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by) { const next = tabs[(tabs.indexOf(document.activeElement) + by + tabs.length) % tabs.length]; next.focus(); next.click(); }
  };
  const cut = (event) => {
    if (view.look !== "split" || (event.type === "pointermove" && !event.buttons && event.pointerType !== "mouse")) return;
    const box = $("frame").getBoundingClientRect();
    $("frame").style.setProperty("--cut", `${Math.min(100, Math.max(0, 100 * (event.clientX - box.left) / box.width))}%`);
  };
  $("frame").onpointermove = cut;
  $("frame").onpointerdown = cut;
  const copied = async (text) => { await navigator.clipboard?.writeText(text).catch(() => {}); say("Copied.", true); };
  $("copy").onclick = () => copied($("commands").textContent);
  $("link").onclick = async () => { await restate(); copied(window.location.href); };
  $("download").onclick = () => packed(false);
  $("save").onclick = () => packed(true);
  $("show-card").onclick = showCard;
  $("repo").onchange = showCard;
  $("push").onclick = push;
  $("pack").onsubmit = (event) => event.preventDefault();
  $("film").onsubmit = (event) => event.preventDefault();
  $("file").onchange = (event) => { photograph(event.target.files[0]); event.target.value = ""; };
  const drop = $("drop");
  drop.ondragover = (event) => { event.preventDefault(); drop.classList.add("over"); };
  drop.ondragleave = () => drop.classList.remove("over");
  drop.ondrop = (event) => { event.preventDefault(); drop.classList.remove("over"); photograph(event.dataTransfer.files[0]); };
  $("search-stop").onclick = () => searching && trying(() => ask("stop", { job: searching }));
  $("make-stop").onclick = () => making && trying(() => ask("stop", { job: making }));
  $("add-frame").onclick = addFrame;
  $("make").onclick = make;
}

async function restate() {
  const answer = await trying(() => ask("address", { view }));
  if (answer) stated(answer);
}

listen();
window.addEventListener("resize", () => { if (view) drawMap($("map"), model.layers, view.layers, (layers) => chooseLayers(layers)); });
await open(window.location.search.slice(1));
if (!view) await open("");
