// One job: its state, its bar, what it does just now, and what came out of it.
import { Component, createRef } from "preact";
import { shortId } from "../core/fmt";
import type { Row } from "../core/store";
import { factsOf, standingText, statusText, waitText, wordingOf } from "../core/wording";
import { Bar } from "./Bar";
import { passFocusOn } from "./focus";
import { StateIcon } from "./icons";
import { LogLines } from "./LogLines";
import { nameOf, titleOf } from "./names";
import { Outcome } from "./Outcome";
import { Percent } from "./Percent";
import { CancelButton, RowActions } from "./RowActions";
import type { Session } from "./session";

type Props = { row: Row; session: Session };

export class JobRow extends Component<Props> {
  private readonly item = createRef<HTMLLIElement>();

  /** Rows are replaced, never changed: with a hundred jobs only the ones that moved are drawn. */
  override shouldComponentUpdate(next: Props): boolean {
    return next.row !== this.props.row;
  }

  override componentWillUnmount(): void {
    passFocusOn(this.item.current);
  }

  override render({ row, session }: Props) {
    const { tone, word } = wordingOf(row);
    return (
      <li
        ref={this.item}
        class="row"
        tabIndex={-1}
        data-job={row.id ?? undefined}
        data-state={row.job?.state}
        data-standing={row.standing}
        data-tone={tone}
      >
        <div class="row-head">
          <StateIcon tone={tone} />
          <span class="state" data-part="state">
            {word}
          </span>
          <span class="name">
            {titleOf(row)}
            {row.id && (
              <span class="id" title={row.id}>
                {" "}
                {shortId(row.id)}
              </span>
            )}
          </span>
          <Percent row={row} />
        </div>
        <Bar row={row} name={nameOf(row)} />
        <div class="row-foot">
          <Line row={row} />
          <CancelButton row={row} session={session} />
        </div>
        {row.job && <Outcome job={row.job} />}
        <LogLines log={row.log} />
        <RowActions row={row} session={session} />
      </li>
    );
  }
}

/** What it does or waits for, and the facts. The text of a failure stands in its outcome instead. */
function Line({ row }: { row: Row }) {
  const { job } = row;
  if (!job || row.standing !== "known") {
    return (
      <p class="line" data-part="status">
        {standingText(row)}
      </p>
    );
  }
  const status = statusText(job);
  const wait = waitText(job);
  const facts = factsOf(job, row.isResumed);
  if (!status && !wait && facts.length === 0) return null;
  return (
    <p class="line">
      {status && <span data-part="status">{status}</span>}
      {wait && <span data-part="wait">{wait}</span>}
      {facts.length > 0 && (
        <span class="facts" data-part="facts">
          {facts.join(" · ")}
        </span>
      )}
    </p>
  );
}
