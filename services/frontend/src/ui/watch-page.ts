// Tells the follower how the browser's page fares: hidden or seen, with or without a network, kept by the back button.
import type { Follower } from "../core/follower";

/** All of these change what should be open. */
export function watchPage(follower: Follower): void {
  document.addEventListener("visibilitychange", () => follower.setHidden(document.hidden));
  // Opened in the background: seven such tabs must not hold all connections until somebody looks at them.
  if (document.hidden) follower.suspend();
  window.addEventListener("online", () => follower.setOnline(true));
  window.addEventListener("offline", () => follower.setOnline(false));
  window.addEventListener("pagehide", () => follower.suspend());
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) follower.setHidden(false);
  });
}
