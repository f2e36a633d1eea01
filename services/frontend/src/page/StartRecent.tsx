// The inputs that this browser started the task with before: one click fills the form with one of them.
import { moment } from "../core/fmt";
import { type Recent, summaryOf } from "../core/recent-inputs";
import { StartFold } from "./StartFold";

type Props = { recents: readonly Recent[]; onPick: (args: Recent["args"]) => void; onClear: () => void };

export function StartRecent({ recents, onPick, onClear }: Props) {
  if (recents.length === 0) return null;
  return (
    <StartFold title={`Recent inputs (${recents.length})`} part="start-recent">
      <ol class="start-recents">
        {recents.map(({ at, args }) => (
          <li key={at}>
            <button type="button" class="start-pick" onClick={() => onPick(args)}>
              <time dateTime={new Date(at).toISOString()}>{moment(at)}</time> {summaryOf(args)}
            </button>
          </li>
        ))}
      </ol>
      <button type="button" class="small start-mini" onClick={onClear}>
        Clear recent inputs
      </button>
    </StartFold>
  );
}
