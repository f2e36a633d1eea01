// A list of values or of groups: add, remove and reorder by buttons; the focus goes where the hand is.
import { useLayoutEffect, useRef } from "preact/hooks";
import { mayBeLeftOut, type Typed } from "../core/form";
import { startOf } from "../core/form-write";
import { type FieldProps, StartField } from "./StartField";
import { describedBy, StartWords } from "./StartWords";
import { focusOn, idOf } from "./start-places";

export function StartList({ id, field, typed, errors, onChange }: FieldProps) {
  const focusNext = useFocusNext();
  if (field.shape.kind !== "list") return null;
  const { maxItems, item } = field.shape;
  const items: readonly Typed[] = Array.isArray(typed) ? typed : [];
  const words = { id, help: field.help, error: errors[id] };
  const isValue = !["group", "list"].includes(item().shape.kind);
  const addId = `${id}-add`;

  const add = () => {
    focusNext(idOf(items.length, id));
    onChange([...items, startOf(item())], id);
  };
  const remove = (index: number) => {
    const others = items.filter((_, at) => at !== index);
    focusNext(index < others.length ? `${id}-remove-${index}` : addId);
    onChange(others.length === 0 && mayBeLeftOut(field) && startOf(field) === "" ? "" : others, id);
  };
  const move = (index: number, by: number) => {
    const moved = [...items];
    moved.splice(index + by, 0, ...moved.splice(index, 1));
    focusNext(`${id}-${by < 0 ? "up" : "down"}-${index + by}`);
    onChange(moved, id);
  };

  return (
    <fieldset
      class="start-list"
      id={id}
      tabIndex={-1}
      data-arg={field.name}
      aria-describedby={describedBy(words)}
    >
      <legend class="label">{field.label}</legend>
      <StartWords {...words} />
      {items.map((value, index) => {
        const name = `${field.label} ${index + 1}`;
        return (
          // Its place is its identity: all that it shows comes from the draft.
          <div class={`start-item ${isValue ? "start-value" : ""}`} key={index}>
            <StartField
              id={idOf(index, id)}
              field={{ ...item(), label: name }}
              typed={value}
              errors={errors}
              onChange={(inner, at) =>
                onChange(
                  items.map((other, place) => (place === index ? inner : other)),
                  at,
                )
              }
            />
            <div class="start-moves">
              <Mini
                id={`${id}-up-${index}`}
                name={`Move ${name} up`}
                isOff={index === 0}
                onClick={() => move(index, -1)}
              >
                ↑
              </Mini>
              <Mini
                id={`${id}-down-${index}`}
                name={`Move ${name} down`}
                isOff={index === items.length - 1}
                onClick={() => move(index, 1)}
              >
                ↓
              </Mini>
              <Mini id={`${id}-remove-${index}`} name={`Remove ${name}`} onClick={() => remove(index)}>
                ✕
              </Mini>
            </div>
          </div>
        );
      })}
      <Mini id={addId} name={`Add to ${field.label}`} isOff={items.length >= maxItems} onClick={add}>
        Add
      </Mini>
    </fieldset>
  );
}

type MiniProps = { id: string; name: string; isOff?: boolean; onClick: () => void; children: string };

/** aria-disabled keeps the focus when an item has reached the end of its list. */
function Mini({ id, name, isOff = false, onClick, children }: MiniProps) {
  return (
    <button
      type="button"
      class="small start-mini"
      id={id}
      aria-label={name}
      title={name}
      aria-disabled={isOff || undefined}
      onClick={() => !isOff && onClick()}
    >
      {children}
    </button>
  );
}

/** Gives the focus to an element that the next drawing brings. */
function useFocusNext(): (id: string) => void {
  const next = useRef("");
  useLayoutEffect(() => {
    if (next.current) focusOn(next.current);
    next.current = "";
  });
  return (id) => {
    next.current = id;
  };
}
