// Keys for the timeline, from anywhere on the page where a key does not already mean something else.

/** `act`: step(by), jump(toTheEnd), play(), loop(), branch(), project(), pace(key), stop(), and close(), which says whether there was something to close. */
export function listenForKeys(page, act) {
  const prompt = page.querySelector("#oos-prompt");
  const scrub = page.querySelector(".scrub");
  const dialog = page.querySelector(".keys");
  const others = [...page.querySelectorAll("dialog.takeaway, dialog.fork")];

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || dialog.open || others.some((one) => one.open)) return;
    if (event.key === "Escape") return act.close() ? event.preventDefault() : leave(event);
    const on = /** @type {Element} */ (event.target);
    const own = on === scrub;
    if (!own && on.closest("input, textarea, select, [contenteditable]")) return;
    const pressed = !own && on.closest("button, a, summary");
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const done = {
      ArrowLeft: () => act.step(-1),
      ArrowDown: () => own && act.step(-1),
      ArrowRight: () => act.step(1),
      ArrowUp: () => own && act.step(1),
      Home: () => act.jump(false),
      End: () => act.jump(true),
      " ": () => !pressed && act.play(),
      l: () => act.loop(),
      b: () => act.branch(),
      f: () => act.project(),
      p: () => act.pace("p"),
      n: () => act.pace("n"),
      "?": () => dialog.showModal(),
    };
    if (!(key in done) || (key === " " && pressed)) return;
    if (!own && (key === "ArrowUp" || key === "ArrowDown")) return;
    if (scrub.disabled && key !== "?") return; // nothing to move through yet: the key keeps its meaning
    event.preventDefault();
    done[key]();
  });

  function leave(event) {
    act.stop();
    if (event.target === prompt) scrub.disabled ? prompt.blur() : scrub.focus({ preventScroll: true });
  }
}
