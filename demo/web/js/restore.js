// Runs of this browser that come back: the one that its tab was at before a reload, and those of its shelf.

import { ends } from "./inbox.js";
import { Reel } from "./reel.js";
import { keptRun, tab } from "./remember.js";

const UNHEARD = "The connection broke before your run began. Nothing you typed is lost: press Generate to try again.";

/** Bring back the run that this tab was at: from the server, else from this browser; `act` is the controller. */
export async function restore(act, step) {
  const { run, begun } = tab() ?? {};
  if (typeof run !== "string" || act.busy) return;
  const source = act.open.live(run);
  const reel = act.add(new Reel(run, { restored: true }), source);
  reel.wanted = step;
  const heard = await act.follow(reel, source.resume(), { quiet: true });
  if (heard || taken(act)) return;
  const found = await keptRun(run);
  if (taken(act)) return;
  if (!found && begun === false) act.views.trouble(UNHEARD); // the page was loaded anew, by whatever hand, before it began
  if (found) await putBack(act, run, found, step);
}

/** Put a run of the shelf on the timeline, at its end; whether it was still there. */
export async function reopen(act, run) {
  if (act.refuses()) return true;
  if (act.store.get().runs[run]) {
    act.show(run);
    return true;
  }
  const found = await keptRun(run);
  if (!found || act.refuses()) return Boolean(found);
  act.clear();
  await putBack(act, run, found, null);
  return true;
}

function putBack(act, run, messages, step) {
  const reel = act.add(new Reel(run, { restored: true }), act.open.live(run));
  reel.wanted = step;
  return act.follow(reel, replay(messages), { quiet: true });
}

function taken({ busy, reel }) {
  return busy || reel.key !== null;
}

/** Messages that were kept, as a run's. */
async function* replay(messages) {
  for (const message of messages) {
    yield message;
    if (ends(message)) return;
  }
}
