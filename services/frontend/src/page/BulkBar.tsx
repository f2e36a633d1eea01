// What is done to many jobs: choose them, say how many, ask once more before jobs are stopped, tell what came of it.
import { useState } from "preact/hooks";
import { tallyText } from "../core/bulk";
import { plural } from "../core/fmt";
import type { Action } from "../core/job";
import { problemText } from "../core/problem";
import type { Desk } from "./desk";
import { useDialog } from "./dialog";

export function BulkBar({ desk }: { desk: Desk }) {
  const isSelecting = desk.isSelecting.value;
  const toggle = () => {
    desk.isSelecting.value = !isSelecting;
    desk.selected.value = new Set();
    desk.tally.value = null;
  };
  return (
    <div class="bulk" data-part="bulk">
      <button type="button" class="small" aria-pressed={isSelecting} data-part="select" onClick={toggle}>
        {isSelecting ? "Done selecting" : "Select"}
      </button>
      {isSelecting && <Choice desk={desk} />}
      <TallyLine desk={desk} />
    </div>
  );
}

function Choice({ desk }: { desk: Desk }) {
  const count = desk.selected.value.size;
  const { dialog, open, close } = useDialog();
  const stop = () => {
    close();
    void desk.actOnSelected("cancel");
  };
  return (
    <>
      <SelectAll desk={desk} />
      <BulkButton action="cancel" word={`Cancel ${count}`} count={count} onClick={open} />
      <BulkButton
        action="retry"
        word={`Retry ${count}`}
        count={count}
        onClick={() => desk.actOnSelected("retry")}
      />
      <dialog ref={dialog} class="dialog" aria-labelledby="bulk-heading">
        <h2 id="bulk-heading">Cancel {plural(count, "job")}?</h2>
        <p>Those that wait never start; those that run are asked to stop. What has ended stays as it is.</p>
        <div class="dialog-actions">
          {/* First in order, so that it has the focus: stopping is what cannot be undone. */}
          <button type="button" onClick={close}>
            Keep them running
          </button>
          <button type="button" class="danger" data-part="bulk-confirm" onClick={stop}>
            Cancel {plural(count, "job")}
          </button>
        </div>
      </dialog>
    </>
  );
}

function BulkButton(props: { action: Action; word: string; count: number; onClick: () => void }) {
  const isOff = props.count === 0;
  return (
    <button
      type="button"
      class="small"
      data-part={`bulk-${props.action}`}
      aria-disabled={isOff || undefined}
      onClick={() => !isOff && props.onClick()}
    >
      {props.word}
    </button>
  );
}

/** All that is loaded first; all that fits the filter, which may be thousands, with a second click. */
function SelectAll({ desk }: { desk: Desk }) {
  const [found, setFound] = useState<number | null>(null);
  const [trouble, setTrouble] = useState("");
  const { ids, isComplete } = desk.list.value;
  const { selected } = desk;
  const hasAll = ids.length > 0 && ids.every((id) => selected.value.has(id));

  const selectMatching = async () => {
    setFound(0);
    const answer = await desk.listing.all(setFound);
    setFound(null);
    if (answer.ok) selected.value = new Set(answer.value);
    else setTrouble(problemText(answer.problem));
  };

  return (
    <>
      <button
        type="button"
        class="small"
        data-part="select-loaded"
        onClick={() => {
          selected.value = hasAll ? new Set() : new Set(ids);
        }}
      >
        {hasAll ? "Select none" : `Select these ${ids.length.toLocaleString("en")}`}
      </button>
      {hasAll && !isComplete && selected.value.size <= ids.length && (
        <button type="button" class="small" data-part="select-matching" onClick={selectMatching}>
          {found === null ? "Select all that match" : `${found.toLocaleString("en")} found…`}
        </button>
      )}
      {trouble && (
        <span class="error" role="alert">
          {trouble}
        </span>
      )}
    </>
  );
}

function TallyLine({ desk }: { desk: Desk }) {
  const tally = desk.tally.value;
  if (!tally) return null;
  const isUnderWay = tally.done < tally.total && !tally.problem;
  return (
    <p class="tally" data-part="tally">
      {isUnderWay && <progress aria-label="Jobs asked" max={tally.total} value={tally.done} />}
      {isUnderWay ? `${tally.done} of ${tally.total}` : tallyText(tally)}
    </p>
  );
}
