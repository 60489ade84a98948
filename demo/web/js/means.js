// The mean of pictures, and how far two means are apart: the mean difference of coarse cells, in levels, as
// demo.lab.mean measures it for scenes taken at random.

const CELLS = 16; // each way

/** A canvas's red, green, blue and opacity, 0..255. */
export function pixels(canvas) {
  return canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
}

/** The mean of pictures of one size, value by value. */
export function meanOf(pictures) {
  return Float64Array.from(pictures[0], (_, at) => pictures.reduce((sum, one) => sum + one[at], 0) / pictures.length);
}

/** The mean absolute difference of the cells of two pictures, in levels 0..255; sides are multiples of `cells`. */
export function apart(one, other, width, height, cells = CELLS) {
  const sums = new Float64Array(3 * cells * cells);
  for (let y = 0; y < height; y++) {
    const row = Math.floor((y * cells) / height) * cells;
    for (let x = 0; x < width; x++) {
      const cell = 3 * (row + Math.floor((x * cells) / width));
      const at = 4 * (y * width + x);
      for (let k = 0; k < 3; k++) sums[cell + k] += one[at + k] - other[at + k];
    }
  }
  const each = (width * height) / (cells * cells); // pixels in a cell
  return sums.reduce((sum, value) => sum + Math.abs(value), 0) / each / sums.length;
}
