// Asks something of a job - stop, run again - and brings the answer to its row.
import type { Api } from "./api";
import type { Action } from "./job";
import { type Problem, slugOf } from "./problem";
import type { JobStore } from "./store";

/** While the answer is under way asking again does nothing: a double click is one request. */
export async function ask(api: Api, store: JobStore, id: string, action: Action): Promise<void> {
  if (!store.beginAsk(id, action)) return;
  const answer = await api.act(id, action);
  if (answer.ok) {
    store.putJob(answer.value);
    return store.endAsk(id, null);
  }
  const { problem } = answer;
  if (isGone(problem)) return store.markGone(id, problem.status as number, problem);
  // A conflict means that the job has moved: it ended by itself, or somebody else asked first. It tells which.
  if (problem.status !== 409) store.endAsk(id, problem);
  await refresh(api, store, id);
  if (problem.status === 409) store.endAsk(id, problem);
}

/** After a failure too: the request may have arrived, and nobody follows a job that has ended. */
async function refresh(api: Api, store: JobStore, id: string): Promise<void> {
  const answer = await api.status(id, null);
  if (answer.ok && answer.value.kind === "job") store.putJob(answer.value.job);
}

/** Not just any 404: a server that is older has none of these addresses. */
function isGone(problem: Problem): boolean {
  return ["job-not-found", "job-expired"].includes(slugOf(problem));
}
