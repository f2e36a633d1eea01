// The form of one task: collects the arguments, submits them once, shows what the server did not like.
import { useMemo, useRef, useState } from "preact/hooks";
import type { Task } from "../core/api";
import { type Draft, type Errors, fieldsOf } from "../core/form";
import { placeErrors } from "../core/form-errors";
import { fill } from "../core/form-read";
import { emptyDraft } from "../core/form-write";
import { IdempotencyKeys } from "../core/idempotency";
import { type Problem, problemText, waitHint } from "../core/problem";
import { FieldInput } from "./FieldInput";
import type { Session } from "./session";

export function TaskForm({ task, session }: { task: Task; session: Session }) {
  const fields = useMemo(() => fieldsOf(task.schema), [task]);
  const keys = useRef(new IdempotencyKeys());
  const [draft, setDraft] = useState<Draft>(() => emptyDraft(fields));
  const [errors, setErrors] = useState<Errors>({});
  const [failure, setFailure] = useState("");
  const [isSending, setSending] = useState(false);

  const change = (name: string, value: string | boolean) => {
    setDraft((before) => ({ ...before, [name]: value }));
    setErrors(({ [name]: _mended, ...others }) => others);
  };

  const showProblem = (problem: Problem) => {
    const { beside, others } = placeErrors(fields, problem.errors);
    setErrors(beside);
    if (Object.keys(beside).length > 0 && others.length === 0) setFailure("Please mend what is marked.");
    else setFailure([problemText(problem), ...others, waitHint(problem)].filter(Boolean).join(" "));
    focusFirst(task, fields.find((field) => beside[field.name])?.name);
  };

  const submit = async (event: Event) => {
    event.preventDefault();
    if (isSending) return;
    const filled = fill(fields, draft);
    setErrors(filled.errors);
    setFailure("");
    const first = fields.find((field) => filled.errors[field.name]);
    if (first) return focusFirst(task, first.name);

    setSending(true);
    const key = keys.current.keyFor(JSON.stringify([task.name, filled.args]));
    const answer = await session.api.startJob(task.name, filled.args, key);
    setSending(false);
    if (!answer.ok) return showProblem(answer.problem);
    keys.current.accepted();
    session.addAccepted(answer.value.id, answer.value.job);
  };

  return (
    <form class="task-form" noValidate onSubmit={submit}>
      {fields.map((field) => (
        <FieldInput
          key={field.name}
          id={inputId(task, field.name)}
          field={field}
          value={draft[field.name] ?? ""}
          error={errors[field.name]}
          onChange={(value) => change(field.name, value)}
        />
      ))}
      {/* It stays when its text goes: a region that comes with its text is not always read out. */}
      <p class="failure" role="alert">
        {failure}
      </p>
      {/* aria-disabled keeps the focus, which `disabled` would throw away. */}
      <button type="submit" class="primary" aria-disabled={isSending}>
        {isSending ? "Starting…" : "Start task"}
      </button>
    </form>
  );
}

function inputId(task: Task, name: string): string {
  return `arg-${task.name}-${name}`;
}

function focusFirst(task: Task, name: string | undefined): void {
  if (name) document.getElementById(inputId(task, name))?.focus();
}
