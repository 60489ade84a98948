// A map over a picture: where it is high the picture stands in amber light, where it is low it lies in the dark. That way
// it shows on white pictures as on black ones, and the picture can still be seen.

import { drawn, size } from "./pictures.js";

const DARK = [18, 15, 11];
const LIGHT = [255, 180, 84];
const VEILED = 0.8; // how dense the dark is
const TINTED = 0.34; // how dense the light is
const SIDE = 128; // the map is drawn smooth at this size

/** Paint `values` (h x w, row by row) as a veil, between the values of full dark and full light. */
export function veil(canvas, values, { h, w }, [least, most]) {
  const small = new ImageData(w, h);
  for (let at = 0; at < w * h; at += 1) {
    const lit = most > least ? Math.max(0, Math.min(1, (values[at] - least) / (most - least))) : 0;
    for (let band = 0; band < 3; band += 1) small.data[4 * at + band] = DARK[band] + lit * (LIGHT[band] - DARK[band]);
    small.data[4 * at + 3] = 255 * (VEILED + lit * (TINTED - VEILED));
  }
  const sheet = new OffscreenCanvas(w, h);
  sheet.getContext("2d").putImageData(small, 0, 0);
  const scale = Math.max(1, Math.round(SIDE / Math.max(w, h)));
  canvas.width = w * scale;
  canvas.height = h * scale;
  const pen = canvas.getContext("2d");
  pen.imageSmoothingEnabled = true;
  pen.imageSmoothingQuality = "high";
  pen.drawImage(sheet, 0, 0, canvas.width, canvas.height);
}

/** `picture` on a canvas, under the veil of a map where there is one. */
export function veiled(canvas, picture, values, grid, range) {
  const cover = new OffscreenCanvas(1, 1);
  if (values) veil(cover, values, grid, range);
  drawn(canvas, [picture], (bitmap) => {
    const { width, height } = bitmap;
    size(canvas, width, height);
    const pen = canvas.getContext("2d");
    pen.drawImage(bitmap, 0, 0, width, height);
    if (values) pen.drawImage(cover, 0, 0, width, height);
  });
}
