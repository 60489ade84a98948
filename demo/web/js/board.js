// A sheet of paper to draw on: with a mouse, a finger or a pen, and with keys alone.

const INKS = { black: "#1f1c18", red: "#d8402f", orange: "#f08c28", yellow: "#f5cf3d", green: "#4f9d45", blue: "#3b74c9", brown: "#8a5a34", white: "#ffffff" };
const WIDTH = 18; // pixels of a line
const STEP = 12; // pixels that an arrow key goes, and with Shift three times as many
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Board {
  /** `say` is told what keys did, for those who do not see it. */
  constructor(root, say) {
    this.canvas = root.querySelector("canvas");
    this.mark = root.querySelector(".pen");
    this.say = say;
    this.ink = INKS.black;
    this.at = { x: this.canvas.width / 2, y: this.canvas.height / 2 };
    this.down = false; // the pen of the keys
    this.canvas.setAttribute("aria-label", "Draw with a mouse or a finger, or with the arrow keys: the space bar puts the pen down and lifts it.");
    root.querySelector(".inks").replaceChildren(...Object.entries(INKS).map(([name, ink]) => this.pot(name, ink)));
    this.wipe();
    this.canvas.onpointerdown = (event) => this.press(event);
    this.canvas.onpointermove = (event) => event.buttons && this.line(this.place(event));
    this.canvas.onkeydown = (event) => this.key(event);
    this.canvas.onfocus = () => this.show();
    this.canvas.onblur = () => this.lift();
  }

  pot(name, ink) {
    const [label, input] = [document.createElement("label"), document.createElement("input")];
    Object.assign(input, { type: "radio", name: "oos-ink", checked: ink === this.ink, onchange: () => (this.ink = ink) });
    input.setAttribute("aria-label", name);
    input.style.backgroundColor = ink;
    label.append(input);
    return label;
  }

  wipe() {
    const pen = this.canvas.getContext("2d");
    pen.fillStyle = "#ffffff";
    pen.fillRect(0, 0, this.canvas.width, this.canvas.height);
  }

  press(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.at = this.place(event);
    this.line(this.at);
    this.mark.hidden = true;
  }

  place({ clientX, clientY }) {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    return { x: ((clientX - left) / width) * this.canvas.width, y: ((clientY - top) / height) * this.canvas.height };
  }

  /** From where the pen is to there. */
  line({ x, y }) {
    const pen = this.canvas.getContext("2d");
    Object.assign(pen, { strokeStyle: this.ink, lineWidth: WIDTH, lineCap: "round" });
    pen.beginPath();
    pen.moveTo(this.at.x, this.at.y);
    pen.lineTo(x + 0.01, y); // a line of no length at all would be no dot
    pen.stroke();
    this.at = { x, y };
  }

  key(event) {
    const way = WAYS[event.key];
    if (!way && event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation(); // else the timeline moves
    if (!way) {
      this.down = !this.down;
      this.say(this.down ? "The pen is down." : "The pen is up.");
      if (this.down) this.line(this.at);
    } else {
      const far = STEP * (event.shiftKey ? 3 : 1);
      const within = (value, most) => Math.max(0, Math.min(most, value));
      const to = { x: within(this.at.x + way[0] * far, this.canvas.width), y: within(this.at.y + way[1] * far, this.canvas.height) };
      if (this.down) this.line(to);
      else this.at = to;
    }
    this.show();
  }

  lift() {
    this.down = false;
    this.mark.hidden = true;
  }

  show() {
    this.mark.hidden = !this.canvas.matches(":focus-visible");
    this.mark.classList.toggle("down", this.down);
    this.mark.style.left = (100 * this.at.x) / this.canvas.width + "%";
    this.mark.style.top = (100 * this.at.y) / this.canvas.height + "%";
  }
}
