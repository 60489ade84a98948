// The room that the page has in its window, and scrolling in it.

/** Tell the style sheet how far the frame around us keeps us from the window's edge: a phone has no room for that. */
export function fillWidth(page) {
  const measure = () => page.style.setProperty("--bleed", page.parentElement.getBoundingClientRect().left + "px");
  new ResizeObserver(measure).observe(page.parentElement);
  measure();
}

/** Scroll as little as shows the stages, the pictures and the timeline under a prompt that stays at the top. */
export function bringIntoView(page) {
  const bottom = page.querySelector(".timeline");
  const ask = page.querySelector(".ask");
  const first = page.querySelector(isShort() ? ".stage" : ".phases");
  const above = first.getBoundingClientRect().top - ask.offsetHeight - 8;
  const docked = getComputedStyle(bottom).position === "fixed";
  const below = docked ? above : bottom.getBoundingClientRect().bottom + 8 - innerHeight;
  const by = above < 0 ? above : Math.max(0, Math.min(above, below));
  glide(by);
}

export function isShort() {
  return matchMedia("(max-height: 620px), (max-width: 720px)").matches;
}

export function glide(by) {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  scrollBy({ top: by, behavior: calm ? "auto" : "smooth" });
}
