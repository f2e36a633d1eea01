// A part of the form that is folded away until somebody wants it, or until something in it has to be mended.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";

type Props = {
  title: string;
  part: string;
  isOpen?: boolean;
  hasErrors?: boolean;
  children: ComponentChildren;
};

export function StartFold({
  title,
  part,
  isOpen: isOpenAtFirst = false,
  hasErrors = false,
  children,
}: Props) {
  const [isOpen, setOpen] = useState(isOpenAtFirst);
  useEffect(() => {
    if (hasErrors) setOpen(true);
  }, [hasErrors]);
  return (
    <details
      class="start-fold"
      data-part={part}
      open={isOpen}
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary>{title}</summary>
      <div class="start-fields">{children}</div>
    </details>
  );
}
