/** The page of a proposal in the main area, there again after a reload, and what it can do. */

import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  ICommandPalette,
  MainAreaWidget,
  WidgetTracker
} from '@jupyterlab/apputils';
import { IEditorServices } from '@jupyterlab/codeeditor';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { attempt, CommandIDs, isConfirmed, JOB_ARGS } from '../commands';
import type { IJobArgs } from '../commands';
import { View } from '../context';
import { automlIcon } from '../icons';
import type { IDraft } from '../proposal/draft';
import { ProposalPage } from '../proposal/page';
import { Review } from '../proposal/review';
import { IAutoML } from '../tokens';

export const proposalPlugin: JupyterFrontEndPlugin<void> = {
  id: 'automl-magics:proposal',
  description: 'Reviews the proposal of a training table in a tab of its own.',
  autoStart: true,
  requires: [IAutoML, IEditorServices],
  optional: [ICommandPalette, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    automl: IAutoML,
    editors: IEditorServices,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null
  ): void => {
    const { api, commands, trans } = automl;
    const tracker = new WidgetTracker<ProposalTab>({
      namespace: 'automl-proposals'
    });
    const found = (args: ReadonlyPartialJSONObject) =>
      args.id
        ? ({ name: String(args.id), ...args } as IJobArgs)
        : proposalAt(app, args);
    const add = (
      id: string,
      label: string,
      act: (job: IJobArgs, args: ReadonlyPartialJSONObject) => unknown
    ) =>
      commands.addCommand(id, {
        label,
        describedBy: { args: JOB_ARGS },
        isEnabled: args => Boolean(found(args)),
        execute: args => {
          const job = found(args);
          return job && act(job, args);
        }
      });
    const open = ({ id, name }: IJobArgs, draft?: IDraft): ProposalTab => {
      const known = tracker.find(tab => tab.review.id === id);
      const tab = known ?? new ProposalTab(automl, id, name, draft, editors);
      if (!known) {
        tab.review.listen(() => void tracker.save(tab));
        app.shell.add(tab, 'main', { type: 'AutoML' });
        void tracker.add(tab);
      }
      app.shell.activateById(tab.id);
      return tab;
    };
    add(CommandIDs.openProposal, trans.__('Open Proposal'), (job, args) => {
      open(job, args.draft as IDraft | undefined);
    });
    add(CommandIDs.approveProposal, trans.__('Approve Proposal…'), job =>
      open(job).review.approve()
    );
    add(CommandIDs.retryProposal, trans.__('Retry Proposal'), ({ id }) =>
      attempt(automl, () => api.retryProposal(id))
    );
    add(
      CommandIDs.deleteProposal,
      trans.__('Delete Proposal…'),
      async ({ id, name }) => {
        const isMeant = await isConfirmed(
          automl,
          trans.__('Delete the proposal %1?', name),
          trans.__('Its record and log go. A table that was made of it stays.'),
          trans.__('Delete')
        );
        if (isMeant) {
          await attempt(automl, () => api.removeProposal(id));
        }
      }
    );
    for (const command of [
      CommandIDs.approveProposal,
      CommandIDs.retryProposal,
      CommandIDs.deleteProposal
    ]) {
      palette?.addItem({
        command,
        category: trans.__('AutoML'),
        args: { current: true }
      });
    }
    void restorer?.restore(tracker, {
      command: CommandIDs.openProposal,
      args: ({ review, name }) => ({
        id: review.id,
        name,
        draft: review.get().draft as never
      }),
      name: ({ review }) => review.id
    });
  }
};

/** The proposal of the current tab, or the one whose row was clicked with the right button. */
function proposalAt(
  app: JupyterFrontEnd,
  args: ReadonlyPartialJSONObject
): IJobArgs | null {
  const node = args.current
    ? app.shell.currentWidget?.node
    : app.contextMenuHitTest(one => Boolean(one.dataset.proposalId));
  const { proposalId, proposalName } = node?.dataset ?? {};
  return proposalId
    ? { id: proposalId, name: proposalName ?? proposalId }
    : null;
}

/** A tab that shows a proposal. */
class ProposalTab extends MainAreaWidget<View> {
  readonly review: Review;

  constructor(
    automl: IAutoML,
    id: string,
    readonly name: string,
    draft: IDraft | undefined,
    editors: IEditorServices
  ) {
    const review = new Review(automl, id, draft);
    const page = <ProposalPage review={review} editors={editors} />;
    super({ content: new View(automl, page) });
    this.review = review;
    this.id = `automl-proposal-${id}`;
    this.content.addClass('jp-AutoML-page');
    this.toolbar.hide();
    Object.assign(this.node.dataset, { proposalId: id, proposalName: name });
    this.title.label = name;
    this.title.caption = automl.trans.__('Proposal of the table %1', name);
    this.title.icon = automlIcon;
    this.title.closable = true;
  }
}
