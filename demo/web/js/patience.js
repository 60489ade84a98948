// Calls over a network that may fail: each has a time-out, is made again where that is safe, and ends in a sentence.

export const UNREACHED = "The server is out of reach. Nothing is lost: try again in a moment.";

/** An error whose message is a sentence for the visitor; `again` where the same question may be answered later. */
export class Sentence extends Error {
  constructor(sentence, again = false) {
    super(sentence);
    this.again = again;
  }
}

/** Whatever was thrown, as a Sentence. */
export function asSentence(error) {
  return error instanceof Sentence ? error : new Sentence(UNREACHED, true);
}

export function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** What `call()` promises, or an error after `ms`. */
export function within(ms, call) {
  let timer;
  const late = new Promise((_, fail) => {
    timer = setTimeout(() => fail(new Error("no answer in " + ms + " ms")), ms);
  });
  return Promise.race([Promise.resolve().then(call), late]).finally(() => clearTimeout(timer));
}

/**
 * Ask until there is an answer: `tries` times where nothing came back, and where the server says that it is busy now.
 * Only for questions that may be asked twice. Throws a Sentence.
 * @param {() => Promise<any>} call
 */
export async function patiently(call, { ms = 15000, tries = 2, rest = 800, busy = 4 } = {}) {
  for (let lost = 0, refused = 0; ; ) {
    const answer = await within(ms, call).catch(() => null);
    if (answer && typeof answer === "object") {
      if (!answer.error) return answer;
      refused += 1;
      if (!answer.again || refused > busy) throw new Sentence(String(answer.error), Boolean(answer.again));
    } else {
      lost += 1;
      if (lost >= tries) throw new Sentence(UNREACHED, true);
    }
    await pause(rest);
  }
}
