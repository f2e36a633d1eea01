// Reads the JSON Schema of a task's arguments, as pydantic writes it, into something a form can be made of.

export type Schema = {
  type?: string | string[];
  title?: string;
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  default?: unknown;
  const?: unknown;
  enum?: unknown[];
  format?: string;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  $ref?: string;
  $defs?: Record<string, Schema>;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  minLength?: number;
  maxLength?: number;
  examples?: unknown[];
  items?: Schema;
  prefixItems?: Schema[];
  minItems?: number;
  maxItems?: number;
  writeOnly?: boolean;
  [keyword: string]: unknown;
};

/** Longer texts than this get several lines. */
const LONGEST_LINE = 200;
/** A schema may refer to itself; nothing a form can show lies deeper. */
const DEEPEST = 8;

export type Choice = { label: string; value: unknown };

export type Shape =
  | {
      kind: "text";
      /** Decides the input: `date`, `date-time`, `email`, `uri`, `password`; any other is plain text. */
      format: string;
      isLong: boolean;
      minLength: number | null;
      maxLength: number | null;
    }
  | {
      kind: "number";
      isWhole: boolean;
      minimum: number | null;
      maximum: number | null;
      /** Limits that are not allowed themselves. */
      above: number | null;
      below: number | null;
      limits: string;
    }
  | { kind: "boolean" }
  | { kind: "choice"; choices: readonly Choice[] }
  | { kind: "json" };

/** Follows `$ref`, a lonely `allOf`, and `anyOf` with null, to the schema that says what the value is. */
export function plainSchema(
  schema: Schema,
  root: Schema,
  depth = 0,
): { schema: Schema; isNullable: boolean } {
  if (depth > DEEPEST) return { schema: {}, isNullable: false };
  const next = (inner: Schema, isNullable = false) => {
    const { $ref, anyOf, allOf, oneOf, ...outer } = schema;
    const found = plainSchema(inner, root, depth + 1);
    return { schema: { ...found.schema, ...outer }, isNullable: isNullable || found.isNullable };
  };
  if (schema.$ref) return next(definition(schema.$ref, root));
  if (schema.allOf?.length === 1) return next(schema.allOf[0] as Schema);
  const options = schema.anyOf ?? (schema.oneOf?.some(isNull) ? schema.oneOf : undefined);
  if (options) {
    const others = options.filter((option) => !isNull(option));
    const isNullable = others.length < options.length;
    if (others.length === 1) return next(others[0] as Schema, isNullable);
    return { schema: { ...schema, type: [] }, isNullable };
  }
  if (schema.enum?.includes(null)) return { schema, isNullable: true };
  if (Array.isArray(schema.type)) {
    const types = schema.type.filter((type) => type !== "null");
    const isNullable = types.length < schema.type.length;
    return { schema: types[0] && types.length === 1 ? { ...schema, type: types[0] } : schema, isNullable };
  }
  return { schema, isNullable: false };
}

/** How the value of a plain schema is typed in. What we do not know is typed as JSON. */
export function shapeOf(schema: Schema): Shape {
  const choices = choicesOf(schema);
  if (choices) return { kind: "choice", choices };
  switch (schema.type) {
    case "string":
      return {
        kind: "text",
        format: schema.format ?? "",
        // An address has one line, however long it may be.
        isLong: schema.format === "textarea" || (!schema.format && (schema.maxLength ?? 0) > LONGEST_LINE),
        minLength: schema.minLength ?? null,
        maxLength: schema.maxLength ?? null,
      };
    case "integer":
    case "number":
      return numberShape(schema, schema.type === "integer");
    case "boolean":
      return { kind: "boolean" };
    default:
      return { kind: "json" };
  }
}

function numberShape(schema: Schema, isWhole: boolean): Shape {
  const above = schema.exclusiveMinimum;
  const below = schema.exclusiveMaximum;
  // For whole numbers "more than 0" is "at least 1"; for others the nearest number has no good name.
  const minimum = schema.minimum ?? (isWhole && above !== undefined ? Math.floor(above) + 1 : null);
  const maximum = schema.maximum ?? (isWhole && below !== undefined ? Math.ceil(below) - 1 : null);
  const limits = [
    minimum !== null && maximum !== null ? `${minimum} to ${maximum}` : "",
    minimum !== null && maximum === null ? `at least ${minimum}` : "",
    maximum !== null && minimum === null ? `at most ${maximum}` : "",
    minimum === null && above !== undefined ? `more than ${above}` : "",
    maximum === null && below !== undefined ? `less than ${below}` : "",
  ];
  return {
    kind: "number",
    isWhole,
    minimum,
    maximum,
    above: above ?? null,
    below: below ?? null,
    limits: limits.filter(Boolean).join(", "),
  };
}

function choicesOf(schema: Schema): Choice[] | null {
  if (schema.const !== undefined) return [choice(schema.const)];
  if (schema.enum) return schema.enum.filter((value) => value !== null).map((value) => choice(value));
  const options = (schema.oneOf ?? schema.anyOf)?.filter((option) => !isNull(option));
  if (options?.length && options.every((option) => option.const !== undefined)) {
    return options.map((option) => choice(option.const, option.title));
  }
  return null;
}

function choice(value: unknown, title?: string): Choice {
  return { label: title ?? (typeof value === "string" ? value : JSON.stringify(value)), value };
}

function definition(reference: string, root: Schema): Schema {
  let found: unknown = root;
  for (const step of reference.replace(/^#\/?/, "").split("/")) {
    found = (found as Record<string, unknown> | undefined)?.[fromPointer(step)];
  }
  return (found as Schema | undefined) ?? {};
}

/** JSON pointers write `~` and `/` of a name as `~0` and `~1`. */
export function fromPointer(step: string): string {
  return step.replaceAll("~1", "/").replaceAll("~0", "~");
}

export function toPointer(step: string): string {
  return step.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** Whether a secret may stand anywhere in a value of this schema, also where no form can show it. */
export function holdsSecret(part: unknown, root: Schema, seen = new Set<unknown>()): boolean {
  if (typeof part !== "object" || part === null || seen.has(part)) return false;
  seen.add(part);
  const { format, writeOnly, $ref } = part as Schema;
  if (format === "password" || writeOnly === true) return true;
  if (typeof $ref === "string" && holdsSecret(definition($ref, root), root, seen)) return true;
  return Object.values(part).some((inner) => holdsSecret(inner, root, seen));
}

function isNull(schema: Schema): boolean {
  return schema.type === "null" || schema.const === null;
}
