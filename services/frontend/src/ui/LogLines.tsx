// The last log lines of a job, folded away until somebody asks.
import { moment } from "../core/fmt";
import type { LogLine } from "../core/store";

export function LogLines({ log }: { log: readonly LogLine[] }) {
  if (log.length === 0) return null;
  return (
    <details class="log" data-part="log">
      <summary>Log, {log.length === 1 ? "1 line" : `${log.length} lines`}</summary>
      <ol>
        {log.map((line) => (
          <li key={line.line}>
            <time dateTime={line.at}>{moment(line.at)}</time> {line.text}
          </li>
        ))}
      </ol>
    </details>
  );
}
