// Starts many copies of one job, says how far that is, and can be stopped and gone on with.
import { useEffect, useRef, useState } from "preact/hooks";
import type { Accepted, Answer } from "../core/api";
import { Several } from "../core/several";
import { StartProblem } from "./StartAlert";
import { StartFold } from "./StartFold";
import { focusOn } from "./start-places";

const MOST = 100;
const START = "start-several";

type Ready = {
  send: (key: string) => Promise<Answer<Accepted>>;
  accept: (accepted: Accepted) => void;
};
type Props = {
  /** null: the form has to be mended first, and says so itself. */
  prepare: () => Ready | null;
  say: (text: string) => void;
};

export function StartSeveral({ prepare, say }: Props) {
  const [copies, setCopies] = useState("10");
  const [several, setSeveral] = useState<Several | null>(null);
  const [isRunning, setRunning] = useState(false);
  const [, setStarted] = useState(0);
  const isHere = useRef(true);
  useEffect(() => {
    isHere.current = true;
    return () => {
      isHere.current = false;
    };
  }, []);

  const total = Number(copies);
  const isCount = Number.isInteger(total) && total >= 2 && total <= MOST;
  const run = async (next: Several) => {
    setSeveral(next);
    setRunning(true);
    await next.run();
    say(`${next.started} of ${next.total} started.`);
    if (isHere.current) setRunning(false);
  };
  const start = () => {
    const ready = isCount && !isRunning ? prepare() : null;
    if (!ready) return;
    const next = new Several(total, ready.send, (accepted) => {
      ready.accept(accepted);
      if (isHere.current) setStarted(next.started);
    });
    run(next);
  };

  return (
    <StartFold title="Start several" part="start-several">
      <div class="start-copies">
        <div class="field start-field">
          <label class="label" for="start-copies">
            Copies
          </label>
          <input
            id="start-copies"
            type="text"
            inputMode="numeric"
            autoComplete="off"
            value={copies}
            aria-invalid={!isCount || undefined}
            aria-describedby="start-copies-help"
            onInput={(event) => setCopies(event.currentTarget.value)}
          />
        </div>
        <button type="button" id={START} aria-disabled={isRunning || !isCount || undefined} onClick={start}>
          {isRunning ? "Starting…" : `Start ${isCount ? total : "several"} jobs`}
        </button>
      </div>
      <span class={isCount ? "start-hint" : "error"} id="start-copies-help">
        2 to {MOST}, with the same arguments.
      </span>
      {several && (
        <div class="start-progress">
          <progress aria-label="Jobs started" max={several.total} value={several.started} />
          <span>
            {several.started} of {several.total} started
          </span>
          {isRunning && (
            <button
              type="button"
              class="small"
              onClick={() => {
                several.stop();
                focusOn(START);
              }}
            >
              Stop
            </button>
          )}
        </div>
      )}
      <StartProblem
        title="Stopped."
        problem={(!isRunning && several?.problem) || null}
        isSending={isRunning}
        onAgain={() => {
          focusOn(START);
          if (several) run(several);
        }}
      />
    </StartFold>
  );
}
