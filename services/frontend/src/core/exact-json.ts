// JSON as the server wrote it: whole numbers above 2^53 keep all their digits on the way through the page.

type RawJson = { readonly rawJSON: string };
type ExactJson = typeof JSON & { rawJSON?: (text: string) => RawJson };

export function parseExact(text: string): unknown {
  const { rawJSON } = JSON as ExactJson;
  // The reviver costs a call per value, so only texts that can need it pay for it.
  if (!rawJSON || !/\d{16}/.test(text)) return JSON.parse(text);
  const keepDigits = (_key: string, value: unknown, context?: { source?: string }) =>
    Number.isInteger(value) && !Number.isSafeInteger(value) && context?.source
      ? rawJSON(context.source)
      : value;
  return JSON.parse(text, keepDigits as (key: string, value: unknown) => unknown);
}

export function prettyJson(value: unknown): string {
  return JSON.stringify(value, null, 2) ?? "";
}

/** A value that reads well on one line: text, number, truth value. */
export function isScalar(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return true;
  return (JSON as ExactJson & { isRawJSON?: (value: unknown) => boolean }).isRawJSON?.(value) ?? false;
}

export function scalarText(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}
