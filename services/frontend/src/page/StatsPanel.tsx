// All jobs together: how fast they end, how many wait and run, and who works on them.
import { useState } from "preact/hooks";
import { count, moment } from "../core/fmt";
import { finishedWithin, levelsOf, mostOf, presentOf, throughputOf, unbroken } from "../core/rates";
import type { QueueFigures, Sample } from "../core/stats";
import {
  failedText,
  levelSentence,
  NO_WORKER,
  oldestText,
  queueText,
  rateText,
  throughputSentence,
  workersText,
} from "../core/stats-wording";
import { Chart } from "./Chart";
import { drawLevel, drawThroughput } from "./drawing";
import { StatsTables } from "./StatsTables";

/** Long enough to be steady, short enough to be now. */
const RATE_SECONDS = 10;

export function StatsPanel({ samples, isStale }: { samples: readonly Sample[]; isStale: boolean }) {
  const [isTable, setTable] = useState(false);
  const known = unbroken(samples);
  const last = known.at(-1);
  return (
    <section class="card stats" data-part="stats" data-stale={isStale} aria-labelledby="stats-heading">
      <div class="stats-head">
        <h2 id="stats-heading">All jobs now</h2>
        {last && (
          <button type="button" class="small" aria-pressed={isTable} onClick={() => setTable(!isTable)}>
            Table
          </button>
        )}
      </div>
      {last && isStale && (
        <p class="stats-warning" data-part="stats-as-of">
          As of <time dateTime={new Date(last.at).toISOString()}>{moment(last.at)}</time>
        </p>
      )}
      {!last && (
        <p class="hint">{isStale ? "No figures: the connection is lost." : "Waiting for figures…"}</p>
      )}
      {last &&
        (isTable ? <StatsTables samples={known} last={last} /> : <Overview samples={known} last={last} />)}
    </section>
  );
}

function Overview({ samples, last }: { samples: readonly Sample[]; last: Sample }) {
  return (
    <>
      <Finished samples={samples} />
      <Levels samples={samples} last={last} />
      <Queues queues={last.queues} />
    </>
  );
}

function Finished({ samples }: { samples: readonly Sample[] }) {
  const throughput = throughputOf(samples);
  const failed = failedText(finishedWithin(samples, 60));
  return (
    <div class="stats-part">
      <p class="stats-numbers">
        <span data-part="stats-done">
          <strong>{rateText(finishedWithin(samples, RATE_SECONDS))}</strong> done/s
        </span>
        <span data-part="stats-failed">
          <strong>{failed.number}</strong> {failed.when}
        </span>
      </p>
      <Chart name="finished" label={throughputSentence(throughput)} draw={drawThroughput(throughput)} />
      <p class="stats-key" aria-hidden="true">
        <span class="stats-key-done">done</span>
        <span class="stats-key-failed">failed</span>
        <span>60 s, up to {count(Math.max(1, Math.round(mostOf(throughput))))}/s</span>
      </p>
    </div>
  );
}

function Levels({ samples, last }: { samples: readonly Sample[]; last: Sample }) {
  const { waiting, running } = levelsOf(samples);
  const present = presentOf(last);
  return (
    <div class="stats-levels">
      <div class="stats-part">
        <p data-part="stats-waiting">
          <strong>{count(present.waiting)}</strong> waiting
        </p>
        <Chart name="waiting" label={levelSentence("waiting", waiting)} draw={drawLevel(waiting)} />
        <p class="hint" data-part="stats-oldest">
          {oldestText(present)}
        </p>
      </div>
      <div class="stats-part">
        <p data-part="stats-running">
          <strong>{count(present.running)}</strong>{" "}
          {present.slots === null ? "running" : `running of ${count(present.slots)}`}
        </p>
        <Chart name="running" label={levelSentence("running", running)} draw={drawLevel(running)} />
        <p class="hint" data-part="stats-workers">
          {workersText(present)}
        </p>
      </div>
    </div>
  );
}

function Queues({ queues }: { queues: readonly QueueFigures[] }) {
  if (queues.length === 0) return <p class="hint">No queue yet: no worker is here, and no job.</p>;
  return (
    <ul class="stats-queues" aria-label="Queues">
      {queues.map((queue) => (
        <li key={queue.queue} data-part="stats-queue" data-queue={queue.queue}>
          <span class="stats-name">{queue.queue}</span> <span class="hint">{queueText(queue)}</span>{" "}
          {queue.workers === 0 && <span class="stats-warning">{NO_WORKER}</span>}
        </li>
      ))}
    </ul>
  );
}
