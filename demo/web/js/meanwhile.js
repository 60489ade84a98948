// While a run waits for its turn, the one that was on the timeline before is there again, to be looked at.

export class Meanwhile {
  /** @param {import("./types.js").Store} store */
  constructor(store) {
    this.store = store;
    this.before = null; // the run that was on show when the one that waits was asked for
  }

  /** A run has just been put on the timeline, in the place of `before`. */
  begun(before) {
    this.before = before;
  }

  /** `reel` waits: the run before it, now on show again, or null where there is none to show. */
  waits(reel) {
    const { runs, shown } = this.store.get();
    const before = runs[this.before];
    if (!before || before === reel || before.last < 0 || reel.last >= 0) return null;
    if (shown === reel.key) this.store.update({ shown: before.key, step: before.last, chosen: null });
    return before;
  }

  /** The turn of `reel` has come: whether it had to be put on the timeline for that. */
  turn(reel) {
    this.before = null;
    if (this.store.get().shown === reel.key) return false;
    this.store.update({ shown: reel.key, step: 0, chosen: null });
    return true;
  }
}
