// One field of the form, whatever its shape: a group and a list hold further ones.
import { type Errors, type Field, isDraft, jsonTextOf, mayBeLeftOut, type Typed } from "../core/form";
import { emptyDraft, startOf } from "../core/form-write";
import { StartInput } from "./StartInput";
import { StartList } from "./StartList";
import { describedBy, StartWords, wordsFor } from "./StartWords";
import { idOf } from "./start-places";

export type FieldProps = {
  id: string;
  field: Field;
  typed: Typed;
  errors: Errors;
  /** The id is that of the innermost field that was changed: its error is out of date. */
  onChange: (typed: Typed, id: string) => void;
};

export function StartField(props: FieldProps) {
  const isJson = jsonTextOf(props.typed) !== null;
  switch (isJson ? "json" : props.field.shape.kind) {
    case "group":
      return <StartGroup {...props} />;
    case "list":
      return <StartList {...props} />;
    case "boolean":
      return <StartTick {...props} />;
    default:
      return <StartInput {...props} />;
  }
}

function StartTick({ id, field, typed, errors, onChange }: FieldProps) {
  const words = { id, help: field.help, error: errors[id] };
  return (
    <div class="field tick" data-arg={field.name}>
      <input
        id={id}
        type="checkbox"
        checked={typed === true}
        onChange={(event) => onChange(event.currentTarget.checked, id)}
        {...wordsFor(words)}
      />
      <label for={id}>{field.label}</label>
      <StartWords {...words} />
    </div>
  );
}

function StartGroup({ id, field, typed, errors, onChange }: FieldProps) {
  if (field.shape.kind !== "group") return null;
  const fields = field.shape.fields();
  const words = { id, help: field.help, error: errors[id] };
  const setGiven = (isGiven: boolean) => {
    const start = startOf(field);
    onChange(isGiven ? (isDraft(start) ? start : emptyDraft(fields)) : "", id);
  };
  return (
    <fieldset
      class="start-group"
      id={id}
      tabIndex={-1}
      data-arg={field.name}
      aria-describedby={describedBy(words)}
    >
      <legend class="label">
        {mayBeLeftOut(field) ? (
          <label class="start-given">
            <input
              type="checkbox"
              checked={isDraft(typed)}
              onChange={(event) => setGiven(event.currentTarget.checked)}
            />
            {field.label}
          </label>
        ) : (
          field.label
        )}
      </legend>
      <StartWords {...words} />
      {isDraft(typed) &&
        fields.map((inner) => (
          <StartField
            key={inner.name}
            id={idOf(inner.name, id)}
            field={inner}
            typed={typed[inner.name] ?? ""}
            errors={errors}
            onChange={(value, at) => onChange({ ...typed, [inner.name]: value }, at)}
          />
        ))}
    </fieldset>
  );
}
