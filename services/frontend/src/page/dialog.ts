// The browser's own dialog: it keeps the focus inside, closes on Escape and gives the focus back.
import type { RefObject } from "preact";
import { useRef } from "preact/hooks";

export type DialogRef = RefObject<HTMLDialogElement | null>;

export function useDialog(): { dialog: DialogRef; open: () => void; close: () => void } {
  const dialog = useRef<HTMLDialogElement>(null);
  return {
    dialog,
    open: () => dialog.current?.showModal(),
    close: () => dialog.current?.close(),
  };
}
