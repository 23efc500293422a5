/** Jobs under way, where JupyterLab shows what runs: in the status bar and the Running panel. */

import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  IRunningSessionManagers,
  type IRunningSessions
} from '@jupyterlab/running';
import { IStatusBar } from '@jupyterlab/statusbar';
import { QueryObserver } from '@tanstack/react-query';
import { Signal } from '@lumino/signaling';
import type { TrainingJob, TrainingJobPage } from '../api';
import { attempt, CommandIDs } from '../commands';
import { useAutoML, View } from '../context';
import { automlIcon } from '../icons';
import { useJobs } from '../queries';
import { IAutoML } from '../tokens';
import { statusWord } from '../words';

const UNDERWAY = {
  status: ['running', 'queued'] as TrainingJob['status'][],
  limit: 100
};

export const runningPlugin: JupyterFrontEndPlugin<void> = {
  id: 'automl-magics:running',
  description: 'Shows jobs under way in the status bar and the Running panel.',
  autoStart: true,
  requires: [IAutoML],
  optional: [IStatusBar, IRunningSessionManagers],
  activate: (
    _app: JupyterFrontEnd,
    automl: IAutoML,
    statusBar: IStatusBar | null,
    managers: IRunningSessionManagers | null
  ): void => {
    const item = new View(automl, <RunningCount />);
    item.addClass('jp-AutoML-status');
    statusBar?.registerStatusItem('automl-magics:running', {
      item,
      align: 'left',
      rank: 100
    });
    managers?.add(new RunningJobs(automl));
  }
};

function RunningCount() {
  const { commands, trans } = useAutoML();
  const jobs = useJobs(UNDERWAY);
  const count = jobs.data?.count ?? 0;
  if (!count) {
    return null;
  }
  const text = trans._n(
    '%1 AutoML job under way',
    '%1 AutoML jobs under way',
    count
  );
  return (
    <button
      className="jp-AutoML-statusItem"
      title={text}
      aria-label={text}
      onClick={() => void commands.execute(CommandIDs.showJobs)}
    >
      <automlIcon.react tag="span" stylesheet="statusBar" />
      {count}
    </button>
  );
}

/** The Running panel's view of jobs under way. */
class RunningJobs implements IRunningSessions.IManager {
  readonly name: string;
  readonly shutdownLabel: string;
  readonly shutdownAllLabel: string;
  readonly shutdownAllConfirmationText: string;

  constructor(private readonly automl: IAutoML) {
    const { api, client, trans } = automl;
    this.name = trans.__('AutoML jobs');
    this.shutdownLabel = trans.__('Stop');
    this.shutdownAllLabel = trans.__('Stop All');
    this.shutdownAllConfirmationText = trans.__(
      'Stop all AutoML jobs under way?'
    );
    const observer = new QueryObserver<TrainingJobPage>(client, {
      queryKey: ['training', 'list', UNDERWAY],
      queryFn: () => api.jobs(UNDERWAY)
    });
    observer.subscribe(({ data }) => {
      const known = this._jobs.map(job => job.job_id).join();
      this._jobs = data?.jobs ?? this._jobs;
      if (known !== this._jobs.map(job => job.job_id).join()) {
        this._runningChanged.emit();
      }
    });
  }

  get runningChanged() {
    return this._runningChanged;
  }

  running(): IRunningSessions.IRunningItem[] {
    const { api, commands, trans } = this.automl;
    return this._jobs.map(job => ({
      open: () => {
        void commands.execute(CommandIDs.openJob, {
          id: job.job_id,
          name: job.name
        });
      },
      shutdown: () => void attempt(this.automl, () => api.stop(job.job_id)),
      icon: () => automlIcon,
      label: () => job.name,
      labelTitle: () => job.source_table,
      detail: () => statusWord(trans, job.status)
    }));
  }

  refreshRunning(): void {
    void this.automl.client.invalidateQueries({
      queryKey: ['training', 'list']
    });
  }

  shutdownAll(): void {
    for (const item of this.running()) {
      item.shutdown?.();
    }
  }

  private _jobs: TrainingJob[] = [];
  private _runningChanged = new Signal<this, void>(this);
}
