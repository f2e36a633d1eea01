// Does one thing to many jobs, a hundred at a time, and says what became of them.
import type { Api, Outcome } from "./api";
import type { Action } from "./job";
import type { Problem } from "./problem";

const AT_ONCE = 100;

export type Tally = {
  readonly action: Action;
  readonly total: number;
  readonly done: number;
  /** The server took the wish. */
  readonly taken: number;
  /** It could not be done any more: the job had ended, or runs already, or is gone. */
  readonly late: number;
  /** Why it did not go on; what was asked until then was done. */
  readonly problem: Problem | null;
};

export async function actOnAll(
  api: Api,
  ids: readonly string[],
  action: Action,
  onProgress: (tally: Tally, outcomes: readonly Outcome[]) => void,
): Promise<Tally> {
  let tally: Tally = { action, total: ids.length, done: 0, taken: 0, late: 0, problem: null };
  for (let from = 0; from < ids.length; from += AT_ONCE) {
    const answer = await api.actOnMany(ids.slice(from, from + AT_ONCE), action);
    if (!answer.ok) return { ...tally, problem: answer.problem };
    const taken = answer.value.filter((outcome) => outcome.status < 300).length;
    tally = {
      ...tally,
      done: tally.done + answer.value.length,
      taken: tally.taken + taken,
      late: tally.late + answer.value.length - taken,
    };
    onProgress(tally, answer.value);
  }
  return tally;
}

/** One sentence for the whole. */
export function tallyText({ action, total, done, taken, late, problem }: Tally): string {
  const verb = action === "cancel" ? "asked to stop" : "running again";
  const said = `${taken} ${verb}${late > 0 ? `, ${late} could not be: they had moved on` : ""}.`;
  if (!problem) return said;
  return `${done === 0 ? "Nothing was done." : said} Stopped at ${done} of ${total}: ${problem.detail || problem.title}`;
}
