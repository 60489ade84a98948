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

/** Who stands before us in the line, and for about how long, where that has been measured. */
export function waitingFor(ahead, seconds = null) {
  const long = seconds === null ? "" : ", about " + (seconds < 90 ? many(Math.max(1, Math.round(seconds)), "second") : many(Math.round(seconds / 60), "minute"));
  return "Waiting for " + (ahead === 1 ? "another visitor’s run" : ahead + " other runs") + " to finish" + long;
}

/** 1234567 -> "1.2 MB" */
export function size(bytes) {
  return bytes < 1e6 ? Math.max(1, Math.round(bytes / 1000)) + " KB" : (bytes / 1e6).toFixed(1) + " MB";
}
