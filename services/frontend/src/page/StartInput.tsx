// The input for one value that is no group and no list: text, number, choice, moment, or JSON.
import type { TargetedInputEvent } from "preact";
import { isScalar, scalarText } from "../core/exact-json";
import { asJson, type Field, jsonTextOf, mayBeLeftOut } from "../core/form";
import { jsonErrorOf } from "../core/form-read";
import { startOf } from "../core/form-write";
import { localTimeOf, momentOf } from "../core/local-time";
import type { FieldProps } from "./StartField";
import { StartWords, wordsFor } from "./StartWords";

const NO_INPUT = "This value has no input of its own here, so it is shown as JSON.";
/** The keyboards of phones. `type=email` would cut off what it takes for a mistake. */
const KEYBOARDS: Record<string, "email" | "url"> = { email: "email", uri: "url" };

type Typing = TargetedInputEvent<HTMLInputElement | HTMLTextAreaElement>;
type ControlProps = {
  field: Field;
  value: string;
  common: Record<string, unknown>;
  onType: (text: string) => void;
};

export function StartInput({ id, field, typed, errors, onChange }: FieldProps) {
  const json = jsonTextOf(typed);
  const value = json ?? String(typed);
  const isJson = json !== null || field.shape.kind === "json";
  const error = errors[id] ?? (isJson ? jsonErrorOf(value) : null);
  const words = { id, help: [field.help, json !== null && NO_INPUT].filter(Boolean).join(" "), error };
  // At the top the fold says so.
  const isOptionalInside = mayBeLeftOut(field) && id.split("/").length > 2;
  const mark = [isOptionalInside && "optional", isJson && "JSON"].filter(Boolean).join(", ");
  const common = {
    id,
    "aria-required": !mayBeLeftOut(field) || undefined,
    placeholder: placeholderOf(field),
    ...wordsFor(words),
  };
  return (
    <div class="field start-field" data-arg={field.name}>
      <label class="label" for={id}>
        {field.label}
        {mark && <span class="optional"> {mark}</span>}
      </label>
      {isJson ? (
        <textarea
          {...common}
          class="code"
          rows={4}
          spellcheck={false}
          value={value}
          onInput={(event) =>
            onChange(json === null ? event.currentTarget.value : asJson(event.currentTarget.value), id)
          }
          // An emptied one is the plain input again; not before, because that would take the focus away.
          onBlur={() => json?.trim() === "" && onChange(startOf(field), id)}
        />
      ) : (
        <Control field={field} value={value} common={common} onType={(text) => onChange(text, id)} />
      )}
      <StartWords {...words} />
    </div>
  );
}

function Control({ field, value, common, onType }: ControlProps) {
  const { shape } = field;
  const onInput = (event: Typing) => onType(event.currentTarget.value);
  if (shape.kind === "choice") return <Choice field={field} value={value} common={common} onType={onType} />;
  if (shape.kind === "number") {
    // A text field with a number keyboard: `type=number` hides what it could not read.
    const mode = shape.isWhole && (shape.minimum ?? -1) >= 0 ? "numeric" : "decimal";
    return (
      <input {...common} type="text" inputMode={mode} autoComplete="off" value={value} onInput={onInput} />
    );
  }
  if (shape.kind !== "text") return null;
  if (field.isSecret) {
    return <input {...common} type="password" autoComplete="new-password" value={value} onInput={onInput} />;
  }
  // An input of one line would swallow the ends of lines.
  if (shape.isLong || value.includes("\n"))
    return <textarea {...common} rows={5} value={value} onInput={onInput} />;
  if (shape.format === "date-time") return <Moment {...{ field, value, common, onType }} />;
  if (shape.format === "date" && /^(\d{4}-\d\d-\d\d)?$/.test(value)) {
    return <input {...common} type="date" value={value} onInput={onInput} />;
  }
  const mode = KEYBOARDS[shape.format] ?? "text";
  return (
    <input {...common} type="text" inputMode={mode} autoComplete="off" value={value} onInput={onInput} />
  );
}

function Choice({ field, value, common, onType }: ControlProps) {
  if (field.shape.kind !== "choice") return null;
  const isOptional = mayBeLeftOut(field);
  return (
    <select {...common} value={value} onChange={(event) => onType(event.currentTarget.value)}>
      {(isOptional || value === "") && <option value="">{isOptional ? "not set" : "Choose…"}</option>}
      {field.shape.choices.map((choice, index) => (
        <option key={JSON.stringify(choice.value)} value={String(index)}>
          {choice.label}
        </option>
      ))}
    </select>
  );
}

/** Shows the local time, and holds the exact moment until it is changed. */
function Moment({ value, common, onType }: ControlProps) {
  const local = value === "" ? "" : localTimeOf(value);
  if (local === null) {
    return (
      <input {...common} type="text" value={value} onInput={(event) => onType(event.currentTarget.value)} />
    );
  }
  return (
    <>
      <input
        {...common}
        type="datetime-local"
        value={local}
        onInput={(event) => onType(momentOf(event.currentTarget.value))}
      />
      <span class="start-hint">{value ? `Your time; sent as ${value}` : "Your local time."}</span>
    </>
  );
}

function placeholderOf({ example }: Field): string | undefined {
  if (example === undefined) return undefined;
  return isScalar(example) ? scalarText(example) : JSON.stringify(example);
}
