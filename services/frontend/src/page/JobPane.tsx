// The open job. Its view is fetched when the first one is opened: a list alone does not need it.
import { isLost } from "../core/connection";
import { unreachable } from "../core/problem";
import type { Desk } from "./desk";
import { lazy } from "./lazy";

const useJobView = lazy(async () => (await import("./JobView")).default);

export function JobPane({ desk, id }: { desk: Desk; id: string }) {
  const { View, isMissing } = useJobView();
  // Read, so that every drawn change is drawn here.
  desk.drawn.value;
  const row = desk.row(id);
  return (
    <section class="job-pane" aria-label="The open job" data-part="job-pane">
      {View && row ? (
        <View
          id={id}
          row={row}
          lines={row.log}
          api={desk.api}
          isStale={desk.isPaused.value || isLost(desk.connection.value)}
          onAsk={(action) => desk.ask(id, action)}
          onRunAgain={(task, args) => desk.runAgain(task, args)}
          onClose={() => desk.closeJob()}
          say={(text) => desk.announcer.say(text)}
        />
      ) : (
        <p aria-busy={!isMissing}>{isMissing ? unreachable().detail : "Loading…"}</p>
      )}
    </section>
  );
}
