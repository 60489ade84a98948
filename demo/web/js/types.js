// The types that the browser's code speaks of; nothing here runs. The messages are those of ../schema.json.

/**
 * What is asked for: everything as typed, the server is the one who judges it.
 * @typedef {{prompt: string, negative_prompt?: string | null, steps: string | number,
 *   guidance: string | number | null, seed: string | number | null, scheduler: string,
 *   width?: string | number | null, height?: string | number | null,
 *   then?: string | null, branch_at?: string | number | null}} Request
 *
 * A branch: from a state of a run that the server keeps, or of the one that a Request asks for.
 * @typedef {{parent?: string, branch_at: number, then: string, then_guidance: string | number | null,
 *   then_negative_prompt: string | null, fresh: string | number | null}} Branch
 *
 * @typedef {{text: string, id: number, kind: string, span: [number, number] | null, known: boolean, typed: string}} Token
 * @typedef {{data: string, c: number, h: number, w: number}} Packed
 * @typedef {{schema?: number, run: string, number: number}} Numbered
 *
 * @typedef {Numbered & {kind: "begin", total: number, prompt: string, negative_prompt?: string, seed: number,
 *   guidance: number, scheduler: string, model: string, unknown: string[] | null, tokens: Token[] | null, branch?: Left}} Begin
 *
 * The run that a branch leaves, and the seed of the noise that was drawn anew there.
 * @typedef {{run: string | null, at: number, fresh: number | null, prompt: string, negative_prompt: string,
 *   guidance: number, branch?: Left}} Left
 * @typedef {Numbered & {kind: "waiting", ahead: number, seconds: number | null}} Waiting
 * @typedef {Numbered & {kind: "frame", index: number, total: number, timestep: number | null, alpha: number,
 *   sigma: number, noise_left: number, seconds: number, sha256: string, height: number, width: number, gain: number,
 *   state: string, guess: string | null, change: string | null, changed: number | null, sentence: string, decoder?: "exact" | "tiny" | "linear",
 *   company?: number,
 *   channels: (Packed & {span: number}) | null,
 *   word_maps: {data: string, t: number, h: number, w: number, scale: number[]} | null,
 *   conditional: Packed | null, unconditional: Packed | null}} FrameMessage
 * @typedef {Numbered & {kind: "drawn", stopped: boolean, count: number}} Drawn
 * @typedef {Numbered & {kind: "done", gif: string | null, gif_bytes: number, stopped: boolean, count: number,
 *   note?: string | null, curves?: any, point?: number | null, sentences?: string[]}} Done
 * @typedef {Numbered & {kind: "trouble", sentence: string, field?: string | null, count?: number}} Trouble
 * @typedef {Begin | Waiting | FrameMessage | Drawn | Done | Trouble} Message
 *
 * Where runs come from. Messages come in order and without a gap; the last one is `done` or `trouble`. `start` throws an
 * Error whose message is a sentence where a run cannot be followed any further; `ask` throws one where there is no answer.
 * @typedef {{
 *   start: (request: Request | Branch) => AsyncIterable<Message>,
 *   stop: () => void,
 *   ask: (panel: string, question: object) => Promise<any>,
 * }} Source
 *
 * One number is the state, the step on show; the rest says of which run, which other run is beside it
 * and aligned by what, and what is open.
 * @typedef {{
 *   runs: Record<string, import("./reel.js").Reel>,
 *   shown: string | null,
 *   other: string | null,
 *   by: "step" | "noise",
 *   step: number,
 *   open: string | null,
 *   chosen: number | null,
 * }} State
 *
 * @typedef {{get: () => State, update: (changes?: Partial<State>) => void,
 *   subscribe: (draw: (state: State) => void) => () => void}} Store
 *
 * What Gradio gives to a component of ours.
 * @typedef {{trigger: (name: string, data: object) => void,
 *   server: Record<string, (question: object) => Promise<any>>}} Gradio
 */

export {};
