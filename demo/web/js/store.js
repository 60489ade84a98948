// The page's one state: {runs, shown, other, by, step, open, chosen}. Whoever draws subscribes and draws from it alone.

/** @returns {import("./types.js").Store} */
export function makeStore() {
  /** @type {import("./types.js").State} */
  let state = { runs: {}, shown: null, other: null, by: "step", step: 0, open: null, chosen: null };
  /** @type {Set<(state: import("./types.js").State) => void>} */
  const drawers = new Set();

  return {
    get: () => state,
    /** Change some of it, or nothing where what it holds has grown; everything is drawn again. */
    update(changes = {}) {
      state = { ...state, ...changes };
      for (const draw of drawers) {
        try {
          draw(state);
        } catch (error) {
          console.error(error); // one panel that cannot draw must not keep the others, or a run, from going on
        }
      }
    },
    /** Draw with every change; returns how to leave. */
    subscribe(draw) {
      drawers.add(draw);
      return () => drawers.delete(draw);
    },
  };
}
