// What can be asked of one job, and what came of asking.
import { type Action, mayAsk } from "../core/job";
import { isAsking, type Row } from "../core/store";
import { refusalText } from "../core/wording";
import { FleetingButton } from "./FleetingButton";
import { nameOf } from "./names";
import type { Session } from "./session";

type Props = { row: Row; session: Session };
type ActionProps = { action: Action; word: string; class: string };

/** It stands at the end of the row and Retry at its beginning: a double click on the one never hits the other. */
export function CancelButton(props: Props) {
  return <ActionButton {...props} action="cancel" word="Cancel" class="small cancel" />;
}

/** There exactly while the job offers the action. */
function ActionButton({ row, session, action, word, class: className }: Props & ActionProps) {
  const { id, job } = row;
  if (!id || !job || row.standing !== "known" || !mayAsk(job, action)) return null;
  return (
    <FleetingButton
      class={className}
      name={`${word} ${nameOf(row)}`}
      isBusy={isAsking(row)}
      onClick={() => session.ask(id, action)}
    >
      {word}
    </FleetingButton>
  );
}

export function RowActions({ row, session }: Props) {
  const { job, standing } = row;
  const isOffered = standing === "known" && job !== null;
  return (
    <>
      {/* It is there before its text: a region that comes with its text is not always read out. */}
      {isOffered && (
        <p class="failure" role="alert">
          {refusalText(row)}
        </p>
      )}
      <div class="actions">
        <ActionButton row={row} session={session} action="retry" word="Retry" class="small" />
        {standing === "refused" && (
          <FleetingButton onClick={() => session.submitAgain(row.key)}>Try again</FleetingButton>
        )}
        {["refused", "missing", "expired"].includes(standing) && (
          <FleetingButton name={`Remove ${nameOf(row)}`} onClick={() => session.remove(row.key)}>
            Remove
          </FleetingButton>
        )}
      </div>
    </>
  );
}
