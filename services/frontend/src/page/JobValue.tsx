// A value that a task was given or gave back: text with its links, a table, or JSON; cut while it is long.
import { useState } from "preact/hooks";
import { prettyJson, scalarText } from "../core/exact-json";
import { plural } from "../core/fmt";
import { prettyLines } from "../core/pretty";
import { fileOf, piecesOf, type Shown, shownOf } from "../core/result";
import { CopyButton } from "./CopyButton";
import { saveFile } from "./clipboard";

const FEW_LINES = 16;
/** What a browser still lays out at once; more than this is for a file. */
const MOST_LINES = 5_000;
const MOST_LETTERS = 200_000;

type Props = { value: unknown; what: string; fileName: string; say: (text: string) => void };

export function JobValue({ value, what, fileName, say }: Props) {
  const [isWhole, setWhole] = useState(false);
  const shown = shownOf(value);
  if (shown.kind === "nothing") return null;
  const most = isWhole ? MOST_LINES : FEW_LINES;
  return (
    <div class="job-value">
      <Body shown={shown} most={most} what={what} />
      <p class="job-tools">
        <Cut shown={shown} isWhole={isWhole} onToggle={() => setWhole(!isWhole)} />
        <CopyButton text={() => textOf(value)} what={what} say={say} />
        <button
          type="button"
          class="job-small"
          aria-label={`Download ${what}`}
          onClick={() => saveFile(fileOf(value, fileName))}
        >
          Download
        </button>
      </p>
    </div>
  );
}

function textOf(value: unknown): string {
  return typeof value === "object" ? prettyJson(value) : scalarText(value);
}

type BodyProps = { shown: Shown; most: number; what: string };

function Body({ shown, most, what }: BodyProps) {
  if (shown.kind === "table") return <Table {...shown} most={most} what={what} />;
  if (shown.kind === "text") {
    const lines = shown.text.slice(0, MOST_LETTERS).split("\n");
    return (
      <p class="job-text" data-part="value">
        <Linked
          text={lines
            .slice(0, most)
            .join("\n")
            .slice(0, most * 200)}
        />
      </p>
    );
  }
  if (shown.kind !== "json") return null;
  const text = prettyLines(shown.value, most)
    .lines.join("\n")
    .slice(0, most * 200);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <pre class="job-code" tabIndex={0} data-part="value">
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

type TableProps = { columns: string[]; rows: string[][]; most: number; what: string };

function Table({ columns, rows, most, what }: TableProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section class="job-scroll" tabIndex={0} aria-label={`Table of ${what}`}>
      <table>
        <thead>
          <tr>
            {columns.map((name) => (
              <th scope="col">{name}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, most).map((row) => (
            <tr>
              {row.map((cell) => (
                <td data-number={/^-?[\d.]+$/.test(cell)}>
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

type CutProps = { shown: Shown; isWhole: boolean; onToggle: () => void };

/** A button while there is more; where even all is not all, it says so. */
function Cut({ shown, isWhole, onToggle }: CutProps) {
  const noun = shown.kind === "table" ? "row" : "line";
  const length = lengthOf(shown);
  if (length <= FEW_LINES) return null;
  return (
    <>
      <button type="button" class="job-small" aria-expanded={isWhole} onClick={onToggle}>
        {isWhole ? "Show less" : length > MOST_LINES ? "Show more" : `Show all ${plural(length, noun)}`}
      </button>
      {isWhole && length > MOST_LINES && (
        <span class="hint">Only the beginning: download it to see all.</span>
      )}
    </>
  );
}

/** In lines; a line of a text counts for as many as it fills. */
function lengthOf(shown: Shown): number {
  if (shown.kind === "table") return shown.rows.length;
  if (shown.kind === "json") return prettyLines(shown.value, MOST_LINES + 1).lines.length;
  if (shown.kind === "nothing") return 0;
  const lines = shown.text.split("\n").length;
  return shown.text.length > MOST_LETTERS
    ? MOST_LINES + 1
    : Math.max(lines, Math.ceil(shown.text.length / 200));
}
