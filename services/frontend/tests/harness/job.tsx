// The job view alone, in each of its states, for looking at: `?case=running`. It is not part of the built page.
import { type FunctionComponent, render } from "preact";
import { Api } from "../../src/core/api";
import type { Job } from "../../src/core/job";
import type { LogLine } from "../../src/core/store";
import type { JobViewProps } from "../../src/page/JobView";
import { casesAt } from "./job-cases";

const START_AT = Date.now();
const name = new URLSearchParams(location.search).get("case") ?? "running";
const cases = casesAt(START_AT);
const chosen = cases[name] ?? cases.running;

function answer(body: unknown, status = 200): Response {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return new Response(text, { status, headers: { Date: new Date().toUTCString() } });
}

const fetchCase: typeof fetch = async (address) => {
  const path = new URL(String(address)).pathname;
  if (path.endsWith("/timeline")) return chosen?.moves ? answer({ moves: chosen.moves }) : answer({}, 404);
  if (path.endsWith("/log"))
    return answer({ lines: chosen?.log ?? [], lines_total: chosen?.log?.length ?? 0 });
  if (path.endsWith("/result")) return answer(chosen?.result ?? "{}");
  return answer(chosen?.row.job ?? {}, chosen?.row.job ? 200 : 404);
};

const api = new Api(new URL("/", location.href).href, fetchCase);
const root = document.getElementById("app") as HTMLElement;
const told = (...said: unknown[]) => {
  document.body.dataset.told = JSON.stringify(said);
};

async function start(): Promise<void> {
  const JobView = (await import("../../src/page/JobView")).default as FunctionComponent<JobViewProps>;
  let row = chosen?.row as JobViewProps["row"];
  let lines: readonly LogLine[] = [];
  const draw = () =>
    render(
      <JobView
        id="cdaf5d0e-e88e-4b4f-ad34-fef4371673cc"
        row={row}
        lines={lines}
        api={api}
        isStale={name === "stale"}
        onAsk={(action) => told("ask", action)}
        onRunAgain={(task, args) => told("run again", task, args)}
        onClose={() => told("close")}
        say={(text) => told("say", text)}
      />,
      root,
    );
  draw();
  if (!["running", "log"].includes(name)) return;
  setInterval(() => {
    const job = row.job as Job;
    const current = Math.min((job.total ?? 0) - 1, (job.current ?? 0) + 0.4);
    const at = new Date().toISOString();
    row = { ...row, job: { ...job, current, percent: current, version: job.version + 1, updated_at: at } };
    if (Math.random() < 0.3)
      lines = [...lines, { line: `${Date.now()}-0`, text: `Step ${current.toFixed(1)} of 100`, at }];
    draw();
  }, 200);
}

start();
