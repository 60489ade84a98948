// The text of a recorded run out of what a visitor opens: run.json itself, a ZIP that holds one, or a run capsule. The
// file is from a stranger: it is read as bytes and text alone, nothing of it is run, and nothing grows beyond its bound.

import { Sentence } from "./patience.js";
import { LARGEST } from "./recording.js";

const MOST = 512e6; // bytes of a ZIP or a capsule, of which only the run is read
const NAME = "run.json";
const MARK = '<script type="application/json" id="out-of-static-run">'; // as a capsule is written
const END = 22; // bytes of a ZIP's last record, without its comment
const TOO_LARGE = "This file is too large for a recorded run.";
const DAMAGED = "This ZIP is damaged, so the run in it cannot be read.";

/**
 * The text of the run in a file, which is not checked yet. Throws a Sentence.
 * @param {Blob} file
 */
export async function runIn(file) {
  if (file.size > MOST) throw new Sentence(TOO_LARGE);
  const first = await bytesOf(file.slice(0, 4));
  if (first[0] === 0x50 && first[1] === 0x4b) return zipped(file);
  if (file.size > LARGEST) throw new Sentence(TOO_LARGE);
  const text = await file.text().catch(() => null);
  if (text === null) throw new Sentence("This file could not be read.");
  return /^\s*</.test(text) ? inside(text) : text;
}

/** The run in a capsule, between its mark and the next end of a script. */
function inside(text) {
  const from = text.indexOf(MARK);
  const to = text.indexOf("</script>", from);
  if (from < 0 || to < 0) throw new Sentence("This page holds no recorded run.");
  return text.slice(from + MARK.length, to);
}

/** run.json out of a ZIP, by its directory (APPNOTE.TXT 4.3); no other name in it is looked at. */
async function zipped(file) {
  if (file.size < END) throw new Sentence(DAMAGED);
  const tail = await view(file, Math.max(0, file.size - END - 0xffff), file.size);
  let at = tail.byteLength - END;
  while (at >= 0 && tail.getUint32(at, true) !== 0x06054b50) at -= 1;
  if (at < 0) throw new Sentence(DAMAGED);
  const [count, size, start] = [tail.getUint16(at + 10, true), tail.getUint32(at + 12, true), tail.getUint32(at + 16, true)];
  if (size > LARGEST || start + size > file.size) throw new Sentence(DAMAGED);
  const entry = listed(await view(file, start, start + size), count);
  if (!entry) throw new Sentence("This ZIP holds no " + NAME + ", so no recorded run.");
  if (entry.whole > LARGEST || entry.packed > LARGEST) throw new Sentence(TOO_LARGE);
  return unpacked(file, entry);
}

/** What the directory says of run.json, null where it does not name one. */
function listed(directory, count) {
  for (let at = 0, seen = 0; seen < count; seen += 1) {
    if (at + 46 > directory.byteLength || directory.getUint32(at, true) !== 0x02014b50) throw new Sentence(DAMAGED);
    const [name, extra, comment] = [28, 30, 32].map((place) => directory.getUint16(at + place, true));
    if (at + 46 + name > directory.byteLength) throw new Sentence(DAMAGED);
    const text = new TextDecoder().decode(new Uint8Array(directory.buffer, directory.byteOffset + at + 46, name));
    if (text === NAME) {
      const [packed, whole, offset] = [20, 24, 42].map((place) => directory.getUint32(at + place, true));
      return { method: directory.getUint16(at + 10, true), packed, whole, offset };
    }
    at += 46 + name + extra + comment;
  }
  return null;
}

async function unpacked(file, { method, packed, whole, offset }) {
  if (offset + 30 > file.size) throw new Sentence(DAMAGED);
  const head = await view(file, offset, offset + 30);
  const from = offset + 30 + head.getUint16(26, true) + head.getUint16(28, true);
  if (head.getUint32(0, true) !== 0x04034b50 || from + packed > file.size || ![0, 8].includes(method)) throw new Sentence(DAMAGED);
  const data = file.slice(from, from + packed);
  try {
    const stream = method === 0 ? data.stream() : data.stream().pipeThrough(new DecompressionStream("deflate-raw"));
    return await text(stream, whole);
  } catch (error) {
    throw error instanceof Sentence ? error : new Sentence(DAMAGED);
  }
}

/** What a stream holds, as text; it is left as soon as it is longer than it said. */
async function text(stream, whole) {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const reader = stream.getReader();
  let read = "";
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > whole) {
      await reader.cancel();
      throw new Sentence(DAMAGED);
    }
    read += decoder.decode(value, { stream: true });
  }
  if (length !== whole) throw new Sentence(DAMAGED);
  return read + decoder.decode();
}

async function view(file, from, to) {
  const bytes = await bytesOf(file.slice(from, to));
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

async function bytesOf(part) {
  const buffer = await part.arrayBuffer().catch(() => null);
  if (!buffer) throw new Sentence("This file could not be read.");
  return new Uint8Array(buffer);
}
