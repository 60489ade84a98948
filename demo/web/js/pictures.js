// Pictures as they arrived, and of the decoded ones as many as fit a budget, the last used first: a run of 100 steps of
// 512 pixels would take 300 MB. They are decoded off the main thread.

import { bytes } from "./bytes.js";

const BUDGET = 64e6; // bytes of decoded pictures in a tab
const DEPTH = 4; // bytes of a pixel

/** @type {Set<Picture>} those that are decoded, the least lately used first */
const decoded = new Set();
/** @type {WeakMap<any, symbol>} what a canvas is waiting for */
const wanted = new WeakMap();
let held = 0;

class Picture {
  constructor(blob) {
    this.blob = blob;
    this.width = this.height = 0;
    /** @type {ImageBitmap | null} */
    this.bitmap = null;
    /** @type {Promise<void> | null} */
    this.coming = null;
  }

  /** Until it can be drawn. */
  decode() {
    if (this.bitmap) return use(this);
    this.coming ??= createImageBitmap(this.blob)
      .then((bitmap) => keep(this, bitmap))
      .finally(() => (this.coming = null));
    return this.coming;
  }
}

function keep(picture, bitmap) {
  Object.assign(picture, { bitmap, width: bitmap.width, height: bitmap.height });
  held += DEPTH * bitmap.width * bitmap.height;
  use(picture);
  for (const oldest of decoded) {
    if (held <= BUDGET || oldest === picture) return;
    held -= DEPTH * oldest.width * oldest.height;
    oldest.bitmap.close();
    oldest.bitmap = null;
    decoded.delete(oldest);
  }
}

function use(picture) {
  decoded.delete(picture);
  decoded.add(picture);
}

/** A picture from its data URI, null where it is none. */
export async function picture(source) {
  if (!source) return null;
  const [, type, text] = /^data:([a-z]+\/[a-z]+);base64,(.*)$/.exec(source) ?? [];
  try {
    const made = new Picture(new Blob([bytes(text)], { type }));
    await made.decode();
    return made;
  } catch {
    return null;
  }
}

/** Have these at hand before they are asked for; null ones are none. */
export function ready(pictures) {
  for (const one of pictures) one?.decode();
}

/** `pen(...bitmaps)` draws on `canvas`, at once where all are at hand, else when they are, unless something else was asked of the canvas meanwhile. */
export function drawn(canvas, pictures, pen) {
  const turn = Symbol();
  wanted.set(canvas, turn);
  const act = () => (pictures.forEach(use), pen(...pictures.map(({ bitmap }) => bitmap)));
  if (pictures.every(({ bitmap }) => bitmap)) return act();
  Promise.all(pictures.map((one) => one.decode())).then(() => {
    if (wanted.get(canvas) !== turn) return;
    if (pictures.every(({ bitmap }) => bitmap)) act();
    else drawn(canvas, pictures, pen); // one had to go for another
  });
}

/** Draw a picture at its own size, or at the one that is said; the style sheet enlarges it. */
export function paint(canvas, one, width = one.width, height = one.height) {
  drawn(canvas, [one], (bitmap) => {
    size(canvas, width, height);
    canvas.getContext("2d").drawImage(bitmap, 0, 0, width, height);
  });
}

export function size(canvas, width, height) {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
}
