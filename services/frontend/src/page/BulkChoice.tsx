// Which jobs something is done to, and what; before jobs are stopped it asks once more.
import { useState } from "preact/hooks";
import { plural } from "../core/fmt";
import type { Action } from "../core/job";
import { problemText } from "../core/problem";
import type { Desk } from "./desk";
import { useDialog } from "./dialog";

export function BulkChoice({ desk }: { desk: Desk }) {
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
