// The page: what can be started, how it goes as a whole, every job, and the one that is open.

import { useEffect } from "preact/hooks";
import { percentOf } from "../core/job";
import { ConnectionLine } from "../ui/ConnectionState";
import { titleOf as rowTitle } from "../ui/names";
import type { Desk } from "./desk";
import { JobPane } from "./JobPane";
import { List } from "./List";
import { Masthead } from "./Masthead";
import { Notices } from "./Notices";
import { StartPanel } from "./StartPanel";
import { StatsPane } from "./StatsPane";
import { Toolbar } from "./Toolbar";
import { ViewTabs } from "./ViewTabs";

export function App({ desk }: { desk: Desk }) {
  const { view, job } = desk.route.value;
  const { announcer } = desk;
  const title = titleOf(desk);
  useEffect(() => {
    document.title = title;
  }, [title]);
  return (
    <div class="page" data-view={view} data-open={job !== null}>
      <a class="skip" href="#main">
        Skip to the jobs
      </a>
      <Masthead desk={desk} />
      <ViewTabs desk={desk} />
      <main class="desk" id="main" tabIndex={-1}>
        <div class="side">
          <div class="start-card card">
            <StartPanel
              api={desk.api}
              tasks={desk.tasks.value}
              prefill={desk.prefill.value}
              onAccepted={(id, accepted) => desk.addAccepted(id, accepted)}
              say={(text) => announcer.say(text)}
            />
          </div>
          <StatsPane desk={desk} />
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

/** What a tab among others should say: how far the open job is, or how many run. */
function titleOf(desk: Desk): string {
  desk.drawn.value;
  const row = desk.route.value.job ? desk.row(desk.route.value.job) : null;
  if (row?.job) {
    const percent = percentOf(row.job);
    return `${percent === null ? "" : `${percent}% `}${rowTitle(row)} · Headway`;
  }
  const running = desk.latest.value?.queues.reduce((sum, queue) => sum + queue.running, 0) ?? 0;
  return running > 0 ? `(${running}) Headway` : "Headway";
}
