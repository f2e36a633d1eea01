// Which jobs the list shows: a search, a task, a state; and what is done to many of them.
import { useEffect, useRef, useState } from "preact/hooks";
import { plural, sentenceCase } from "../core/fmt";
import { TABS, type Tab } from "../core/route";
import type { Sample } from "../core/stats";
import { BulkBar } from "./BulkBar";
import type { Desk } from "./desk";
import { followInPage } from "./links";

const TYPING_MS = 200;
/** The server takes no shorter ones: a single letter fits everything. */
const SHORTEST_SEARCH = 2;

export function Toolbar({ desk }: { desk: Desk }) {
  return (
    <div class="toolbar">
      <div class="toolbar-row">
        <h2 id="list-heading">Jobs</h2>
        <Search desk={desk} />
        <TaskChoice desk={desk} />
        <BulkBar desk={desk} />
      </div>
      <nav class="tabs" aria-label="Jobs by state">
        {(Object.keys(TABS) as Tab[]).map((tab) => (
          <TabLink key={tab} tab={tab} desk={desk} />
        ))}
      </nav>
    </div>
  );
}

function TabLink({ tab, desk }: { tab: Tab; desk: Desk }) {
  const isCurrent = desk.route.value.tab === tab;
  const total = totalOf(tab, desk.latest.value);
  return (
    <a
      class="tab"
      data-tab={tab}
      href={desk.addressOf({ tab })}
      aria-current={isCurrent ? "true" : undefined}
      onClick={(event) => followInPage(event, () => desk.go({ tab }, "replace"))}
    >
      {TABS[tab].word} {total !== null && <span class="total">{total.toLocaleString("en")}</span>}
    </a>
  );
}

function totalOf(tab: Tab, sample: Sample | undefined): number | null {
  if (!sample) return null;
  const { states } = TABS[tab];
  const counted = states.length > 0 ? states : (Object.keys(sample.totals) as (keyof Sample["totals"])[]);
  return counted.reduce((sum, state) => sum + (sample.totals[state] ?? 0), 0);
}

function Search({ desk }: { desk: Desk }) {
  const { search } = desk.route.value;
  const [typed, setTyped] = useState(search);
  const [isShort, setShort] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => setTyped(search), [search]);

  const type = (event: Event) => {
    const text = (event.target as HTMLInputElement).value;
    setTyped(text);
    clearTimeout(timer.current);
    const isTooShort = text.trim().length > 0 && text.trim().length < SHORTEST_SEARCH;
    setShort(isTooShort);
    if (!isTooShort) timer.current = setTimeout(() => desk.go({ search: text.trim() }, "replace"), TYPING_MS);
  };

  return (
    <div class="search">
      <label class="unseen" for="search">
        Search by id, task or tag
      </label>
      <input
        id="search"
        type="search"
        data-part="search"
        placeholder="Id, task or tag"
        autocomplete="off"
        spellcheck={false}
        maxLength={100}
        value={typed}
        aria-describedby="search-hint"
        onInput={type}
      />
      <span id="search-hint" class="hint">
        {isShort ? `${plural(SHORTEST_SEARCH, "character")} at least` : ""}
      </span>
    </div>
  );
}

function TaskChoice({ desk }: { desk: Desk }) {
  const tasks = desk.tasks.value;
  const { task } = desk.route.value;
  const names = Array.isArray(tasks) ? tasks.map((each) => each.name) : [];
  const all = task && !names.includes(task) ? [...names, task] : names;
  if (all.length === 0) return null;
  return (
    <label class="choice">
      <span class="unseen">Task</span>
      <select
        data-part="task-choice"
        value={task}
        onChange={(event) => desk.go({ task: (event.target as HTMLSelectElement).value }, "replace")}
      >
        <option value="">All tasks</option>
        {all.map((name) => (
          <option key={name} value={name}>
            {sentenceCase(name)}
          </option>
        ))}
      </select>
    </label>
  );
}
