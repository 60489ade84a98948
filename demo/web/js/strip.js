// A row of numbers as a strip of colours: blue below zero, amber above, the ground's own colour at zero.

export const ACROSS = 64; // numbers in a row

const INKS = {
  dark: { below: [74, 151, 255], zero: [27, 30, 35], above: [255, 180, 84] },
  light: { below: [22, 92, 190], zero: [243, 239, 231], above: [190, 98, 0] },
};

/** The colour of `share` in [-1, 1] of the scale, [r, g, b]. */
export function ink(share, dark) {
  const { below, zero, above } = INKS[dark ? "dark" : "light"];
  const to = share < 0 ? below : above;
  const much = Math.sqrt(Math.min(1, Math.abs(share))); // small numbers are numbers too
  return zero.map((from, at) => Math.round(from + (to[at] - from) * much));
}

/** Paint `vector` on a canvas, ACROSS in a row; returns the scale: the size that is full colour, 1 number in 50 is beyond. */
export function paintStrip(canvas, vector) {
  const rows = Math.ceil(vector.length / ACROSS);
  const sizes = vector.map(Math.abs).sort((a, b) => a - b);
  const scale = sizes[Math.floor(0.98 * (sizes.length - 1))] || 1;
  const picture = new ImageData(ACROSS, rows);
  const dark = document.body.classList.contains("dark");
  vector.forEach((value, at) => picture.data.set([...ink(value / scale, dark), 255], 4 * at));
  canvas.width = ACROSS;
  canvas.height = rows;
  canvas.style.aspectRatio = ACROSS + " / " + rows;
  canvas.getContext("2d").putImageData(picture, 0, 0);
  return scale;
}

/** Which number of a strip of `count` is under the pointer, null beside it. */
export function under(canvas, event, count) {
  const box = canvas.getBoundingClientRect();
  const column = Math.floor(((event.clientX - box.left) / box.width) * ACROSS);
  const row = Math.floor(((event.clientY - box.top) / box.height) * Math.ceil(count / ACROSS));
  const at = row * ACROSS + column;
  return column < 0 || column >= ACROSS || at < 0 || at >= count ? null : at;
}
