// A picture on its way to the server: its size is read from its first bytes before anything is decoded, then it is cut to a
// square, on white, and made small enough for one question. Whatever a browser can decode comes out as plain colours,
// the first frame of many, and the right way up.

import { Sentence } from "./patience.js";

const SIDE = 384; // pixels
const ROOM = 44000; // bytes of what is sent
const QUALITIES = [0.95, 0.85, 0.7, 0.5, 0.3];
export const MOST = { bytes: 20e6, pixels: 40e6 };
const NONE = "This is no picture that can be read here. A PNG, a JPEG, a WebP or a GIF can.";

/** The data URI of a file's picture. Throws a Sentence. */
export async function small(blob) {
  if (blob.size > MOST.bytes) throw new Sentence("This file is larger than 20 MB. A smaller picture would do: it is made small anyway.");
  const found = measured(new Uint8Array(await blob.arrayBuffer()));
  if (!found) throw new Sentence(NONE);
  if (found.width * found.height > MOST.pixels) throw new Sentence("A picture of " + found.width + " x " + found.height + " is too large to open here; 40 million pixels are the most.");
  const bitmap = await createImageBitmap(blob, { imageOrientation: "from-image" }).catch(() => null);
  if (!bitmap) throw new Sentence("This picture is damaged, or of a kind that this browser cannot open.");
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIDE;
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#ffffff";
  pen.fillRect(0, 0, SIDE, SIDE);
  pen.imageSmoothingQuality = "high";
  const { width, height } = bitmap;
  const scale = SIDE / Math.min(width, height);
  pen.drawImage(bitmap, (SIDE - width * scale) / 2, (SIDE - height * scale) / 2, width * scale, height * scale);
  bitmap.close();
  return packed(canvas);
}

/** The data URI of a canvas. */
export function packed(canvas) {
  const tried = QUALITIES.map((quality) => () => canvas.toDataURL("image/jpeg", quality));
  const fits = (uri) => uri.length * 0.75 <= ROOM;
  let uri = "";
  for (const make of tried) if (fits((uri = make()))) break;
  return uri;
}

/**
 * {width, height} as a PNG, JPEG, GIF or WebP says it at its beginning, null where it is none of these.
 * @param {Uint8Array} bytes
 */
export function measured(bytes) {
  if (bytes.length < 32) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = (from, to) => String.fromCharCode(...bytes.subarray(from, to));
  if (text(1, 4) === "PNG" && bytes[0] === 0x89) return { width: view.getUint32(16), height: view.getUint32(20) };
  if (text(0, 4) === "GIF8") return { width: view.getUint16(6, true), height: view.getUint16(8, true) };
  if (text(0, 4) === "RIFF" && text(8, 12) === "WEBP") return webp(view, text(12, 16));
  return view.getUint16(0) === 0xffd8 ? jpeg(view) : null;
}

function webp(view, kind) {
  if (kind === "VP8X") return { width: 1 + (view.getUint32(24, true) & 0xffffff), height: 1 + (view.getUint32(26, true) >>> 8) };
  if (kind === "VP8 ") return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
  if (kind !== "VP8L") return null;
  const sides = view.getUint32(21, true);
  return { width: 1 + (sides & 0x3fff), height: 1 + ((sides >>> 14) & 0x3fff) };
}

/** Marker by marker, up to the one that begins a frame. */
function jpeg(view) {
  for (let at = 2; at + 9 < view.byteLength; ) {
    if (view.getUint8(at) !== 0xff) return null;
    const marker = view.getUint8(at + 1);
    if (marker === 0xff) at += 1;
    else if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) return { width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
    else at += 2 + view.getUint16(at + 2);
  }
  return null;
}
