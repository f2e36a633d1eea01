// A button that goes away when its work is done, and passes the focus on when it does.
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { passFocusOn } from "./focus";

type Props = {
  /** Its full name where several buttons show the same word; it begins with that word. */
  name?: string;
  class?: string;
  isBusy?: boolean;
  part?: string;
  onClick: () => void;
  children: ComponentChildren;
};

export function FleetingButton({ name, class: className, isBusy = false, part, onClick, children }: Props) {
  const button = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => {
    const element = button.current;
    return () => passFocusOn(element);
  }, []);
  // aria-disabled keeps the focus, which `disabled` would throw away.
  return (
    <button
      ref={button}
      type="button"
      class={className}
      aria-label={name}
      data-part={part}
      aria-disabled={isBusy || undefined}
      onClick={() => !isBusy && onClick()}
    >
      {children}
    </button>
  );
}
