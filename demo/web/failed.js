() => window.dispatchEvent(new CustomEvent("out-of-static:failed"))
