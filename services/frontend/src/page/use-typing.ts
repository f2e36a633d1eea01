// What is typed into the form of one task: arguments, options, and what is wrong with them.
import { useMemo, useState } from "preact/hooks";
import type { Task } from "../core/api";
import { type Draft, fieldsOf, type Typed } from "../core/form";
import { asForm, asText, type Input, inputOf } from "../core/form-input";
import { emptyDraft } from "../core/form-write";
import { optionFieldsOf } from "../core/job-options";
import { KeptInputs } from "../core/kept-input";
import { ARGS, focusOn } from "./start-places";
import { type Fields, NO_REFUSAL, type Refusal, withoutErrorsAt } from "./start-wish";

/** Deeper groups are typed as JSON: nobody finds the way through more. */
const LEVELS = 4;

export function useTyping(root: string, task: Task, given: Record<string, unknown> | null) {
  const fields: Fields = useMemo(
    () => ({ args: fieldsOf(task.schema, LEVELS), options: optionFieldsOf(task) }),
    [task],
  );
  const kept = useMemo(() => new KeptInputs(() => window.sessionStorage, root), [root]);
  const [input, setInput] = useState<Input>(
    () => (given ? null : kept.of(task)) ?? inputOf(fields.args, given ?? {}),
  );
  const [options, setOptions] = useState<Draft>(() => emptyDraft(fields.options));
  const [refusal, refuse] = useState<Refusal>(NO_REFUSAL);

  const mend = (id: string) =>
    refuse((before) => ({ ...before, errors: withoutErrorsAt(before.errors, id) }));
  const change = (next: Input, id: string) => {
    setInput(next);
    kept.keep(task, fields.args, next);
    mend(id);
  };
  const changeArg = (name: string, typed: Typed, id: string) =>
    change({ ...input, draft: { ...input.draft, [name]: typed } }, id);
  const changeOption = (name: string, typed: Typed, id: string) => {
    setOptions({ ...options, [name]: typed });
    mend(id);
  };
  const changeJson = (json: string) => change({ ...input, json }, ARGS);
  const switchTo = (isJson: boolean) => {
    if (isJson === (input.json !== null)) return;
    const next = isJson ? asText(fields.args, input) : asForm(fields.args, input);
    if (!("error" in next)) return change(next, ARGS);
    refuse({ errors: { [ARGS]: next.error }, others: [] });
    focusOn(ARGS);
  };

  return { fields, input, options, refusal, refuse, changeArg, changeOption, changeJson, switchTo };
}
