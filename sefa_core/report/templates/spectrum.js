// What does the spectrum say under the pointer, or at the bar that arrow keys have reached?
(() => {
  "use strict";
  const { spectrum } = JSON.parse(document.querySelector("#data").textContent);
  const plot = document.querySelector("#plot");
  const cursor = plot.querySelector(".cursor");
  const sum = spectrum.reduce((total, value) => total + value, 0) || 1;
  const percent = (value, digits) => `${((100 * value) / sum).toFixed(digits)} %`;
  let pointed = -1;

  function point(index) {
    pointed = Math.min(Math.max(index, 0), spectrum.length - 1);
    const value = spectrum[pointed];
    const held = spectrum.slice(0, pointed + 1).reduce((total, each) => total + each, 0);
    cursor.hidden = false;
    cursor.style.left = `${(100 * (pointed + 0.4)) / spectrum.length}%`; // a bar fills four fifths of its place
    const share = `${percent(value, 2)} of the sum; up to here ${percent(held, 1)}`;
    document.querySelector("#value").textContent = `eigenvalue ${pointed}: ${Number(value.toPrecision(4))}, ${share}`;
  }

  plot.addEventListener("pointermove", (event) => {
    const box = plot.getBoundingClientRect();
    point(Math.floor(((event.clientX - box.left) / box.width) * spectrum.length));
  });
  plot.addEventListener("keydown", (event) => {
    const move = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
    if (move === undefined) return;
    event.preventDefault();
    point(pointed + move);
  });
})();
