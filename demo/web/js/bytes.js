// What the server packs as text: bytes in base64.

/** base64 -> Uint8Array. */
export function bytes(text) {
  const letters = atob(text);
  const made = new Uint8Array(letters.length);
  for (let at = 0; at < made.length; at += 1) made[at] = letters.charCodeAt(at); // from() would make as many objects
  return made;
}

/** Bytes of one grey tile, row by row, onto a canvas of that size. */
export function paintGrey(canvas, grey, width, height) {
  const picture = new ImageData(width, height);
  for (let at = 0; at < width * height; at += 1) {
    picture.data.fill(grey[at], 4 * at, 4 * at + 3);
    picture.data[4 * at + 3] = 255;
  }
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  canvas.getContext("2d").putImageData(picture, 0, 0);
}

/** Draw with `pen(context, width, height)` in CSS pixels, sharp on any screen; nothing while the canvas is not shown. */
export function draw(canvas, pen) {
  const { clientWidth: width, clientHeight: height } = canvas;
  if (!width || !height) return;
  const scale = Math.max(1, devicePixelRatio);
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  pen(context, width, height);
}

/** The page's colours by name, as they are now, dark or light. */
export function colours(element, ...names) {
  const style = getComputedStyle(element);
  return names.map((name) => style.getPropertyValue("--" + name).trim());
}
