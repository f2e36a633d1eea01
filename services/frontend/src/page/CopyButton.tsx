// A small button that copies something, and says whether it did.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { copyText } from "./clipboard";

const SAID_MS = 2_000;

type Props = {
  /** Made when it is asked for: it may be long. */
  text: () => string;
  what: string;
  say: (text: string) => void;
  children?: ComponentChildren;
};

export function CopyButton({ text, what, say, children = "Copy" }: Props) {
  const [came, setCame] = useState("");
  useEffect(() => {
    if (!came) return;
    const timer = setTimeout(() => setCame(""), SAID_MS);
    return () => clearTimeout(timer);
  }, [came]);
  const copy = async () => {
    const isCopied = await copyText(text());
    setCame(isCopied ? "Copied" : "Not copied");
    say(isCopied ? `Copied ${what}.` : `The browser did not let this page copy ${what}.`);
  };
  return (
    <button type="button" class="job-small" aria-label={`Copy ${what}`} onClick={copy}>
      {came || children}
    </button>
  );
}
