// The jobs of this browser, newest first, and how to tidy them up.

import { isLost } from "../core/connection";
import { plural } from "../core/fmt";
import { isOver } from "../core/store";
import { FleetingButton } from "./FleetingButton";
import { JobRow } from "./JobRow";
import type { Session } from "./session";

export function JobList({ session }: { session: Session }) {
  const rows = session.rows.value;
  const isPaused = session.isPaused.value;
  const over = rows.filter(isOver).length;
  return (
    <>
      <div class="jobs-head">
        <h2 id="jobs-heading">Jobs</h2>
        {rows.length > 0 && (
          <p class="hint" data-part="summary">
            {plural(rows.length - over, "job")} under way, {over} ended{isPaused && " · paused"}
          </p>
        )}
        <div class="jobs-actions">
          {(over < rows.length || isPaused) && (
            <FleetingButton onClick={() => session.setPaused(!isPaused)}>
              {isPaused ? "Resume updates" : "Pause updates"}
            </FleetingButton>
          )}
          {over > 0 && (
            <FleetingButton onClick={() => session.clearFinished()}>Clear finished</FleetingButton>
          )}
        </div>
      </div>
      {rows.length === 0 ? (
        <p class="empty">No jobs yet. Start one and its progress shows up here.</p>
      ) : (
        <ol
          class="rows"
          aria-labelledby="jobs-heading"
          data-frozen={isPaused || isLost(session.connection.value)}
        >
          {rows.map((row) => (
            <JobRow key={row.key} row={row} session={session} />
          ))}
        </ol>
      )}
    </>
  );
}
