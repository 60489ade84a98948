// Words that depend on numbers.

/** 1, "step" -> "1 step"; 3, "step" -> "3 steps". */
export function many(count, noun, plural = noun + "s") {
  return count + " " + (Number(count) === 1 ? noun : plural);
}

/** How long a text is, as the server counts: in code points. */
export function lengthOf(text) {
  return [...text].length;
}

/** 0.604 -> "60 %"; what is not nothing is never shown as 0, and what is not all never as 100. */
export function percent(share) {
  const value = 100 * share;
  if (value > 0 && value < 1) return "< 1 %";
  if (value > 99 && value < 100) return "> 99 %";
  return Math.round(value) + " %";
}

/** Who stands before us in the line. */
export function waitingFor(ahead) {
  return "Waiting for " + (ahead === 1 ? "another visitor’s run" : ahead + " other runs") + " to finish";
}

/** 1234567 -> "1.2 MB" */
export function size(bytes) {
  return bytes < 1e6 ? Math.max(1, Math.round(bytes / 1000)) + " KB" : (bytes / 1e6).toFixed(1) + " MB";
}
