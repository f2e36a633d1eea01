// The form of one task: one input, typed or as JSON, its options, and one job for one click.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Accepted, Api, Task } from "../core/api";
import { type Errors, fieldsOf, type Typed } from "../core/form";
import { placeErrors } from "../core/form-errors";
import { asForm, asText, type Input, inputOf, readInputOf } from "../core/form-input";
import { fill } from "../core/form-read";
import { withoutSecrets } from "../core/form-secrets";
import { emptyDraft } from "../core/form-write";
import type { IdempotencyKeys } from "../core/idempotency";
import { optionFieldsOf } from "../core/job-options";
import type { KeptInputs } from "../core/kept-input";
import type { Problem } from "../core/problem";
import { StartProblem, StartSummary } from "./StartAlert";
import { StartFields } from "./StartFields";
import { StartSeveral } from "./StartSeveral";
import { ARGS, errorsAt, focusOn, isWithin, OPTIONS } from "./start-places";
import { useOnline } from "./use-online";

const LEVELS = 4;

export type Filling = { args: Record<string, unknown>; note: string };
type Props = {
  api: Api;
  task: Task;
  /** Arguments to begin with, instead of what was typed last. */
  filling: Filling | null;
  keys: IdempotencyKeys;
  kept: KeptInputs;
  onAccepted: (accepted: Accepted, args: Record<string, unknown>) => void;
  say: (text: string) => void;
};

export function StartForm({ api, task, filling, keys, kept, onAccepted, say }: Props) {
  const fields = useMemo(() => fieldsOf(task.schema, LEVELS), [task.schema]);
  const optionFields = useMemo(() => optionFieldsOf(task), [task]);
  const [input, setInput] = useState<Input>(() =>
    filling ? inputOf(fields, filling.args) : (kept.of(task) ?? inputOf(fields, {})),
  );
  const [options, setOptions] = useState(() => emptyDraft(optionFields));
  const [errors, setErrors] = useState<Errors>({});
  const [others, setOthers] = useState<readonly string[]>([]);
  const [round, setRound] = useState(0);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [lastId, setLastId] = useState("");
  const isSending = useRef(false);
  const [isBusy, setBusy] = useState(false);
  const isOnline = useOnline();

  useEffect(() => {
    if (filling) focusOn(input.json === null && fields[0] ? `${ARGS}/${fields[0].name}` : ARGS);
  }, []);

  const change = (next: Input, id: string) => {
    setInput(next);
    kept.keep(task, fields, next);
    setErrors((before) => Object.fromEntries(Object.entries(before).filter(([at]) => !isWithin(at, id))));
  };

  const switchTo = (isJson: boolean) => {
    if (isJson === (input.json !== null)) return;
    const next = isJson ? asText(fields, input) : asForm(fields, input);
    if (!("error" in next)) return change(next, ARGS);
    setErrors({ [ARGS]: next.error });
    focusOn(ARGS);
  };

  const refuse = (wrong: Errors, more: readonly string[] = []) => {
    setErrors(wrong);
    setOthers(more);
    setRound((before) => before + 1);
  };

  /** What is to be sent; null when there is something to mend first. */
  const read = () => {
    setProblem(null);
    setOthers([]);
    const said = readInputOf(fields, input);
    const chosen = fill(optionFields, options);
    const wrong = { ...errorsAt(ARGS, said.errors), ...errorsAt(OPTIONS, chosen.errors) };
    if (said.jsonError) wrong[ARGS] = said.jsonError;
    setErrors(wrong);
    if (Object.keys(wrong).length === 0) return { args: said.args, options: chosen.args };
    refuse(wrong);
    return null;
  };

  const showProblem = (failed: Problem) => {
    if (failed.errors.length === 0) return setProblem(failed);
    const isOfArgs = (pointer: string) => /^#?\/args(\/|$)/.test(pointer);
    const placed = placeErrors(
      input.json === null ? fields : [],
      failed.errors.filter((error) => isOfArgs(error.pointer)),
      input.draft,
    );
    const beside = placeErrors(
      optionFields,
      failed.errors
        .filter((error) => !isOfArgs(error.pointer))
        .map((error) => ({ ...error, pointer: `/args${error.pointer.replace(/^#/, "")}` })),
      options,
    );
    refuse({ ...errorsAt(ARGS, placed.beside), ...errorsAt(OPTIONS, beside.beside) }, [
      ...placed.others,
      ...beside.others,
    ]);
  };

  const accept = (accepted: Accepted, args: Record<string, unknown>) => {
    onAccepted(accepted, withoutSecrets(fields, args));
    setLastId(accepted.id);
  };

  const submit = async (event?: Event) => {
    event?.preventDefault();
    if (isSending.current || !isOnline) return;
    const wish = read();
    if (!wish) return;
    isSending.current = true;
    setBusy(true);
    setLastId("");
    const key = keys.keyFor(JSON.stringify([task.name, wish]));
    const answer = await api.startJob(task.name, wish.args, key, wish.options);
    isSending.current = false;
    setBusy(false);
    if (!answer.ok) return showProblem(answer.problem);
    keys.accepted();
    accept(answer.value, wish.args);
    say("Job started.");
  };

  const prepareSeveral = () => {
    const wish = isOnline ? read() : null;
    if (!wish) return null;
    const send = (key: string) => api.startJob(task.name, wish.args, key, wish.options);
    return { send, onStarted: (accepted: Accepted) => accept(accepted, wish.args) };
  };

  return (
    <form class="start-form" noValidate onSubmit={submit} data-part="start-form">
      {filling && <p class="start-note">{filling.note}</p>}
      <StartFields
        fields={fields}
        optionFields={optionFields}
        input={input}
        options={options}
        errors={errors}
        onSwitch={switchTo}
        onJson={(json) => change({ ...input, json }, ARGS)}
        onArg={(name, typed, id) => change({ ...input, draft: { ...input.draft, [name]: typed } }, id)}
        onOption={(name: string, typed: Typed, id: string) => {
          setOptions({ ...options, [name]: typed });
          setErrors((before) =>
            Object.fromEntries(Object.entries(before).filter(([at]) => !isWithin(at, id))),
          );
        }}
      />
      <StartSummary errors={errors} others={others} round={round} />
      <StartProblem problem={problem} isSending={isBusy} onAgain={() => submit()} />
      {/* aria-disabled keeps the focus, which `disabled` would throw away. */}
      <button
        type="submit"
        class="primary"
        aria-disabled={isBusy || !isOnline || undefined}
        aria-describedby={isOnline ? undefined : "start-offline"}
      >
        {isBusy ? "Starting…" : "Start job"}
      </button>
      {!isOnline && (
        <p class="start-hint" id="start-offline">
          You are offline. What you typed stays; start it when you are back.
        </p>
      )}
      {lastId && (
        <p class="start-done">
          Job started: <a href={`./?job=${encodeURIComponent(lastId)}`}>{lastId.slice(0, 8)}</a>
        </p>
      )}
      <StartSeveral prepare={prepareSeveral} say={say} />
    </form>
  );
}
