// The same figures as tables, for those who want numbers or cannot see charts; and each task, which no chart has.
import type { ComponentChildren } from "preact";
import { count } from "../core/fmt";
import { failedOf, levelsOf, type Series, SPAN_SECONDS, throughputOf } from "../core/rates";
import type { Sample } from "../core/stats";
import { ageText, NO_WORKER, UNKNOWN } from "../core/stats-wording";

const STEP_SECONDS = 10;
/** Newest first. */
const STEP_ENDS = Array.from(
  { length: SPAN_SECONDS / STEP_SECONDS },
  (_, step) => SPAN_SECONDS - step * STEP_SECONDS,
);

export function StatsTables({ samples, last }: { samples: readonly Sample[]; last: Sample }) {
  return (
    <div class="stats-tables" data-part="stats-tables">
      <MinuteTable samples={samples} />
      <QueueTable last={last} />
      <TaskTable last={last} />
    </div>
  );
}

/** In steps of ten seconds: sixty rows would be read by nobody. */
function MinuteTable({ samples }: { samples: readonly Sample[] }) {
  const { done, failed } = throughputOf(samples);
  const { waiting, running } = levelsOf(samples);
  return (
    <Table caption="The last minute, each 10 s" heads={["Ago", "Done", "Failed", "Waiting", "Running"]}>
      <tbody>
        {STEP_ENDS.map((end) => (
          <tr key={end}>
            <th scope="row">{agoText(SPAN_SECONDS - end)}</th>
            <td>{sumText(done.slice(end - STEP_SECONDS, end))}</td>
            <td>{sumText(failed.slice(end - STEP_SECONDS, end))}</td>
            <td>{levelText(waiting[end - 1])}</td>
            <td>{levelText(running[end - 1])}</td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}

function QueueTable({ last }: { last: Sample }) {
  return (
    <Table caption="Queues" heads={["Waiting", "Oldest", "Running", "Slots", "Workers"]}>
      {last.queues.map(({ queue, queued, oldest_at, running, slots, workers }) => (
        <Group
          key={queue}
          head={queue}
          aside={workers === 0 && <span class="stats-warning">{NO_WORKER}</span>}
          cells={[
            count(queued),
            oldest_at ? ageText(Math.max(0, last.at - Date.parse(oldest_at))) : UNKNOWN,
            count(running),
            count(slots),
            count(workers),
          ]}
        />
      ))}
    </Table>
  );
}

function TaskTable({ last }: { last: Sample }) {
  return (
    <Table caption="Tasks, since ever" heads={["Running", "Accepted", "Done", "Failed"]}>
      {last.tasks.map(({ task, queue, running, submitted, finished }) => (
        <Group
          key={`${task} ${queue}`}
          head={task}
          aside={<span class="hint">{queue}</span>}
          cells={[running, submitted, finished.succeeded, failedOf({ finished })].map(count)}
        />
      ))}
    </Table>
  );
}

/** It scrolls by itself where it is too wide, so a keyboard must be able to reach it. */
function Table({
  caption,
  heads,
  children,
}: {
  caption: string;
  heads: string[];
  children: ComponentChildren;
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard
    <section class="stats-scroll" tabIndex={0} aria-label={caption}>
      <table>
        <caption>{caption}</caption>
        <thead>
          <tr>
            {heads.map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        {children}
      </table>
    </section>
  );
}

/** The name has a line of its own: beside five numbers it would be a word broken into letters. */
function Group({ head, aside, cells }: { head: string; aside: ComponentChildren; cells: string[] }) {
  return (
    <tbody class="stats-group">
      <tr>
        <th scope="rowgroup" colSpan={cells.length}>
          {head} {aside}
        </th>
      </tr>
      <tr>
        {cells.map((cell, column) => (
          <td key={column}>{cell}</td>
        ))}
      </tr>
    </tbody>
  );
}

function agoText(seconds: number): string {
  return `${seconds}–${seconds + STEP_SECONDS} s`;
}

function sumText(series: Series): string {
  const known = series.filter((each) => each !== null);
  return known.length === 0 ? UNKNOWN : count(Math.round(known.reduce((sum, each) => sum + each, 0)));
}

function levelText(level: number | null | undefined): string {
  return level === null || level === undefined ? UNKNOWN : count(level);
}
