// Dark and light: the system's choice, unless the visitor made one here. Gradio marks dark with a class on the body.

const KEPT = "out-of-static:theme";

export function theme(button) {
  const kept = read();
  if (kept) document.body.classList.toggle("dark", kept === "dark");
  button.onclick = () => {
    const dark = document.body.classList.toggle("dark");
    keep(dark ? "dark" : "light");
  };
}

function read() {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null; // storage can be forbidden, in a frame for instance: then the choice lasts as long as the page
  }
}

function keep(value) {
  try {
    localStorage.setItem(KEPT, value);
  } catch {
    // as above: the class on the body is the choice
  }
}
