// What was typed for each task, kept over a reload of the tab; passwords are not.
import type { Task } from "./api";
import type { Field } from "./form";
import { type Input, openInput } from "./form-input";
import { keepStored, readStored, type Storing } from "./stored";

type Kept = { schema: unknown; input: Input | null };

export class KeptInputs {
  constructor(
    private readonly storage: Storing,
    private readonly root: string,
  ) {}

  keep(task: Task, fields: readonly Field[], input: Input): void {
    const kept: Kept = { schema: task.schema, input: openInput(fields, input) };
    keepStored(this.storage, this.keyOf(task), JSON.stringify(kept));
  }

  /** Nothing after the task has changed: its inputs may have another meaning now. */
  of(task: Task): Input | null {
    const kept: Kept | null = readStored(this.storage, this.keyOf(task), JSON.parse);
    return kept && JSON.stringify(kept.schema) === JSON.stringify(task.schema) ? kept.input : null;
  }

  private keyOf(task: Task): string {
    return `headway.typed ${new URL(this.root).pathname} ${task.name}`;
  }
}
