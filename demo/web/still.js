// Runs before Gradio. The clock of its loading sign ticks on after the sign has left the page, and so for as long as the page
// is open: sixty times a second a frame is made in which nothing changes. No clock of Gradio's is shown here, so none gets a
// frame.
const frame = window.requestAnimationFrame.bind(window);
window.requestAnimationFrame = (draw) => (/\/statustracker-/.test(new Error().stack) ? 0 : frame(draw));
