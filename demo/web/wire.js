// Runs once, inside the invisible component on which a run's messages arrive: each new value is one JSON string.
watch("value", () => {
  window.dispatchEvent(new CustomEvent("out-of-static:message", { detail: props.value }));
});
