// What is asked of the server, read out of the form and the options; and the server's objections, put back beside both.
import type { Draft, Errors, Field } from "../core/form";
import { labelAt, placeErrors } from "../core/form-errors";
import { type Input, readInputOf } from "../core/form-input";
import { fill } from "../core/form-read";
import type { FieldError, Problem } from "../core/problem";
import { ARGS, errorsAt, isWithin, OPTIONS, pathIn } from "./start-places";

export type Fields = { args: readonly Field[]; options: readonly Field[] };
export type Typing = { input: Input; options: Draft };
export type Wish = { args: Record<string, unknown>; options: Record<string, unknown> };
/** Errors by the id of their field, and those that no field is for. */
export type Refusal = { errors: Errors; others: readonly string[] };

export const NO_REFUSAL: Refusal = { errors: {}, others: [] };

export function readWish(fields: Fields, { input, options }: Typing): { wish: Wish; errors: Errors } {
  const said = readInputOf(fields.args, input);
  const chosen = fill(fields.options, options);
  const errors = { ...errorsAt(ARGS, said.errors), ...errorsAt(OPTIONS, chosen.errors) };
  if (said.jsonError) errors[ARGS] = said.jsonError;
  return { wish: { args: said.args, options: chosen.args }, errors };
}

/** Written as JSON, the arguments have no fields: their errors are said with their path. */
export function refusalOf(fields: Fields, { input, options }: Typing, problem: Problem): Refusal {
  const ofArgs = problem.errors.filter(isOfArgs);
  const ofOptions = problem.errors.filter((error) => !isOfArgs(error)).map(asArgument);
  const args = placeErrors(input.json === null ? fields.args : [], ofArgs, input.draft);
  const further = placeErrors(fields.options, ofOptions, options);
  return {
    errors: { ...errorsAt(ARGS, args.beside), ...errorsAt(OPTIONS, further.beside) },
    others: [...args.others, ...further.others],
  };
}

export function labelOf(fields: Fields, id: string): string {
  if (id === ARGS) return "Arguments as JSON";
  return isWithin(id, ARGS)
    ? labelAt(fields.args, pathIn(ARGS, id))
    : labelAt(fields.options, pathIn(OPTIONS, id));
}

/** Whatever was said about a field is out of date when it was changed, and so is what was said about its parts. */
export function withoutErrorsAt(errors: Errors, id: string): Errors {
  return Object.fromEntries(Object.entries(errors).filter(([at]) => !isWithin(at, id)));
}

function isOfArgs({ pointer }: FieldError): boolean {
  return /^#?\/args(\/|$)/.test(pointer);
}

function asArgument(error: FieldError): FieldError {
  return { ...error, pointer: `/args${error.pointer.replace(/^#/, "")}` };
}
