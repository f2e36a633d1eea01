// The commands that do in a terminal what the page does: submit the same job again, and look how far it is.
import type { Job } from "./job";

export function curlOf(root: string, job: Pick<Job, "id" | "task">, args: Record<string, unknown>): string {
  const body = JSON.stringify({ task: job.task, args });
  return [
    "# The same job again:",
    `curl -si -X POST ${quoted(`${root}jobs`)} -H 'Content-Type: application/json' -d ${quoted(body)}`,
    "# How far this one is:",
    `curl -s ${quoted(`${root}status/${encodeURIComponent(job.id)}`)}`,
    "",
  ].join("\n");
}

/** For any POSIX shell: within single quotes nothing has a meaning but the quote itself. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
