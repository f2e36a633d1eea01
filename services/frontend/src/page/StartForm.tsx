// The form of one task: one click, one job; what was typed stays, and so does the focus.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Accepted, Api, Task } from "../core/api";
import { shortId } from "../core/fmt";
import { withoutSecrets } from "../core/form-secrets";
import type { IdempotencyKeys } from "../core/idempotency";
import type { Problem } from "../core/problem";
import { StartProblem, StartSummary } from "./StartAlert";
import { StartFields } from "./StartFields";
import { StartSeveral } from "./StartSeveral";
import { ARGS, focusOn, idOf } from "./start-places";
import { labelOf, NO_REFUSAL, readWish, refusalOf } from "./start-wish";
import { useOnline } from "./use-online";
import { useTyping } from "./use-typing";

const SUBMIT = "start-submit";

/** Arguments to begin with, instead of what was typed last, and where they come from. */
export type Filling = { args: Record<string, unknown>; note: string };
type Props = {
  api: Api;
  task: Task;
  filling: Filling | null;
  keys: IdempotencyKeys;
  /** With the arguments as they may be stored: without secrets. */
  onAccepted: (accepted: Accepted, args: Record<string, unknown>) => void;
  say: (text: string) => void;
};

export function StartForm({ api, task, filling, keys, onAccepted, say }: Props) {
  const { fields, refuse, ...typing } = useTyping(api.root, task, filling?.args ?? null);
  const { input, refusal } = typing;
  const [problem, setProblem] = useState<Problem | null>(null);
  const [round, setRound] = useState(0);
  const [isSending, setSending] = useState(false);
  const isSendingNow = useRef(false); // a second click may come before the first is drawn
  const [startedId, setStartedId] = useState("");
  const isOnline = useOnline();

  useLayoutEffect(() => {
    const first = input.json === null ? fields.args[0] : undefined;
    if (filling) focusOn(first ? idOf(first.name, ARGS) : ARGS);
  }, []);

  /** null: something has to be mended first. */
  const prepare = () => {
    const { wish, errors } = readWish(fields, typing);
    const isReady = Object.keys(errors).length === 0;
    setProblem(null);
    setStartedId("");
    refuse({ ...NO_REFUSAL, errors });
    if (!isReady) setRound(round + 1);
    const send = (key: string) => api.startJob(task.name, wish.args, key, wish.options);
    const accept = (accepted: Accepted) => onAccepted(accepted, withoutSecrets(fields.args, wish.args));
    return isReady && isOnline ? { content: JSON.stringify([task.name, wish]), send, accept } : null;
  };

  const showProblem = (failed: Problem) => {
    if (failed.errors.length === 0) return setProblem(failed);
    refuse(refusalOf(fields, typing, failed));
    setRound(round + 1);
  };

  const submit = async () => {
    const ready = isSendingNow.current ? null : prepare();
    if (!ready) return;
    isSendingNow.current = true;
    setSending(true);
    const answer = await ready.send(keys.keyFor(ready.content));
    isSendingNow.current = false;
    setSending(false);
    if (!answer.ok) return showProblem(answer.problem);
    keys.accepted();
    setStartedId(answer.value.id);
    ready.accept(answer.value);
    say("Job started.");
  };

  /** The button of the alert goes with it, so the focus goes to the one that does the same. */
  const submitAgain = () => {
    focusOn(SUBMIT);
    submit();
  };

  return (
    <form
      class="start-form"
      noValidate
      data-part="start-form"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {filling && <p class="start-note">{filling.note}</p>}
      <StartFields fields={fields} errors={refusal.errors} {...typing} />
      <StartSummary {...refusal} round={round} nameOf={(id) => labelOf(fields, id)} />
      <StartProblem title="Not started." problem={problem} isSending={isSending} onAgain={submitAgain} />
      <Submit isSending={isSending} isOnline={isOnline} />
      {startedId && (
        <p class="start-done">
          Job started: <a href={`./?job=${encodeURIComponent(startedId)}`}>{shortId(startedId)}</a>
        </p>
      )}
      <StartSeveral prepare={prepare} say={say} />
    </form>
  );
}

function Submit({ isSending, isOnline }: { isSending: boolean; isOnline: boolean }) {
  return (
    <>
      {/* aria-disabled keeps the focus, which `disabled` would throw away. */}
      <button
        type="submit"
        id={SUBMIT}
        class="primary"
        aria-disabled={isSending || !isOnline || undefined}
        aria-describedby={isOnline ? undefined : "start-offline"}
      >
        {isSending ? "Starting…" : "Start job"}
      </button>
      {!isOnline && (
        <p class="start-hint" id="start-offline">
          You are offline. What you typed stays; start the job when you are back.
        </p>
      )}
    </>
  );
}
