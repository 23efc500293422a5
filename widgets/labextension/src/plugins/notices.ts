/** Tells of jobs that have ended, with a button that opens them. */

import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { hasEnded, type IJobChange } from '../changes';
import { CommandIDs } from '../commands';
import { isAtWork } from '../proposals/words';
import { IAutoML } from '../tokens';
import { plain, scoreText } from '../words';

export const noticesPlugin: JupyterFrontEndPlugin<void> = {
  id: 'automl-magics:notices',
  description: 'Notifies of training jobs that have completed or failed.',
  autoStart: true,
  requires: [IAutoML],
  activate: (_app: JupyterFrontEnd, automl: IAutoML): void => {
    const underway = new Set<string>();
    automl.changes.changed.connect((_, change) => {
      if (change.kind === 'feature_engineering') {
        noteProposal(automl, change, underway);
        return;
      }
      if (!hasEnded(change.status) && !change.deleted) {
        underway.add(change.job_id);
      } else if (underway.delete(change.job_id)) {
        tell(automl, change);
      }
    });
  }
};

/** Tell of a proposal that waits for its review, of a table that is made, and of failures. */
function noteProposal(
  { commands, settings, trans }: IAutoML,
  change: IJobChange,
  underway: Set<string>
): void {
  if (isAtWork(change.status)) {
    underway.add(change.job_id);
    return;
  }
  const hasFailed = change.status === 'failed';
  const isTold =
    settings.notices === 'all' ||
    (settings.notices === 'failures' && hasFailed);
  if (!underway.delete(change.job_id) || change.deleted || !isTold) {
    return;
  }
  const name = change.name ?? change.job_id;
  const waits = change.status === 'pending_approval';
  const actions = [
    {
      label: waits ? trans.__('Review') : trans.__('Open'),
      callback: () =>
        void commands.execute(CommandIDs.openProposal, {
          id: change.job_id,
          name
        })
    }
  ];
  if (hasFailed) {
    Notification.error(trans.__('The proposal %1 has failed', name), {
      actions,
      autoClose: false
    });
  } else if (waits) {
    Notification.info(trans.__('%1 is proposed and waits for review', name), {
      actions,
      autoClose: false
    });
  } else {
    Notification.success(trans.__('The training table %1 is made', name), {
      actions,
      autoClose: 10_000
    });
  }
}

function tell(
  { commands, settings, trans }: IAutoML,
  change: IJobChange
): void {
  const hasFailed = change.status === 'failed';
  const isTold =
    settings.notices === 'all' ||
    (settings.notices === 'failures' && hasFailed);
  if (!isTold || !(hasFailed || change.status === 'complete')) {
    return; // whoever stopped or deleted a job knows
  }
  const name = change.name ?? change.job_id;
  const actions = [
    {
      label: trans.__('Open'),
      callback: () =>
        void commands.execute(CommandIDs.openJob, { id: change.job_id, name })
    }
  ];
  if (hasFailed) {
    Notification.error(trans.__('%1 has failed', name), {
      actions,
      autoClose: false
    });
    return;
  }
  const score = change.metric
    ? ` (${plain(change.metric)} ${scoreText(change.best_score)})`
    : '';
  Notification.success(trans.__('%1 is complete%2', name, score), {
    actions,
    autoClose: 10_000
  });
}
