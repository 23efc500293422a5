/** What a person has changed in a proposal and not yet handed in. */

import type {
  FeatureRecipe,
  LabelSpec,
  RecipeEdits,
  RecipeFeature
} from '../api';

export interface IDraft {
  /** Names of features to leave out, as the recipe has them. */
  removed: readonly string[];
  /** New names by the recipe's. */
  renamed: Readonly<Record<string, string>>;
  /** Another label; null leaves the recipe's. */
  label: LabelSpec | null;
  /** Other notes; null leaves the recipe's. */
  notes: string | null;
}

export const NO_CHANGES: IDraft = {
  removed: [],
  renamed: {},
  label: null,
  notes: null
};

/** What of a draft differs from a recipe, which may have changed since. */
export function editsOf(draft: IDraft, recipe: FeatureRecipe): RecipeEdits {
  const names = (recipe.features ?? []).map(({ name }) => name);
  const removed = names.filter(name => draft.removed.includes(name));
  const renamed = names
    .filter(name => !removed.includes(name))
    .map(name => [name, (draft.renamed[name] ?? name).trim()])
    .filter(([name, other]) => name !== other);
  const { label, notes } = draft;
  return {
    ...(removed.length && { remove_features: removed }),
    ...(renamed.length && { rename: Object.fromEntries(renamed) }),
    ...(label && !isSame(label, recipe.label) && { label }),
    ...(notes !== null && notes !== (recipe.notes ?? '') && { notes })
  };
}

export function isUnchanged(edits: RecipeEdits): boolean {
  return Object.keys(edits).length === 0;
}

/** What can be wrong with a name. */
export type NameFault = 'empty' | 'twice' | 'long';

const LONGEST = 250;

/**
 * Names that cannot be, by the recipe's.
 *
 * @param reserved - Names that the table has besides: the grain, the moment.
 */
export function nameFaults(
  draft: IDraft,
  recipe: FeatureRecipe,
  reserved: readonly string[]
): Record<string, NameFault> {
  const label = draft.label ?? recipe.label;
  const others = label.type === 'none' ? reserved : [...reserved, label.name!];
  const called = (recipe.features ?? [])
    .filter(({ name }) => !draft.removed.includes(name))
    .map(({ name }) => [name, (draft.renamed[name] ?? name).trim()]);
  const counts = new Map<string, number>();
  for (const word of [...others, ...called.map(([, other]) => other)]) {
    const plain = word.toLowerCase();
    counts.set(plain, (counts.get(plain) ?? 0) + 1);
  }
  const faults: Record<string, NameFault> = {};
  for (const [name, other] of called) {
    if (!other) {
      faults[name] = 'empty';
    } else if (other.length > LONGEST) {
      faults[name] = 'long';
    } else if (counts.get(other.toLowerCase())! > 1 && name !== other) {
      faults[name] = 'twice';
    }
  }
  return faults;
}

export type SortKey = 'place' | 'name' | 'source_table' | 'data_type' | 'nulls';

export interface IOrder {
  key: SortKey;
  descending: boolean;
}

/** The features that have the text somewhere, in the order that is asked for. */
export function arranged(
  features: readonly RecipeFeature[],
  search: string,
  { key, descending }: IOrder,
  nulls: Readonly<Record<string, unknown>>
): RecipeFeature[] {
  const part = search.trim().toLowerCase();
  const found = features.filter(one =>
    [one.name, one.source_table, one.expression, one.description]
      .join(' ')
      .toLowerCase()
      .includes(part)
  );
  if (key === 'place') {
    return descending ? found.reverse() : found;
  }
  const share = (one: RecipeFeature) => Number(nulls[one.name] ?? 0);
  const compare = (one: RecipeFeature, other: RecipeFeature) =>
    key === 'nulls'
      ? share(one) - share(other)
      : (one[key] ?? '').localeCompare(other[key] ?? '', undefined, {
          numeric: true
        });
  const sign = descending ? -1 : 1;
  return found.sort((one, other) => sign * compare(one, other));
}

/** Where the parts of a refusal belong. */
export interface IPlaced {
  /** By the name that the recipe has. */
  features: Readonly<Record<string, string>>;
  /** By the label's field; '' where none of them is to blame. */
  label: Readonly<Record<string, string>>;
  notes: string;
  /** By the field of the training request. */
  train: Readonly<Record<string, string>>;
  /** What belongs to none of them. */
  rest: string;
}

/** Sort what the server refuses, by its places in an approval or in edits. */
export function placed(
  fields: Readonly<Record<string, string>>,
  draft: IDraft
): IPlaced {
  const features: Record<string, string> = {};
  const label: Record<string, string> = {};
  const train: Record<string, string> = {};
  let notes = '';
  const rest: string[] = [];
  for (const [place, message] of Object.entries(fields)) {
    const [part, ...below] = place.replace(/^edits\.?/, '').split('.');
    const field = below.join('.');
    if (part === 'label') {
      label[field] = message;
    } else if (part === 'notes') {
      notes = message;
    } else if (part === 'train_request') {
      train[field] = message;
    } else if (part === 'rename' && field) {
      features[field] = message;
    } else {
      const blamed = Object.entries(draft.renamed).filter(([, other]) =>
        message.includes(`'${other.trim()}'`)
      );
      const named = part === 'rename' ? blamed.map(([name]) => name) : [];
      named.forEach(name => (features[name] = message));
      if (!named.length) {
        rest.push(message);
      }
    }
  }
  return { features, label, notes, train, rest: rest.join(' ') };
}

function isSame(one: LabelSpec, other: LabelSpec): boolean {
  const said = (label: LabelSpec) =>
    JSON.stringify([
      label.name ?? 'label',
      label.type ?? 'binary',
      label.column ?? null,
      label.derivation ?? null,
      label.positive_class_value ?? null
    ]);
  return said(one) === said(other);
}
