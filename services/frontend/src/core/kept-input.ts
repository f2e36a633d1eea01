// What was typed for each task, kept over a reload of the tab; passwords are not.
import type { Task } from "./api";
import type { Field } from "./form";
import { type Input, openInput } from "./form-input";

export class KeptInputs {
  constructor(
    private readonly storage: () => Storage,
    private readonly root: string,
  ) {}

  keep(task: Task, fields: readonly Field[], input: Input): void {
    try {
      const kept = { schema: task.schema, input: openInput(fields, input) };
      this.storage().setItem(this.keyOf(task), JSON.stringify(kept));
    } catch {
      // Refused or full: only a reload forgets what was typed.
    }
  }

  /** Nothing after the task has changed: its inputs may have another meaning now. */
  of(task: Task): Input | null {
    try {
      const kept = JSON.parse(this.storage().getItem(this.keyOf(task)) ?? "null");
      return JSON.stringify(kept?.schema) === JSON.stringify(task.schema) ? kept.input : null;
    } catch {
      return null;
    }
  }

  private keyOf(task: Task): string {
    return `headway.typed ${new URL(this.root).pathname} ${task.name}`;
  }
}
