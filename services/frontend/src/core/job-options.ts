// What may be said about a job beside its arguments: the other fields of `POST jobs`, as a form.
import type { Task } from "./api";
import { type Field, fieldsOf } from "./form";
import type { Schema } from "./schema";

const MOST_DELAY_SECONDS = 366 * 86_400;
const MOST_TIMEOUT_SECONDS = 7 * 86_400;

/** None has a default here, so that only what was changed is sent; the examples say what holds otherwise. */
export function optionFieldsOf(task: Task): Field[] {
  const properties: Record<string, Schema> = {
    priority: { title: "Priority", description: "Normal unless set.", enum: ["high", "normal", "low"] },
    queue: { title: "Queue", type: "string", examples: [task.queue] },
    tags: {
      title: "Tags",
      description: "Up to 10 words to find the job by.",
      type: "array",
      items: { title: "Tag", type: "string", maxLength: 64 },
      maxItems: 10,
    },
    countdown: {
      title: "Delay in seconds",
      description: "Up to 366 days.",
      type: "number",
      minimum: 0,
      maximum: MOST_DELAY_SECONDS,
      examples: ["none"],
    },
    timeout: {
      title: "Time limit in seconds",
      description: "Of one attempt, up to 7 days.",
      type: "number",
      exclusiveMinimum: 0,
      maximum: MOST_TIMEOUT_SECONDS,
      examples: [task.timeout_seconds ?? "none"],
    },
    max_retries: {
      title: "Retries",
      description: "Further attempts after failed ones, up to 100.",
      type: "integer",
      minimum: 0,
      maximum: 100,
      examples: [task.max_retries ?? "the task's"],
    },
  };
  // The limits are said in days; the schema has them in seconds.
  return fieldsOf({ properties }, 1).map((field) => ({
    ...field,
    help: properties[field.name]?.description ?? "",
  }));
}
