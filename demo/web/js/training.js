// One prompt and seed across the checkpoints of the model's training: a strip that was cut out of what the training left.

/**
 * @typedef {{file: string, prompt: string, seed: number, batches: number[], side: number, before: string}} Strip
 */

export class Training {
  /** @param {Strip} strip */
  constructor(root, strip) {
    this.strip = strip;
    this.canvas = root.querySelector("canvas");
    this.slide = root.querySelector("input");
    this.output = root.querySelector("output");
    root.querySelector(".grown-of").textContent = "“" + strip.prompt + "” from seed " + strip.seed;
    root.querySelector(".grown-before").textContent = strip.before;
    this.canvas.width = this.canvas.height = strip.side;
    this.slide.max = String(strip.batches.length - 1);
    this.slide.oninput = () => this.show();
    root.hidden = false;
    this.picture = new Image();
    this.picture.onload = () => this.show();
    this.picture.onerror = () => (this.output.textContent = "The recorded pictures did not load.");
    this.picture.src = new URL("out-of-static/lab/" + strip.file, document.baseURI).href;
  }

  show() {
    const { side, batches } = this.strip;
    const at = Number(this.slide.value);
    const told = after(batches[at]);
    this.output.textContent = told;
    this.slide.setAttribute("aria-valuetext", told);
    this.slide.style.setProperty("--filled", (100 * at) / Math.max(1, batches.length - 1) + "%");
    this.canvas.setAttribute("aria-label", "“" + this.strip.prompt + "” as drawn " + told);
    if (this.picture.complete && this.picture.naturalWidth) this.canvas.getContext("2d").drawImage(this.picture, at * side, 0, side, side, 0, 0, side, side);
  }
}

/** 4500 -> "after 4,500 batches" */
export function after(batches) {
  return "after " + batches.toLocaleString("en") + " batches";
}
