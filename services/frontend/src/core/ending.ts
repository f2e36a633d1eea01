// How a job ended when it did not end well: who ended it, and what a person can do about it.
import type { Job } from "./job";
import { slugOf } from "./problem";

const WHAT_TO_DO: Record<string, string> = {
  "task-failed": "Mend the cause, then run it again.",
  timeout: "Allow it more time, or give it less to do.",
  "worker-lost": "Look for too little memory, or a crash of C code.",
  "invalid-arguments": "Run it again with changed arguments.",
  "unserializable-result": "The task has to return what JSON can hold.",
  "result-too-large": "The task has to store it elsewhere, and return where.",
  cancelled: "It can be run again.",
  expired: "Run it again: then it waits as long as it takes.",
};

export type Ending = { who: string; advice: string; trace: string };

export function endingOf(job: Job): Ending {
  const { error } = job;
  if (!error) return { who: "", advice: "", trace: "" };
  const slug = slugOf(error);
  return {
    // Of a client and of Headway the reason says it already.
    who: error.ended_by === "task" && job.state !== "RETRY" ? "It came from the task itself." : "",
    advice: job.state === "RETRY" ? "It is tried again by itself." : (WHAT_TO_DO[slug] ?? ""),
    trace:
      slug === "task-failed" ? `The traceback is in the worker's log only: look there for ${job.id}.` : "",
  };
}

/** Everything about the error, to be pasted into a message. */
export function errorText(job: Job): string {
  const { error } = job;
  const head = `${job.task} ${job.id}, attempt ${job.attempt}, ${job.finished_at ?? job.updated_at}`;
  const named = [error?.exception ?? error?.title, error?.detail].filter(Boolean).join(": ");
  return `${head}\n${named}`;
}
