// Opening a recorded run: a button for a file, or a file dropped anywhere on the page. It is read here and goes nowhere.

import { LARGEST } from "./recording.js";

/** `open(text)` gets the file's text, `trouble(sentence)` why there is none. */
export function recordings(page, open, trouble) {
  const field = page.querySelector(".open-run input");
  const take = async (file) => {
    if (!file) return;
    if (file.size > LARGEST) return trouble("This file is too large for a recorded run.");
    const text = await file.text().catch(() => null);
    if (text === null) return trouble("This file could not be read.");
    open(text);
    page.querySelector(".stage").scrollIntoView({ block: "nearest" });
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
}
