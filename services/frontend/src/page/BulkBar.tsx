// What is done to many jobs at once, and what came of it. How they are chosen is fetched when somebody chooses.
import { tallyText } from "../core/bulk";
import { unreachable } from "../core/problem";
import type { Desk } from "./desk";
import { lazy } from "./lazy";

const useBulkChoice = lazy(async () => (await import("./BulkChoice")).BulkChoice);

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
  const { View, isMissing } = useBulkChoice();
  if (isMissing) return <p>{unreachable().detail}</p>;
  return View && <View desk={desk} />;
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
