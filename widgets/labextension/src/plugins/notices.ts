/** Tells of jobs that have ended, with a button that opens them. */

import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { hasEnded, type IJobChange } from '../changes';
import { CommandIDs } from '../commands';
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
      if (change.kind !== 'training') {
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
