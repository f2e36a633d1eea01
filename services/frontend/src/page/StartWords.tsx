// The words around an input: what it is for, and what is wrong with what stands in it.

type Props = { id: string; help: string; error: string | null | undefined };

export function StartWords({ id, help, error }: Props) {
  return (
    <>
      {help && (
        <span class="start-hint" id={`${id}-help`}>
          {help}
        </span>
      )}
      {error && (
        <span class="error" id={`${id}-error`}>
          {error}
        </span>
      )}
    </>
  );
}

/** What ties an input to its words. */
export function wordsFor(words: Props) {
  return { "aria-invalid": words.error ? true : undefined, "aria-describedby": describedBy(words) };
}

export function describedBy({ id, help, error }: Props): string | undefined {
  return [help && `${id}-help`, error && `${id}-error`].filter(Boolean).join(" ") || undefined;
}
