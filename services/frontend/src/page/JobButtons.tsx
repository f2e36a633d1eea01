// The small buttons of the job view: most of them copy something, or save it.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { copyText, saveFile } from "./clipboard";

const SAID_MS = 2_000;

type SmallProps = {
  /** Its full name where several show the same word. */
  name?: string;
  isPressed?: boolean;
  isExpanded?: boolean;
  onClick: () => void;
  children: ComponentChildren;
};

export function SmallButton({ name, isPressed, isExpanded, onClick, children }: SmallProps) {
  return (
    <button
      type="button"
      class="job-small"
      aria-label={name}
      aria-pressed={isPressed}
      aria-expanded={isExpanded}
      onClick={onClick}
    >
      {children}
    </button>
  );
}

type CopyProps = {
  /** Made when it is asked for: it may be long. */
  text: () => string;
  what: string;
  say: (text: string) => void;
  children?: ComponentChildren;
};

/** Says whether it did: here for those who see it, and aloud. */
export function CopyButton({ text, what, say, children = "Copy" }: CopyProps) {
  const [came, setCame] = useState("");
  useEffect(() => {
    if (!came) return;
    const timer = setTimeout(() => setCame(""), SAID_MS);
    return () => clearTimeout(timer);
  }, [came]);
  const copy = async () => {
    const isCopied = await copyText(text());
    setCame(isCopied ? "Copied" : "Not copied");
    say(`${isCopied ? "Copied" : "Not copied; the browser refused it"}: ${what}.`);
  };
  return (
    <SmallButton name={`${came || "Copy"} ${what}`} onClick={copy}>
      {came || children}
    </SmallButton>
  );
}

type SaveProps = { file: () => { name: string; type: string; content: string }; what: string };

export function SaveButton({ file, what }: SaveProps) {
  return (
    <SmallButton name={`Download ${what}`} onClick={() => saveFile(file())}>
      Download
    </SmallButton>
  );
}
