// Both halves of a guess, as the server packs them, and the linear map that turns latents into approximate colours.

import { bytes } from "./bytes.js";

/** {data, c, h, w} -> {values: Float32Array (c, h, w), c, h, w}. */
export function latents({ data, c, h, w }) {
  const packed = bytes(data);
  const view = new DataView(packed.buffer);
  const values = Float32Array.from({ length: c * h * w }, (_, at) => half(view.getUint16(2 * at, true)));
  return { values, c, h, w };
}

/** without + weight * (with - without), number by number. */
export function mix(withPrompt, without, weight) {
  const values = without.values.map((base, at) => base + weight * (withPrompt.values[at] - base));
  return { ...without, values };
}

/** Paint latents as colours: matrix (3 x c) times latents plus bias, in levels. One dot for each place. */
export function paintLatents(canvas, { values, c, h, w }, { matrix, bias }) {
  const places = h * w;
  const picture = new ImageData(w, h);
  for (let at = 0; at < places; at += 1) {
    for (let band = 0; band < 3; band += 1) {
      let level = bias[band];
      for (let channel = 0; channel < c; channel += 1) level += matrix[band][channel] * values[channel * places + at];
      picture.data[4 * at + band] = Math.round(level); // a clamped array: nothing wraps around
    }
    picture.data[4 * at + 3] = 255;
  }
  if (canvas.width !== w) canvas.width = w;
  if (canvas.height !== h) canvas.height = h;
  canvas.getContext("2d").putImageData(picture, 0, 0);
}

/** IEEE 754 half precision, as its 16 bits, to a number. */
export function half(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
