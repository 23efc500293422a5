/** The features: keep or leave out, call otherwise, sort and search. */

import { Button, classes, InputGroup } from '@jupyterlab/ui-components';
import { memo, useState } from 'react';
import type { FeatureRecipe, RecipeFeature } from '../api';
import { useAutoML } from '../context';
import {
  arranged,
  type IDraft,
  type IOrder,
  type NameFault,
  type SortKey
} from './draft';
import type { Review } from './review';

interface IFeaturesProps {
  recipe: FeatureRecipe;
  review: Review;
  draft: IDraft;
  isOpen: boolean;
  faults: Readonly<Record<string, NameFault>>;
  /** What the server refused, by feature. */
  refused: Readonly<Record<string, string>>;
  /** Shares of missing values where they are high. */
  nulls: Readonly<Record<string, unknown>>;
}

export function Features(props: IFeaturesProps) {
  const { recipe, review, draft, isOpen, faults, refused, nulls } = props;
  const { trans } = useAutoML();
  const [search, setSearch] = useState('');
  const [order, setOrder] = useState<IOrder>({
    key: 'place',
    descending: false
  });
  const features = recipe.features ?? [];
  const shown = arranged(features, search, order, nulls);
  const removed = new Set(draft.removed);
  const kept = features.filter(({ name }) => !removed.has(name)).length;
  const keepShown = (isKept: boolean) => {
    const names = new Set(shown.map(({ name }) => name));
    const others = draft.removed.filter(name => !names.has(name));
    review.change({ removed: isKept ? others : [...others, ...names] });
  };
  const words: Record<NameFault, string> = {
    empty: trans.__('A feature needs a name.'),
    twice: trans.__('This name would be there twice.'),
    long: trans.__('At most 250 characters.')
  };
  const titles: [SortKey, string][] = [
    ['place', trans.__('Keep')],
    ['name', trans.__('Name')],
    ['source_table', trans.__('Of')],
    ['data_type', trans.__('Type')],
    ['nulls', trans.__('Missing')]
  ];
  return (
    <section aria-label={trans.__('Features')}>
      <h2>
        {trans.__('Features')}{' '}
        <small aria-live="polite">
          {trans.__('%1 of %2 kept', kept, features.length)}
        </small>
      </h2>
      <div className="jp-AutoML-featureBar">
        <InputGroup
          type="search"
          value={search}
          rightIcon="ui-components:search"
          placeholder={trans.__('Name, table, expression')}
          aria-label={trans.__('Search features')}
          onChange={event =>
            setSearch((event.target as HTMLInputElement).value)
          }
        />
        {isOpen && (
          <>
            <Button
              small
              minimal={false}
              className="jp-mod-styled"
              onClick={() => keepShown(true)}
            >
              {trans.__('Keep shown')}
            </Button>
            <Button
              small
              minimal={false}
              className="jp-mod-styled"
              onClick={() => keepShown(false)}
            >
              {trans.__('Leave shown out')}
            </Button>
          </>
        )}
      </div>
      {kept === 0 && (
        <p className="jp-AutoML-banner jp-mod-error" role="alert">
          {trans.__('Keep at least one feature.')}
        </p>
      )}
      <div
        className="jp-AutoML-features"
        role="region"
        aria-label={trans.__('Table of features')}
        tabIndex={0}
      >
        <table className="jp-AutoML-table">
          <thead>
            <tr>
              {titles.map(([key, title]) => (
                <Title
                  key={key}
                  of={key}
                  title={title}
                  order={order}
                  setOrder={setOrder}
                />
              ))}
              <th scope="col">{trans.__('Made by')}</th>
            </tr>
          </thead>
          <tbody>
            {shown.map(feature => {
              const fault = faults[feature.name];
              return (
                <Feature
                  key={feature.name}
                  feature={feature}
                  review={review}
                  isOpen={isOpen}
                  isKept={!removed.has(feature.name)}
                  called={draft.renamed[feature.name] ?? feature.name}
                  wrong={refused[feature.name] ?? (fault && words[fault])}
                  missing={nulls[feature.name]}
                />
              );
            })}
          </tbody>
        </table>
        {shown.length === 0 && (
          <p className="jp-AutoML-notYet">
            {trans.__('No feature is like that.')}
          </p>
        )}
      </div>
    </section>
  );
}

interface ITitleProps {
  of: SortKey;
  title: string;
  order: IOrder;
  setOrder: (order: IOrder) => void;
}

function Title({ of, title, order, setOrder }: ITitleProps) {
  const isChosen = order.key === of;
  const direction = order.descending ? 'descending' : 'ascending';
  return (
    <th scope="col" aria-sort={isChosen ? direction : undefined}>
      <button
        type="button"
        onClick={() =>
          setOrder({ key: of, descending: isChosen && !order.descending })
        }
      >
        {title}
        <span aria-hidden>{isChosen && (order.descending ? ' ▾' : ' ▴')}</span>
      </button>
    </th>
  );
}

interface IFeatureProps {
  feature: RecipeFeature;
  review: Review;
  isOpen: boolean;
  isKept: boolean;
  called: string;
  wrong?: string;
  missing: unknown;
}

const Feature = memo((props: IFeatureProps) => {
  const { feature, review, isOpen, isKept, called, wrong, missing } = props;
  const { trans } = useAutoML();
  const { name } = feature;
  const keep = (isKept: boolean) => {
    const { removed } = review.get().draft;
    const others = removed.filter(one => one !== name);
    review.change({ removed: isKept ? others : [...others, name] });
  };
  const call = (other: string) => {
    const { renamed } = review.get().draft;
    const others = Object.entries(renamed).filter(([one]) => one !== name);
    const changed: [string, string][] = other === name ? [] : [[name, other]];
    review.change({ renamed: Object.fromEntries([...others, ...changed]) });
  };
  return (
    <tr
      className={classes(
        !isKept && 'jp-mod-removed',
        called !== name && 'jp-mod-renamed'
      )}
      data-feature={name}
    >
      <td>
        <input
          type="checkbox"
          checked={isKept}
          disabled={!isOpen}
          aria-label={trans.__('Keep %1', name)}
          onChange={event => keep(event.target.checked)}
        />
      </td>
      <td>
        {isOpen ? (
          <input
            className="jp-mod-styled"
            value={called}
            disabled={!isKept}
            spellCheck={false}
            aria-label={trans.__('Name of %1', name)}
            aria-invalid={!!wrong}
            title={called === name ? name : trans.__('%1 as proposed', name)}
            onChange={event => call(event.target.value)}
            onKeyDown={event => event.key === 'Escape' && call(name)}
          />
        ) : (
          <code>{name}</code>
        )}
        {wrong && (
          <strong className="jp-AutoML-wrong" role="alert">
            {wrong}
          </strong>
        )}
      </td>
      <td>{feature.source_table}</td>
      <td>{feature.data_type}</td>
      <td className="jp-mod-number">
        {typeof missing === 'number' && `${Math.round(100 * missing)} %`}
      </td>
      <td>
        <code>{feature.expression}</code>
        <small>{feature.description}</small>
      </td>
    </tr>
  );
});
Feature.displayName = 'Feature';
