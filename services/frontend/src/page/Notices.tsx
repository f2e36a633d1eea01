// What matters to the whole list: that it stands still, that it cannot be asked for, that nobody serves a queue.
import { unservedText } from "../core/notices";
import { problemText } from "../core/problem";
import type { Desk } from "./desk";

export function Notices({ desk }: { desk: Desk }) {
  const { problem } = desk.list.value;
  const unserved = unservedText(desk.latest.value);
  return (
    <>
      {desk.isPaused.value && (
        <div class="notice" data-part="paused">
          <p>Updates are paused. Jobs go on; what you see stands still.</p>
          <button type="button" class="small" onClick={() => desk.pause(false)}>
            Resume
          </button>
        </div>
      )}
      {unserved && (
        <p class="notice" data-part="unserved">
          {unserved}
        </p>
      )}
      {problem && (
        <div class="notice" role="alert" data-part="list-problem">
          <p>The list could not be brought up to date. {problemText(problem)}</p>
          <button type="button" class="small" onClick={() => desk.refresh()}>
            Try again
          </button>
        </div>
      )}
    </>
  );
}
