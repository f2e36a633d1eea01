// One job in the list: what it is, how far, what it does just now, and the one thing most wanted of it.
import { Component } from "preact";
import { shortId, timeAgo } from "../core/fmt";
import { type Action, isFinal, mayAsk } from "../core/job";
import { isAsking, type Row } from "../core/store";
import {
  factsOf,
  reasonOf,
  refusalText,
  standingText,
  statusText,
  waitText,
  wordingOf,
} from "../core/wording";
import { Bar } from "../ui/Bar";
import { FleetingButton } from "../ui/FleetingButton";
import { StateIcon } from "../ui/icons";
import { nameOf, titleOf } from "../ui/names";
import { Percent } from "../ui/Percent";
import type { Desk } from "./desk";
import { followInPage } from "./links";

type Props = {
  id: string;
  row: Row | null;
  /** Which drawing this is; the row itself says whether anything changed. */
  drawn: number;
  place: number;
  /** Of the whole list; -1 while nobody knows. */
  size: number;
  isOpen: boolean;
  /** null while nothing is being selected. */
  isSelected: boolean | null;
  desk: Desk;
};

export class ListRow extends Component<Props> {
  /** Rows are replaced, never changed: of a screenful only those that moved are drawn. */
  override shouldComponentUpdate(next: Props): boolean {
    const { row, place, size, isOpen, isSelected } = this.props;
    return (
      next.row !== row ||
      next.place !== place ||
      next.size !== size ||
      next.isOpen !== isOpen ||
      next.isSelected !== isSelected
    );
  }

  override render({ id, row, place, size, isOpen, isSelected, desk }: Props) {
    if (!row) return <li class="row" data-job={id} />;
    const { tone, word } = wordingOf(row);
    return (
      <li
        class="row"
        tabIndex={-1} // it takes the focus of a button that goes
        data-job={id}
        data-state={row.job?.state}
        data-tone={tone}
        data-open={isOpen}
        aria-posinset={place}
        aria-setsize={size}
      >
        {isSelected !== null && (
          <input
            type="checkbox"
            class="pick"
            aria-label={`Select ${nameOf(row)}`}
            checked={isSelected}
            onChange={(event) => desk.select(id, (event.target as HTMLInputElement).checked)}
          />
        )}
        <span class="row-state" data-part="state">
          <StateIcon tone={tone} />
          {word}
        </span>
        <span class="row-name">
          <a
            class="name"
            data-part="open"
            href={desk.addressOf({ job: id })}
            aria-current={isOpen ? "true" : undefined}
            onClick={(event) => followInPage(event, () => desk.go({ job: id }))}
          >
            {titleOf(row)}
            <span class="id"> {shortId(id)}</span>
          </a>
        </span>
        <span class="row-bar">
          <Bar row={row} name={nameOf(row)} />
          <Percent row={row} />
        </span>
        <Line row={row} />
        <span class="row-action">
          <ActionButton row={row} action="cancel" word="Cancel" desk={desk} />
          <ActionButton row={row} action="retry" word="Retry" desk={desk} />
        </span>
      </li>
    );
  }
}

/** One line whatever happens: a row that grew would shift all that stand below it. */
function Line({ row }: { row: Row }) {
  const { job } = row;
  const refusal = refusalText(row);
  if (refusal) {
    return (
      <span class="row-line failure" role="alert">
        {refusal}
      </span>
    );
  }
  if (!job || row.standing !== "known") return <span class="row-line">{standingText(row)}</span>;
  const { title, text } = isFinal(job) && job.state !== "SUCCESS" ? reasonOf(job) : { title: "", text: "" };
  const reason = [title, text].filter(Boolean).join(": ");
  const ended = job.finished_at ? timeAgo(job.finished_at) : "";
  const words = [reason || statusText(job), waitText(job), ...factsOf(job, row.isResumed), ended].filter(
    Boolean,
  );
  return (
    <span class="row-line" data-part="line" title={words.join(" · ")}>
      {words.join(" · ")}
    </span>
  );
}

function ActionButton({ row, action, word, desk }: { row: Row; action: Action; word: string; desk: Desk }) {
  const { id, job } = row;
  if (!id || !job || row.standing !== "known" || !mayAsk(job, action)) return null;
  return (
    <FleetingButton
      class={`small ${action}`}
      name={`${word} ${nameOf(row)}`}
      isBusy={isAsking(row)}
      onClick={() => desk.ask(id, action)}
    >
      {word}
    </FleetingButton>
  );
}
