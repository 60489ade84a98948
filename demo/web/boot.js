// Runs once, inside the page's component: fetches the style sheets and the modules, then shows what was waiting hidden.
// What cannot be had is tried once more; a sheet that still fails costs its looks and not the page.
const home = new URL("out-of-static/", document.baseURI);
const page = element.querySelector(".oos");

const panels = [...page.querySelectorAll("[data-panel]")].map((part) => "panels/" + part.dataset.panel);
const PATIENCE = 8000; // ms for a sheet
const late = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function sheet(name, again) {
  return new Promise((resolve) => {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = new URL("css/" + name + ".css" + (again ? "?again" : ""), home).href;
    link.onload = resolve;
    link.onerror = () => {
      link.remove();
      if (again) resolve(console.error("no style sheet at " + link.href));
      else late(500).then(() => sheet(name, true)).then(resolve);
    };
    document.head.append(link);
  });
}

const SHEETS = ["base", "machine", "foot", "ask", "drawers", "phases", "stage", "timeline", "deck", "home", "fork", "visit", "compare", "classroom", "panel", "telling", "room"]; // later ones win
const styled = Promise.all([...SHEETS, ...panels].map((name) => sheet(name, false)));
const load = (again) => import(new URL("js/main.js" + (again ? "?again" : ""), home).href);

Promise.all([load(false).catch(() => late(500).then(() => load(true))), Promise.race([styled, late(PATIENCE)])])
  .then(([main]) => {
    page.hidden = false;
    main.start(page, props.facts, { trigger, server });
  })
  .catch((error) => {
    console.error(error);
    page.hidden = false;
    const note = page.querySelector(".hint.trouble");
    note.hidden = false;
    note.textContent = "A part of this page did not load. Reload it to try again.";
  });
