// A value that a task was given or gave back: text with its links, a table, or JSON; cut while it is long.
import { useMemo, useState } from "preact/hooks";
import { prettyJson, scalarText } from "../core/exact-json";
import { plural } from "../core/fmt";
import { prettyLines } from "../core/pretty";
import { fileOf, piecesOf, type Shown, shownOf } from "../core/result";
import { CopyButton, SaveButton, SmallButton } from "./JobButtons";

const FEW_LINES = 16;
/** What a browser still lays out at once; more than this is for a file. */
const MOST_LINES = 5_000;
/** A text without line breaks is as long as the lines that it fills. */
const LETTERS_PER_LINE = 200;

type Props = { value: unknown; what: string; fileName: string; say: (text: string) => void };

export function JobValue({ value, what, fileName, say }: Props) {
  const [isWhole, setWhole] = useState(false);
  const most = isWhole ? MOST_LINES : FEW_LINES;
  // The job moves ten times a second, its arguments do not.
  const shown = useMemo(() => shownOf(value), [value]);
  const length = useMemo(() => lengthOf(shown), [shown]);
  const body = useMemo(() => <Body shown={shown} most={most} what={what} />, [shown, most, what]);
  const all = length > MOST_LINES ? "Show more" : `Show all ${plural(length, nounOf(shown))}`;
  return (
    <div class="job-value">
      {body}
      <p class="job-tools">
        {length > FEW_LINES && (
          <SmallButton isExpanded={isWhole} onClick={() => setWhole(!isWhole)}>
            {isWhole ? "Show less" : all}
          </SmallButton>
        )}
        {isWhole && length > MOST_LINES && (
          <span class="hint">This is the beginning. Download it for the rest.</span>
        )}
        <CopyButton
          text={() => (typeof value === "object" ? prettyJson(value) : scalarText(value))}
          what={what}
          say={say}
        />
        <SaveButton file={() => fileOf(value, fileName)} what={what} />
      </p>
    </div>
  );
}

type BodyProps = { shown: Shown; most: number; what: string };

function Body({ shown, most, what }: BodyProps) {
  if (shown.kind === "table") return <Table {...shown} rows={shown.rows.slice(0, most)} what={what} />;
  const isText = shown.kind === "text";
  const lines = isText ? shown.text.split("\n", most) : prettyLines(shown.value, most);
  const text = lines.join("\n").slice(0, most * LETTERS_PER_LINE);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <pre class={isText ? "job-text" : "job-code"} tabIndex={0} data-part="value">
      <Linked text={text} />
    </pre>
  );
}

/** Text nodes and links, never HTML: whatever a task says stays text. */
export function Linked({ text }: { text: string }) {
  return (
    <>
      {piecesOf(text).map((piece) =>
        piece.href ? (
          <a href={piece.href} target="_blank" rel="noopener noreferrer">
            {piece.text}
          </a>
        ) : (
          piece.text
        ),
      )}
    </>
  );
}

type TableProps = { columns: string[]; rows: string[][]; what: string };

function Table({ columns, rows, what }: TableProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section class="job-scroll" tabIndex={0} aria-label={`Table of ${what}`} data-part="value">
      <table>
        <thead>
          <tr>
            {columns.map((name) => (
              <th scope="col">{name}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr>
              {row.map((cell) => (
                <td>
                  <Linked text={cell} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function nounOf(shown: Shown): string {
  return shown.kind === "table" ? "row" : "line";
}

function lengthOf(shown: Shown): number {
  if (shown.kind === "table") return shown.rows.length;
  if (shown.kind === "json") return prettyLines(shown.value, MOST_LINES + 1).length;
  return Math.max(shown.text.split("\n").length, Math.ceil(shown.text.length / LETTERS_PER_LINE));
}
