/** The question before a table is made: whether to train on it as well. */

import { Dialog, showDialog } from '@jupyterlab/apputils';
import { useMemo, useState } from 'react';
import type { Approval, Proposal, RecipeEdits, TrainRequest } from '../api';
import { View, useAutoML } from '../context';
import { fieldsOf, named, type Values } from '../form/fields';
import { Fieldset } from '../form/fieldset';
import { useSchemas } from '../queries';
import type { IAutoML } from '../tokens';

type Asked = Omit<Approval, 'edits'>;

const ASKED = ['preset', 'time_limit'];

interface IHow {
  trains: boolean;
  /** Fields of the training request. */
  request: Values;
}

/**
 * Ask a person.
 *
 * @param before - What was answered before, and refused.
 * @param wrong - What was wrong with it, by the training request's field.
 * @returns The approval without its edits; undefined where nothing is to be done.
 */
export async function askHowToApprove(
  automl: IAutoML,
  job: Proposal,
  edits: RecipeEdits,
  before: Asked | undefined,
  wrong: Readonly<Record<string, string>>
): Promise<Asked | undefined> {
  const { settings, trans } = automl;
  const asked = before?.train_request;
  let how: IHow = {
    trains: before?.auto_train ?? false,
    request: {
      preset: asked?.preset ?? settings.preset,
      time_limit: asked?.time_limit ?? settings.timeLimit ?? undefined
    }
  };
  const body = new View(
    automl,
    <How
      edits={edits}
      initial={how}
      canTrain={(edits.label ?? job.recipe!.label).type !== 'none'}
      wrong={wrong}
      changed={chosen => {
        how = chosen;
      }}
    />
  );
  const answer = await showDialog({
    title: trans.__('Make the table %1?', job.target_table_name),
    body,
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.okButton({ label: trans.__('Approve') })
    ],
    focusNodeSelector: '.jp-mod-accept'
  });
  return answer.button.accept ? approvalOf(how) : undefined;
}

/** The approval that the answers make. */
export function approvalOf({ trains, request }: IHow): Asked {
  return trains
    ? { auto_train: true, train_request: request as TrainRequest }
    : { auto_train: false };
}

interface IHowProps {
  edits: RecipeEdits;
  initial: IHow;
  canTrain: boolean;
  wrong: Readonly<Record<string, string>>;
  changed: (how: IHow) => void;
}

function How({ edits, initial, canTrain, wrong, changed }: IHowProps) {
  const { trans } = useAutoML();
  const [how, setHow] = useState(initial);
  const schemas = useSchemas();
  const fields = useMemo(
    () =>
      named(schemas.data ? fieldsOf(schemas.data, 'TrainRequest') : [], ASKED),
    [schemas.data]
  );
  const set = (some: Partial<IHow>) => {
    const next = { ...how, ...some };
    setHow(next);
    changed(next);
  };
  return (
    <div className="jp-AutoML-approval">
      <p>{changes(edits, trans)}</p>
      {canTrain ? (
        <label>
          <input
            type="checkbox"
            checked={how.trains}
            onChange={event => set({ trains: event.target.checked })}
          />
          {trans.__('Then train a model on it')}
        </label>
      ) : (
        <p>
          {trans.__('The table has no label, so no model is trained on it.')}
        </p>
      )}
      {canTrain && how.trains && (
        <>
          <Fieldset
            fields={fields}
            values={how.request}
            change={request => set({ request })}
            faults={wrong}
            isTried
          />
          {Object.entries(wrong)
            .filter(([name]) => !ASKED.includes(name))
            .map(([name, message]) => (
              <strong key={name} role="alert">
                {message}
              </strong>
            ))}
        </>
      )}
    </div>
  );
}

function changes(edits: RecipeEdits, trans: IAutoML['trans']): string {
  const removed = edits.remove_features?.length ?? 0;
  const renamed = Object.keys(edits.rename ?? {}).length;
  const told = [
    removed && trans._n('without %1 feature', 'without %1 features', removed),
    renamed && trans._n('with %1 renamed', 'with %1 renamed', renamed),
    edits.label && trans.__('with another label'),
    edits.notes !== undefined && trans.__('with other notes')
  ].filter(Boolean);
  return told.length
    ? trans.__('It is made %1.', told.join(', '))
    : trans.__('It is made as proposed.');
}
