// Which keys do what, and a way to switch the single ones off (WCAG 2.1.4).
import { useState } from "preact/hooks";
import type { DialogRef } from "./dialog";
import { areKeysOn, switchKeys } from "./keys";

const KEYS: readonly [string, string][] = [
  ["/", "Search"],
  ["j, k", "Next and previous job"],
  ["Enter", "Open the job"],
  ["Esc", "Close the job"],
  ["p", "Pause and resume updates"],
  ["?", "This help"],
];

export function Help({ dialog }: { dialog: DialogRef }) {
  const [isOn, setOn] = useState(areKeysOn);
  const change = (event: Event) => {
    const isWanted = (event.target as HTMLInputElement).checked;
    switchKeys(isWanted);
    setOn(isWanted);
  };
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="help-heading">
      <h2 id="help-heading">Keys</h2>
      <dl class="keys">
        {KEYS.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <label class="field tick">
        <input type="checkbox" checked={isOn} onChange={change} />
        <span>Single keys do something</span>
      </label>
      <form method="dialog">
        <button type="submit" class="primary">
          Close
        </button>
      </form>
    </dialog>
  );
}
