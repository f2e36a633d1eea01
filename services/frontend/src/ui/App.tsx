// The simple page: what to start on one side, what is running on the other.
import { ConnectionBadge, ConnectionLine } from "./ConnectionState";
import { JobList } from "./JobList";
import { StartButton } from "./StartButton";
import type { Session } from "./session";
import { TaskPicker } from "./TaskPicker";

export function App({ session }: { session: Session }) {
  return (
    <div class="page">
      <header class="masthead">
        <h1>Long running task with progress updates</h1>
        <div class="masthead-end">
          <a href="./">All jobs</a>
          <ConnectionBadge session={session} />
        </div>
      </header>
      <main class="columns">
        <div class="start">
          <StartButton session={session} />
          <TaskPicker session={session} />
        </div>
        <section class="jobs" tabIndex={-1} aria-labelledby="jobs-heading">
          <ConnectionLine session={session} />
          <JobList session={session} />
        </section>
      </main>
      <Milestones session={session} />
    </div>
  );
}

/** It exists from the start: a region that comes with its text is not read out. */
function Milestones({ session }: { session: Session }) {
  return (
    <p class="unseen" role="status">
      {session.announcer.text.value}
    </p>
  );
}
