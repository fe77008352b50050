// What happens when somebody moves, clicks or types. State is one step per direction, a sample and a view.
(() => {
  "use strict";
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

  const data = JSON.parse($("#data").textContent);
  const cards = $$(".card");
  const faces = $$("[data-face]");
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const state = { view: "direction", sample: 0, steps: data.directions.map((direction) => direction.zero) };

  // Storage may be forbidden (private windows, embedded pages); the page works without it.
  const remember = (key, value) => { try { localStorage.setItem(key, value); } catch { /* see above */ } };
  const recall = (key) => { try { return localStorage.getItem(key); } catch { return null; } };

  // Pictures. Every one is in the page once: the edited in the grids, the unedited in the style sheet.

  const edited = cards.map((card) => $$("tbody tr", card).map((row) => $$("td", row).map((cell) => $("img", cell))));
  const unedited = data.samples.map((_, sample) =>
    getComputedStyle($(`.unedited-${sample}`)).backgroundImage.replace(/^url\("|"\)$/g, ""));

  const source = (number, sample, step) => edited[number][sample][step]?.getAttribute("src") ?? unedited[sample];

  function show(image, number, sample, step) {
    const { labels, zero } = data.directions[number];
    image.src = source(number, sample, step);
    image.alt = `${data.samples[sample]}, ${step === zero ? "unedited" : `${title(number)} at ${labels[step]}`}`;
  }

  // A slider with its buttons. `change(step)` is called when a person or the player moves it.

  let player = null; // the scrubber that plays, with its timer

  function stop() {
    if (!player) return;
    clearInterval(player.timer);
    player.root.classList.remove("playing");
    player.button.setAttribute("aria-label", player.button.getAttribute("aria-label").replace("Pause", "Play"));
    player = null;
  }

  // To and fro between the ends; `once` goes zero, one end, the other end, zero, and stops there.
  function play(root, count, zero, step, change, once = false) {
    stop();
    const button = $(".play", root);
    root.classList.add("playing");
    button.setAttribute("aria-label", button.getAttribute("aria-label").replace("Play", "Pause"));
    let ahead = step === count - 1 ? -1 : 1;
    let turns = 0;
    const timer = setInterval(() => {
      if (step + ahead < 0 || step + ahead >= count) { ahead = -ahead; turns += 1; }
      step += ahead;
      change(step);
      if (once && turns === 2 && step === zero) stop();
    }, Math.max(70, 1500 / count));
    player = { root, button, timer };
  }

  function scrubber(root, labels, zero, change, settled = () => {}) {
    const range = $("input", root);
    const last = Math.max(labels.length - 1, 1);
    const user = (step) => { stop(); change(step); settled(); };
    range.max = labels.length - 1;
    range.addEventListener("input", () => user(Number(range.value)));
    $(".reset", root)?.addEventListener("click", () => user(zero));
    $(".play", root)?.addEventListener("click", () => {
      if (player && player.root === root) stop();
      else if (labels.length > 1) play(root, labels.length, zero, Number(range.value), change);
    });
    return (step) => {
      range.value = step;
      range.setAttribute("aria-valuetext", labels[step]);
      range.style.setProperty("--from", Math.min(step, zero) / last);
      range.style.setProperty("--to", Math.max(step, zero) / last);
      $(".readout", root).textContent = labels[step];
    };
  }

  const sliders = data.directions.map(() => []); // every slider that shows a direction

  function setStep(number, step) {
    state.steps[number] = step;
    const card = cards[number];
    $$(".stage .enlarge img", card).forEach((image, sample) => show(image, number, sample, step));
    show($(".enlarge img", faces[number]), number, state.sample, step);
    [...$$("[data-step]", card), ...$$("[data-step]", faces[number])].forEach((cell) =>
      cell.classList.toggle("current", Number(cell.dataset.step) === step));
    sliders[number].forEach((paint) => paint(step));
    if (opened && opened.number === number) paintDialog();
  }

  data.directions.forEach(({ labels, zero }, number) => {
    const change = (step) => setStep(number, step);
    const card = cards[number];
    sliders[number].push(scrubber($(".scrubber", card), labels, zero, change, () => writeAddress(number)));
    sliders[number].push(scrubber(faces[number], labels, zero, change));
    [$("table", card), $(".strip", faces[number])].forEach((grid) => grid.addEventListener("click", (event) => {
      const cell = event.target.closest("[data-step]");
      if (!cell) return;
      stop();
      setStep(number, Number(cell.dataset.step));
      writeAddress(number);
    }));
    $$(".stage .enlarge", card).forEach((button, sample) =>
      button.addEventListener("click", () => enlarge(number, sample)));
    $(".enlarge", faces[number]).addEventListener("click", () => enlarge(number, state.sample));
  });

  const paintMaster = scrubber($(".master .scrubber"), data.master.labels, data.master.zero, setAll);
  function setAll(step) {
    const part = step / Math.max(data.master.labels.length - 1, 1);
    data.directions.forEach(({ labels }, number) => setStep(number, Math.round(part * (labels.length - 1))));
    paintMaster(step);
  }

  // Enlarged: one sample beside its unedited self.

  const dialog = $("#dialog");
  const frame = $(".scrubber", dialog);
  let opened = null;

  function enlarge(number, sample) {
    const { labels, zero } = data.directions[number];
    const fresh = frame.cloneNode(true); // without the listeners of the direction before
    $(".scrubber", dialog).replaceWith(fresh);
    const change = (step) => setStep(number, step);
    opened = { number, sample, paint: scrubber(fresh, labels, zero, change, () => writeAddress(number)) };
    const [first, last] = [$(".ends", fresh).firstElementChild, $(".ends", fresh).lastElementChild];
    [first.textContent, last.textContent] = [labels[0], labels[labels.length - 1]];
    $(".track", fresh).style.setProperty("--steps", labels.length - 1);
    $(".track", fresh).style.setProperty("--zero", zero / Math.max(labels.length - 1, 1));
    $("#dialog-title").textContent = `${title(number)} · ${data.samples[sample]}`;
    show($("#before"), number, sample, zero);
    paintDialog();
    dialog.showModal();
    $("input", fresh).focus();
  }
  function paintDialog() {
    const step = state.steps[opened.number];
    show($("#after"), opened.number, opened.sample, step);
    opened.paint(step);
  }
  $("#close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("close", () => { stop(); opened = null; });

  // Names: typed here, kept in this browser, saved as a file for `sefa name`.

  const namesKey = `sefa-names:${data.key}`;
  const fields = cards.map((card) => $(".name", card));
  const kept = (() => { try { return JSON.parse(recall(namesKey)) || {}; } catch { return {}; } })();

  function title(number) {
    const { index } = data.directions[number];
    const name = fields[number].value.trim();
    return name ? `${index} · ${name}` : `direction ${index}`;
  }
  fields.forEach((field, number) => {
    const { index, name } = data.directions[number];
    const label = () => { $(".called", faces[number]).textContent = title(number); };
    field.value = kept[index]?.from === name ? kept[index].to : name; // what was typed over another name is outdated
    field.addEventListener("input", () => {
      if (field.value === name) delete kept[index];
      else kept[index] = { from: name, to: field.value };
      remember(namesKey, JSON.stringify(kept));
      label();
      checkNames();
    });
    field.addEventListener("keydown", (event) => { if (event.key === "Enter") field.blur(); });
    label();
  });

  // The rules of `sefa name`, in its words.
  const quoted = (text) => (text.includes("'") && !text.includes('"') ? `"${text}"` : `'${text}'`);
  const printable = (name) => !/[\p{C}\p{Z}]/u.test(name.replaceAll(" ", ""));
  function problem(name, all) {
    if (!name) return "";
    const usable = printable(name) && [...name].length <= 80 && !name.includes("=") && !/^-*\p{Nd}+$/u.test(name);
    if (!usable) return `name ${quoted(name)}: ${data.rule}`;
    if (all.filter((other) => other === name).length < 2) return "";
    return `name ${quoted(name)}: two directions of one pack cannot share it; choose another`;
  }
  // Says what is wrong below each field; returns the first field that is.
  function checkNames() {
    const all = fields.map((field) => field.value.trim());
    const wrong = fields.filter((field, number) => {
      const text = problem(all[number], all);
      const place = $(".problem", cards[number]);
      if (place.textContent !== text) place.textContent = text; // said again only when it changes
      if (text) field.setAttribute("aria-invalid", "true");
      else field.removeAttribute("aria-invalid");
      return text;
    });
    return wrong[0];
  }
  checkNames();

  // Where the pack is: beside this page while it is a file, else where it was written.
  function packPath() {
    if (location.protocol !== "file:") return data.pack;
    return decodeURIComponent(location.pathname).replace(/[^/]*$/, "pack");
  }
  const shellWord = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`);

  const status = $("#status");
  let fading;
  function say(text, command = "") {
    status.textContent = text;
    if (command) {
      const code = document.createElement("code");
      code.textContent = command;
      status.append(code);
    }
    clearTimeout(fading);
    fading = setTimeout(() => { status.textContent = ""; }, command ? 60000 : 12000); // a command is to be copied
  }

  $("#save").addEventListener("click", () => {
    const wrong = checkNames();
    if (wrong) { // what is wrong stands below the field, and nothing is saved
      status.textContent = "";
      setView("direction");
      wrong.focus();
      return;
    }
    const named = fields // "" takes away the name that the pack has
      .map((field, number) => [data.directions[number].index, field.value.trim(), data.directions[number].name])
      .filter(([, name, before]) => name || before);
    if (!named.length) {
      say("No direction has a name yet: type one above its pictures.");
      return;
    }
    const saved = { format: "sefa-names", fingerprint: data.fingerprint, names: Object.fromEntries(named.map(([index, name]) => [index, name])) };
    const content = JSON.stringify(saved, null, 2);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([content + "\n"], { type: "application/json" }));
    link.download = "names.json";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    const pack = packPath();
    say(
      `Saved names.json. Run this where it was saved, and the names are in the pack ${pack}:`,
      `sefa name ${shellWord(pack)} names.json`,
    );
  });

  // Views, and an address that opens the same view again: #direction-3/7 (its step), #sample-2.

  const writeAddress = (number = 0) => {
    const direction = `#direction-${data.directions[number].index}/${state.steps[number]}`;
    history.replaceState(null, "", state.view === "sample" ? `#sample-${state.sample}` : direction);
  };
  function setView(view) {
    stop();
    state.view = view;
    // One sample, unedited, many times over compares nothing: begin at the far end.
    const untouched = state.steps.every((step, number) => step === data.directions[number].zero);
    if (view === "sample" && untouched) setAll(data.master.labels.length - 1);
    $("#by-direction").hidden = view !== "direction";
    $("#by-sample").hidden = view !== "sample";
    $(".jump").hidden = view !== "direction";
    $(`[name="view"][value="${view}"]`).checked = true;
  }
  function setSample(sample) {
    state.sample = sample;
    $$('[name="sample"]')[sample].checked = true;
    show($("#origin"), 0, sample, data.directions[0].zero);
    faces.forEach((face, number) => {
      show($(".enlarge img", face), number, sample, state.steps[number]);
      $$(".strip img", face).forEach((image, step) => { image.src = source(number, sample, step); });
    });
  }
  $$('[name="view"]').forEach((radio) => radio.addEventListener("change", () => {
    setView(radio.value);
    writeAddress();
    $(".bar").scrollIntoView();
  }));
  $$('[name="sample"]').forEach((radio) => radio.addEventListener("change", () => {
    setSample(Number(radio.value));
    writeAddress();
  }));

  function openAddress() {
    const [, kind, index, step] = location.hash.match(/^#(direction|sample)-(\d+)(?:\/(\d+))?$/) || [];
    if (kind === "sample" && data.samples[index]) {
      setView("sample");
      setSample(Number(index));
    }
    if (kind !== "direction") return;
    const number = data.directions.findIndex((direction) => direction.index === Number(index));
    if (number < 0) return;
    setView("direction");
    if (step < data.directions[number].labels.length) setStep(number, Number(step));
    cards[number].scrollIntoView();
  }

  // The rest of the page.

  $$(".scale-switch").forEach((button) => button.addEventListener("click", () => {
    const before = button.getBoundingClientRect().top;
    document.documentElement.classList.toggle("own-scale");
    scrollBy(0, button.getBoundingClientRect().top - before);
  }));
  $("#theme").addEventListener("click", () => {
    const root = document.documentElement;
    const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    root.dataset.theme = (root.dataset.theme || system) === "dark" ? "light" : "dark";
    remember("sefa-theme", root.dataset.theme);
  });
  $("#copy").addEventListener("click", () => {
    getSelection().selectAllChildren($("#command")); // also for those whose browser forbids the clipboard
    const copied = document.execCommand("copy");
    $("#copy").textContent = copied ? "Copied" : "Selected";
    setTimeout(() => { $("#copy").textContent = "Copy"; }, 1600);
  });

  // Start.

  if (matchMedia("(max-width: 600px)").matches) $$(".grid").forEach((grid) => { grid.open = false; });
  state.steps.forEach((step, number) => setStep(number, step));
  paintMaster(data.master.zero);
  setSample(0);
  openAddress();
  addEventListener("hashchange", openAddress);
  // One sweep of the first direction tells a newcomer what the sliders are for.
  const [{ labels, zero }] = data.directions;
  if (!calm && !location.hash && labels.length > 2) {
    setTimeout(() => {
      if (player || state.steps[0] !== zero || state.view !== "direction") return;
      play($(".scrubber", cards[0]), labels.length, zero, zero, (step) => setStep(0, step), true);
    }, 700);
  }
})();
