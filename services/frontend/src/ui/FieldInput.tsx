// One argument of a task: its label, the input that fits it, and the words around it.
import type { TargetedInputEvent } from "preact";
import { type Field, mayBeLeftOut, type Typed } from "../core/form";
import { jsonErrorOf } from "../core/form-read";

type Props = {
  id: string;
  field: Field;
  value: Typed;
  error: string | undefined;
  onChange: (value: string | boolean) => void;
};

export function FieldInput({ id, field, value, error, onChange }: Props) {
  const shown = error ?? (field.shape.kind === "json" ? jsonErrorOf(String(value)) : null);
  const described = [field.help && `${id}-help`, shown && `${id}-error`].filter(Boolean).join(" ");
  const common = {
    id,
    name: field.name,
    "aria-required": field.isRequired || undefined,
    "aria-invalid": shown ? true : undefined,
    "aria-describedby": described || undefined,
  };
  const type = (event: TargetedInputEvent<HTMLInputElement | HTMLTextAreaElement>) =>
    onChange(event.currentTarget.value);
  const words = (
    <>
      {field.help && (
        <span class="hint" id={`${id}-help`}>
          {field.help}
        </span>
      )}
      {shown && (
        <span class="error" id={`${id}-error`}>
          {shown}
        </span>
      )}
    </>
  );

  if (field.shape.kind === "boolean") {
    return (
      <div class="field tick" data-arg={field.name}>
        <input
          {...common}
          type="checkbox"
          checked={value === true}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
        <label for={id}>{field.label}</label>
        {words}
      </div>
    );
  }
  return (
    <div class="field" data-arg={field.name}>
      <label class="label" for={id}>
        {field.label}
        {!field.isRequired && <span class="optional"> optional</span>}
      </label>
      <Control field={field} value={String(value)} common={common} onType={type} onChange={onChange} />
      {words}
    </div>
  );
}

type ControlProps = {
  field: Field;
  value: string;
  common: Record<string, unknown>;
  onType: (event: TargetedInputEvent<HTMLInputElement | HTMLTextAreaElement>) => void;
  onChange: (value: string) => void;
};

function Control({ field, value, common, onType, onChange }: ControlProps) {
  const { shape } = field;
  const mayBeEmpty = mayBeLeftOut(field);
  switch (shape.kind) {
    case "choice":
      return (
        <select {...common} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
          {(mayBeEmpty || value === "") && <option value="">{mayBeEmpty ? "not set" : "Choose…"}</option>}
          {shape.choices.map((choice, index) => (
            <option key={choice.label} value={String(index)}>
              {choice.label}
            </option>
          ))}
        </select>
      );
    case "number":
      // A text field with a number keyboard: `type=number` hides what it could not read.
      return (
        <input
          {...common}
          type="text"
          inputMode={shape.isWhole && (shape.minimum ?? -1) >= 0 ? "numeric" : "decimal"}
          autoComplete="off"
          value={value}
          onInput={onType}
        />
      );
    case "json":
      return <textarea {...common} class="code" rows={4} spellcheck={false} value={value} onInput={onType} />;
    case "text":
      return shape.isLong ? (
        <textarea {...common} rows={5} value={value} onInput={onType} />
      ) : (
        <input {...common} type="text" autoComplete="off" value={value} onInput={onType} />
      );
    default:
      return null;
  }
}
