// Runs once, inside the page's component: fetches the style sheets and the modules, then shows what was waiting hidden.
const home = new URL("out-of-static/", document.baseURI);
const page = element.querySelector(".oos");

const panels = [...page.querySelectorAll("[data-panel]")].map((part) => "panels/" + part.dataset.panel);

const styled = ["base", "ask", "stage", "timeline", "panel", "telling", ...panels].map(
  (name) =>
    new Promise((loaded, failed) => {
      const link = document.createElement("link");
      link.rel = "stylesheet";
      link.href = new URL("css/" + name + ".css", home).href;
      link.onload = loaded;
      link.onerror = () => failed(new Error("no style sheet at " + link.href));
      document.head.append(link);
    }),
);

Promise.all([import(new URL("js/main.js", home).href), ...styled]).then(([main]) => {
  page.hidden = false;
  main.start(page, props.facts, { trigger, server });
});
