// The button of the seed: one click, one long calculation.
import type { Session } from "./session";

export function StartButton({ session }: { session: Session }) {
  return (
    <div class="card start-now">
      <button type="button" class="primary" onClick={() => session.startLongTask()}>
        Start Long Calculation
      </button>
      <p class="hint">Starts at once. Click again for more, they run side by side.</p>
    </div>
  );
}
