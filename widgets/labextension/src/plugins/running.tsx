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
import type { Proposal, ProposalStatus, TrainingJob } from '../api';
import { attempt, CommandIDs } from '../commands';
import { useAutoML, View } from '../context';
import { automlIcon } from '../icons';
import { useProposals } from '../proposals/queries';
import { proposalWord } from '../proposals/words';
import { useJobs } from '../queries';
import { IAutoML } from '../tokens';
import { statusWord } from '../words';

const JOBS = {
  status: ['running', 'queued'] as TrainingJob['status'][],
  limit: 100
};
const PROPOSALS = {
  status: ['running', 'approved', 'materializing'] as ProposalStatus[],
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
  const jobs = useJobs(JOBS).data?.count ?? 0;
  const proposals = useProposals(PROPOSALS).data?.count ?? 0;
  if (!jobs && !proposals) {
    return null;
  }
  const words = [
    jobs &&
      trans._n('%1 AutoML job under way', '%1 AutoML jobs under way', jobs),
    proposals &&
      trans._n(
        '%1 training table under way',
        '%1 training tables under way',
        proposals
      )
  ];
  const text = words.filter(Boolean).join(', ');
  const shown = jobs ? CommandIDs.showJobs : CommandIDs.showProposals;
  return (
    <button
      className="jp-AutoML-statusItem"
      title={text}
      aria-label={text}
      onClick={() => void commands.execute(shown)}
    >
      <automlIcon.react tag="span" stylesheet="statusBar" />
      {jobs + proposals}
    </button>
  );
}

/** The Running panel's view of jobs and training tables under way. */
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
      'Stop all AutoML jobs under way? Training tables go on.'
    );
    const jobs = new QueryObserver(client, {
      queryKey: ['training', 'list', JOBS],
      queryFn: () => api.jobs(JOBS)
    });
    const proposals = new QueryObserver(client, {
      queryKey: ['feature_engineering', 'list', PROPOSALS],
      queryFn: () => api.proposals(PROPOSALS)
    });
    jobs.subscribe(({ data }) =>
      this.note(() => (this._jobs = data?.jobs ?? this._jobs))
    );
    proposals.subscribe(({ data }) =>
      this.note(() => (this._proposals = data?.jobs ?? this._proposals))
    );
  }

  get runningChanged() {
    return this._runningChanged;
  }

  running(): IRunningSessions.IRunningItem[] {
    const { api, commands, trans } = this.automl;
    const open = (command: string, id: string, name: string) => () =>
      void commands.execute(command, { id, name });
    const jobs = this._jobs.map(({ job_id, name, status, source_table }) => ({
      open: open(CommandIDs.openJob, job_id, name),
      shutdown: () => void attempt(this.automl, () => api.stop(job_id)),
      icon: () => automlIcon,
      label: () => name,
      labelTitle: () => source_table,
      detail: () => statusWord(trans, status)
    }));
    const proposals = this._proposals.map(
      ({ job_id, target_table_name, status, request }) => ({
        open: open(CommandIDs.openProposal, job_id, target_table_name),
        icon: () => automlIcon,
        label: () => target_table_name,
        labelTitle: () => request.source_tables.join(', '),
        detail: () => proposalWord(trans, status)
      })
    );
    return [...jobs, ...proposals]; // what the crew is at cannot be stopped
  }

  refreshRunning(): void {
    const { client } = this.automl;
    for (const kind of ['training', 'feature_engineering']) {
      void client.invalidateQueries({ queryKey: [kind, 'list'] });
    }
  }

  shutdownAll(): void {
    for (const item of this.running()) {
      item.shutdown?.();
    }
  }

  private note(take: () => unknown): void {
    const ids = () =>
      [...this._jobs, ...this._proposals].map(({ job_id }) => job_id).join();
    const known = ids();
    take();
    if (known !== ids()) {
      this._runningChanged.emit();
    }
  }

  private _jobs: TrainingJob[] = [];
  private _proposals: Proposal[] = [];
  private _runningChanged = new Signal<this, void>(this);
}
