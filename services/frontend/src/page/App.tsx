// The page: what can be started, how it goes as a whole, every job, and the one that is open.
import { Notices } from "./Notices";
import { ConnectionLine } from "../ui/ConnectionState";
import type { Desk } from "./desk";
import { JobPane } from "./JobPane";
import { List } from "./List";
import { Masthead } from "./Masthead";
import { StartPanel } from "./StartPanel";
import { StatsPanel } from "./StatsPanel";
import { Toolbar } from "./Toolbar";
import { ViewTabs } from "./ViewTabs";
import { isLost } from "../core/connection";

export function App({ desk }: { desk: Desk }) {
  const { view, job } = desk.route.value;
  const { connection, announcer } = desk;
  return (
    <div class="page" data-view={view} data-open={job !== null}>
      <a class="skip" href="#main">
        Skip to the jobs
      </a>
      <Masthead desk={desk} />
      <ViewTabs desk={desk} />
      <main class="desk" id="main" tabIndex={-1}>
        <div class="side">
          <section class="start card" aria-labelledby="start-heading">
            <h2 id="start-heading">Start a job</h2>
            <StartPanel
              api={desk.api}
              tasks={desk.tasks.value}
              prefill={desk.prefill.value}
              onAccepted={(id, accepted) => desk.addAccepted(id, accepted)}
              onReload={() => desk.loadTasks()}
              say={(text) => announcer.say(text)}
            />
          </section>
          <section class="stats card" aria-labelledby="stats-heading">
            <h2 id="stats-heading">Last minute</h2>
            <StatsPanel samples={desk.samples.value} isStale={isLost(connection.value)} />
          </section>
        </div>
        <section class="list-pane" aria-labelledby="list-heading">
          <ConnectionLine session={desk} />
          <Notices desk={desk} />
          <Toolbar desk={desk} />
          <List desk={desk} />
        </section>
        {job && <JobPane desk={desk} id={job} key={job} />}
      </main>
      {/* It exists from the start: a region that comes with its text is not read out. */}
      <p class="unseen" role="status">
        {announcer.text.value}
      </p>
    </div>
  );
}
