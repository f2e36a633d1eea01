// On a narrow page one thing at a time: the jobs, the form, or the figures. A wide page shows all three.
import type { View } from "../core/route";
import type { Desk } from "./desk";
import { followInPage } from "./links";

const WORDS: Record<View, string> = { jobs: "Jobs", start: "Start", stats: "Stats" };

export function ViewTabs({ desk }: { desk: Desk }) {
  const route = desk.route.value;
  return (
    <nav class="views" aria-label="Views">
      {(Object.keys(WORDS) as View[]).map((view) => (
        <a
          key={view}
          href={desk.addressOf({ view, job: null })}
          aria-current={route.view === view ? "page" : undefined}
          onClick={(event) => followInPage(event, () => desk.go({ view, job: null }))}
        >
          {WORDS[view]}
        </a>
      ))}
    </nav>
  );
}
