// What a visitor opens is a stranger's file: the run is found in a ZIP, in a capsule or by itself, or there is a sentence.

import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateRawSync } from "node:zlib";

const HOME = new URL("../../demo/web/js/", import.meta.url);
const { runIn } = await import(new URL("opened.js", HOME).href);

const RUN = JSON.stringify({ recorded: true, prompt: "ü".repeat(3000) });
const MARK = '<script type="application/json" id="out-of-static-run">';

/** A ZIP of [name, text]s, packed; `lies` replaces what its directory says of each. */
function zip(files, lies = {}, method = 8) {
  const parts = [];
  const directory = [];
  let offset = 0;
  for (const [name, text] of files) {
    const [title, whole] = [Buffer.from(name), Buffer.from(text)];
    const packed = method === 8 ? deflateRawSync(whole) : whole;
    const head = Buffer.alloc(30);
    head.writeUInt32LE(0x04034b50, 0);
    head.writeUInt16LE(title.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(method, 10);
    entry.writeUInt32LE(lies.packed ?? packed.length, 20);
    entry.writeUInt32LE(lies.whole ?? whole.length, 24);
    entry.writeUInt16LE(title.length, 28);
    entry.writeUInt32LE(lies.offset ?? offset, 42);
    parts.push(head, title, packed);
    directory.push(entry, title);
    offset += head.length + title.length + packed.length;
  }
  const size = Buffer.concat(directory).length;
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(lies.count ?? files.length, 10);
  end.writeUInt32LE(lies.size ?? size, 12);
  end.writeUInt32LE(lies.start ?? offset, 16);
  return Buffer.concat([...parts, ...directory, end]);
}

const blob = (...parts) => new Blob(parts);
const more = [["state/000.png", "x"], ["run.json", RUN], ["trace.json", "{}"]];

test("a run is found in a ZIP, packed or stored, in a capsule, and by itself", async () => {
  for (const file of [zip(more), zip(more, {}, 0), RUN, "<!doctype html><p>" + MARK + RUN + "</script><b>"]) assert.equal(await runIn(blob(file)), RUN);
});

const whole = zip(more);
const BAD = {
  "a ZIP cut off": whole.subarray(0, whole.length - 30),
  "a ZIP of four bytes": "PK\x03\x04",
  "a ZIP without a run": zip([["trace.json", "{}"]]),
  "a run under a name that climbs": zip([["../run.json", RUN], ["/run.json", RUN], ["a/run.json", RUN]]),
  "a directory that counts wrong": zip([["trace.json", "{}"]], { count: 9 }),
  "a directory beyond the end": zip(more, { start: 1e9 }),
  "a directory without end": zip(more, { size: 4e9 }),
  "an entry that lies elsewhere": zip(more, { offset: 3 }),
  "an entry beyond the end": zip(more, { offset: 1e9 }),
  "an entry longer than the file": zip(more, { packed: 2e7 }),
  "a bomb that says how large it is": zip(more, { whole: 4e9 }),
  "a bomb that says it is small": zip([["run.json", "0".repeat(3e7)]], { whole: 1000 }),
  "less than it says": zip([["run.json", RUN]], { whole: 20000 }),
  "packed in a way that nobody knows": (() => {
    const odd = Buffer.from(whole);
    for (let at = 0; at < odd.length - 4; at += 1) if (odd.readUInt32LE(at) === 0x02014b50) odd.writeUInt16LE(99, at + 10);
    return odd;
  })(),
  "no text": zip([["run.json", Buffer.from([0xff, 0xfe, 0x80])]]),
  "a page without a run": "<!doctype html><script>alert(1)</script>",
  "a capsule cut off": "<html>" + MARK + RUN,
  "a file far too large": Buffer.alloc(3e7, 32),
};
for (const [name, bytes] of Object.entries(BAD)) {
  test("refused in a sentence: " + name, async () => {
    await assert.rejects(runIn(blob(bytes)), (error) => error.constructor.name === "Sentence" && /^[A-Z].*\.$/.test(error.message));
  });
}
