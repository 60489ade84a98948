// The rules the browser's code is held to: what ESLint recommends, and what keeps one state and no strangers in it.
import js from "@eslint/js";
import globals from "globals";

const strict = {
  ...js.configs.recommended.rules,
  eqeqeq: "error",
  "no-var": "error",
  "prefer-const": "error",
  "no-implicit-globals": "error",
  "no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
  // Words from people reach the page as text, never as markup.
  "no-restricted-properties": [
    "error",
    ...["innerHTML", "outerHTML", "insertAdjacentHTML"].map((property) => ({ property, message: "Set text, not markup." })),
    { object: "document", property: "write", message: "Set text, not markup." },
  ],
  "no-eval": "error",
  "no-implied-eval": "error",
  "no-new-func": "error",
  "max-lines": ["error", 300],
};

// Paths are those of the project's folder, from which it is run.
export default [
  { files: ["demo/web/js/**/*.js"], languageOptions: { globals: globals.browser }, rules: strict },
  { files: ["tests/web/**/*.{js,mjs}"], languageOptions: { globals: globals.nodeBuiltin }, rules: strict },
  { ignores: ["tests/web/node_modules/**", "demo/web/*.js"] }, // those few lines run inside a function of Gradio's
];
