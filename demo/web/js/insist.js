// Questions that one visitor at a time can have answered: while another has the turn, this one waits and says so.

import { asSentence, pause } from "./patience.js";

const REST = 2000; // ms
const TIMES = 20;

/**
 * What `ask()` promises, asked again where it says that it may be; `say` is told why it waits. Throws the last error.
 * @param {() => Promise<any>} ask
 * @param {(text: string) => void} say
 */
export async function patient(ask, say, rest = REST) {
  for (let asked = 1; ; asked += 1) {
    try {
      return await ask();
    } catch (thrown) {
      const error = asSentence(thrown);
      if (!error.again || asked === TIMES) throw error;
      say(error.message);
      await pause(rest);
    }
  }
}
