// All that can be said about a job: its arguments, as a form or as JSON, and its options, folded away.
import type { Draft, Errors, Field, Typed } from "../core/form";
import type { Input } from "../core/form-input";
import { jsonErrorOf } from "../core/form-read";
import { startOf } from "../core/form-write";
import { StartField } from "./StartField";
import { StartFold } from "./StartFold";
import { StartWords, wordsFor } from "./StartWords";
import { ARGS, idOf, isWithin, OPTIONS } from "./start-places";
import type { Fields } from "./start-wish";

type OnField = (name: string, typed: Typed, id: string) => void;
type Props = {
  fields: Fields;
  input: Input;
  options: Draft;
  errors: Errors;
  switchTo: (isJson: boolean) => void;
  changeJson: (text: string) => void;
  changeArg: OnField;
  changeOption: OnField;
};

export function StartFields({ fields, input, options, errors, ...on }: Props) {
  return (
    <>
      <Switch isJson={input.json !== null} onSwitch={on.switchTo} />
      {input.json === null ? (
        <Arguments fields={fields.args} draft={input.draft} errors={errors} onArg={on.changeArg} />
      ) : (
        <Json text={input.json} error={errors[ARGS]} onJson={on.changeJson} />
      )}
      <StartFold title="More" part="start-more" hasErrors={hasErrors(fields.options, OPTIONS, errors)}>
        <FieldList
          fields={fields.options}
          outer={OPTIONS}
          draft={options}
          errors={errors}
          onField={on.changeOption}
        />
      </StartFold>
    </>
  );
}

function Switch({ isJson, onSwitch }: { isJson: boolean; onSwitch: (isJson: boolean) => void }) {
  return (
    <fieldset class="start-switch" aria-label="How to fill in the arguments">
      <button type="button" aria-pressed={!isJson} onClick={() => onSwitch(false)}>
        Form
      </button>
      <button type="button" aria-pressed={isJson} onClick={() => onSwitch(true)}>
        JSON
      </button>
    </fieldset>
  );
}

type ArgumentsProps = { fields: readonly Field[]; draft: Draft; errors: Errors; onArg: OnField };

function Arguments({ fields, draft, errors, onArg }: ArgumentsProps) {
  const required = fields.filter((field) => field.isRequired);
  const optional = fields.filter((field) => !field.isRequired);
  const common = { outer: ARGS, draft, errors, onField: onArg };
  const isChanged = optional.some(
    (field) => JSON.stringify(draft[field.name] ?? "") !== JSON.stringify(startOf(field)),
  );
  return (
    <>
      {fields.length === 0 && <p class="start-hint">This task takes no arguments.</p>}
      {errors[ARGS] && <p class="error">{errors[ARGS]}</p>}
      <FieldList fields={required} {...common} />
      {optional.length > 0 && (
        <StartFold
          title={`Optional (${optional.length})`}
          part="start-optional"
          isOpen={required.length === 0 || isChanged}
          hasErrors={hasErrors(optional, ARGS, errors)}
        >
          <FieldList fields={optional} {...common} />
        </StartFold>
      )}
    </>
  );
}

type FieldListProps = {
  fields: readonly Field[];
  outer: string;
  draft: Draft;
  errors: Errors;
  onField: OnField;
};

function FieldList({ fields, outer, draft, errors, onField }: FieldListProps) {
  return fields.map((field) => (
    <StartField
      key={field.name}
      id={idOf(field.name, outer)}
      field={field}
      typed={draft[field.name] ?? ""}
      errors={errors}
      onChange={(typed, id) => onField(field.name, typed, id)}
    />
  ));
}

function Json({
  text,
  error,
  onJson,
}: {
  text: string;
  error: string | undefined;
  onJson: (text: string) => void;
}) {
  const words = { id: ARGS, help: "", error: error ?? jsonErrorOf(text) };
  return (
    <div class="field start-field">
      <label class="label" for={ARGS}>
        Arguments as JSON
      </label>
      <textarea
        id={ARGS}
        class="code"
        rows={10}
        spellcheck={false}
        value={text}
        onInput={(event) => onJson(event.currentTarget.value)}
        {...wordsFor(words)}
      />
      <StartWords {...words} />
    </div>
  );
}

function hasErrors(fields: readonly Field[], outer: string, errors: Errors): boolean {
  return Object.keys(errors).some((id) => fields.some((field) => isWithin(id, idOf(field.name, outer))));
}
