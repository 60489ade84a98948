// Opening a recorded run: a button for a file, one dropped anywhere on the page, or pasted. It is read here and goes
// nowhere.

import { runIn } from "./opened.js";
import { Sentence } from "./patience.js";

/** `open(text)` gets the run's text, `trouble(sentence)` why there is none. */
export function recordings(page, open, trouble) {
  const field = page.querySelector(".open-run input");
  const take = async (file) => {
    if (!file) return;
    try {
      open(await runIn(file));
      page.querySelector(".stage").scrollIntoView({ block: "nearest" });
    } catch (error) {
      trouble(error instanceof Sentence ? error.message : "This file could not be read.");
    }
  };
  page.querySelector(".open-run button").onclick = () => field.click();
  field.addEventListener("change", () => {
    take(field.files[0]);
    field.value = "";
  });
  const carries = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  document.addEventListener("dragover", (event) => carries(event) && event.preventDefault());
  document.addEventListener("drop", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    take(event.dataTransfer.files[0]);
  });
  document.addEventListener("paste", (event) => {
    const file = event.clipboardData?.files[0];
    const typing = /** @type {Element} */ (event.target).closest?.("input, textarea");
    const text = typing ? "" : (event.clipboardData?.getData("text/plain") ?? "");
    if (!file && !/^\s*\{/.test(text)) return; // words for a field, or nothing that could be a run
    event.preventDefault();
    take(file ?? new Blob([text]));
  });
}
