/** The question before a table is made: whether to train on it as well. */

import { Dialog, showDialog } from '@jupyterlab/apputils';
import { useState } from 'react';
import type { Approval, Proposal, RecipeEdits, TrainRequest } from '../api';
import { View, useAutoML } from '../context';
import { Control } from '../create/control';
import type { IField, Value } from '../create/fields';
import type { IAutoML } from '../tokens';

type Asked = Omit<Approval, 'edits'>;

interface IHow {
  trains: boolean;
  preset: string;
  time_limit: string;
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
    preset: asked?.preset ?? settings.preset,
    time_limit: String(asked?.time_limit ?? settings.timeLimit ?? '')
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
export function approvalOf({ trains, preset, time_limit }: IHow): Asked {
  if (!trains) {
    return { auto_train: false };
  }
  const request: Partial<TrainRequest> = {
    preset: preset as TrainRequest['preset'],
    ...(time_limit !== '' && { time_limit: Number(time_limit) })
  };
  return { auto_train: true, train_request: request as TrainRequest };
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
  const set = (name: keyof IHow, value: Value) => {
    const next = { ...how, [name]: value };
    setHow(next);
    changed(next);
  };
  const field = (name: string, more: Partial<IField>): IField => ({
    name,
    kind: 'number',
    description: '',
    choices: [],
    isOptional: false,
    initial: '',
    ...more
  });
  const control = (one: IField) => (
    <Control
      field={one}
      value={how[one.name as keyof IHow]}
      change={value => set(one.name as keyof IHow, value)}
      columns={[]}
      error={wrong[one.name]}
    />
  );
  return (
    <div className="jp-AutoML-approval">
      <p>{changes(edits, trans)}</p>
      {canTrain ? (
        <label>
          <input
            type="checkbox"
            checked={how.trains}
            onChange={event => set('trains', event.target.checked)}
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
          {control(
            field('preset', {
              kind: 'choice',
              choices: ['fast', 'balanced', 'high_quality', 'best_quality']
            })
          )}
          {control(
            field('time_limit', {
              description: trans.__('Seconds; the preset’s when left out.')
            })
          )}
          {Object.entries(wrong)
            .filter(([name]) => !(name in how))
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
