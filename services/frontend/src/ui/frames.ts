// Draws at most once a frame, however many events came.

/** What it returns asks for a drawing. Hidden pages have no frames, so they are drawn four times a second. */
export function oncePerFrame(draw: () => void): () => void {
  let isWaiting = false;
  const drawNow = () => {
    isWaiting = false;
    draw();
  };
  return () => {
    if (isWaiting) return;
    isWaiting = true;
    if (document.hidden) setTimeout(drawNow, 250);
    else requestAnimationFrame(drawNow);
  };
}
