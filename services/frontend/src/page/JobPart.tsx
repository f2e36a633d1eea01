// A part of the job view: its heading, what can be done with it, and what it shows.
import type { ComponentChildren } from "preact";

type Props = {
  part: string;
  title: string;
  class?: string;
  /** A few words beside the heading. */
  hint?: string;
  actions?: ComponentChildren;
  children: ComponentChildren;
};

export function JobPart({ part, title, class: className = "", hint, actions, children }: Props) {
  return (
    <section class={`job-part ${className}`} aria-labelledby={`job-${part}`} data-part={part}>
      <div class="job-part-head">
        <h3 id={`job-${part}`}>{title}</h3>
        {hint && <span class="hint">{hint}</span>}
        {actions && <span class="job-tools">{actions}</span>}
      </div>
      {children}
    </section>
  );
}
