// What the person may do: by model, as the server says once, and by object, as each answer says of what it holds.
// The server asks again whatever is shown here.

export interface Rights {
  /** Every permission there is. */
  everything: boolean;
  models: Record<string, RightsOfModel>;
}

export interface RightsOfModel {
  title: string;
  /** On every object of the model. */
  all: string[];
  /** On some of them. */
  some: string[];
}

/** A model and what is to be done: the verb, or the name of a special permission; with any of its objects, or with all. */
export type Needs = readonly [model: string, verb: string, of?: 'all'];

/** Whether something may be done with any object of a model; making one needs the permission for all. */
export function may(rights: Rights | undefined, [model, verb, extent]: Needs): boolean {
  const of = rights?.models[model];
  return rights?.everything === true || (!!of && (of.all.includes(verb) || (verb !== 'add' && extent !== 'all' && of.some.includes(verb))));
}

/** Whether something may be done with this very object. Answers that say nothing of it are about what is the person's own. */
export function can(row: { effective?: string[] } | Record<string, any>, verb: string): boolean {
  const effective = row.effective as string[] | undefined;
  return effective === undefined || effective.includes(verb);
}
