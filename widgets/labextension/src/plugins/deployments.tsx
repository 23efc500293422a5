/** Deployed models and access keys in one tab of the main area, there again after a reload. */

import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { launchIcon, UseSignal } from '@jupyterlab/ui-components';
import type { ReadonlyJSONObject } from '@lumino/coreutils';
import { Signal } from '@lumino/signaling';
import { CommandIDs } from '../commands';
import { View } from '../context';
import { DeploymentsPage, type DeploymentsTab } from '../deployments/page';
import { IAutoML } from '../tokens';

const ARGS: ReadonlyJSONObject = {
  type: 'object',
  properties: {
    model: { type: 'string', description: 'The deployed model to show' },
    tab: { type: 'string', enum: ['models', 'keys'] }
  }
};

export const deploymentsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'automl-magics:deployments',
  description: 'Tries deployed models, and makes and revokes access keys.',
  autoStart: true,
  requires: [IAutoML],
  optional: [ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    automl: IAutoML,
    restorer: ILayoutRestorer | null
  ): void => {
    const { commands, trans } = automl;
    const tracker = new WidgetTracker<Deployments>({
      namespace: 'automl-deployments'
    });
    const show = (tab: DeploymentsTab, model?: string) => {
      let shown = tracker.currentWidget;
      if (!shown || shown.isDisposed) {
        shown = new Deployments(automl, () => void tracker.save(shown!));
        app.shell.add(shown, 'main', { type: 'AutoML' });
        void tracker.add(shown);
      }
      shown.go({ tab, model: model || shown.place.model });
      app.shell.activateById(shown.id);
    };
    commands.addCommand(CommandIDs.showDeployments, {
      label: trans.__('Show Deployed Models'),
      caption: trans.__('Try deployed models, end or replace them'),
      icon: launchIcon,
      describedBy: { args: ARGS },
      execute: ({ tab, model }) =>
        show(tab === 'keys' ? 'keys' : 'models', model ? String(model) : '')
    });
    commands.addCommand(CommandIDs.showKeys, {
      label: trans.__('Show Access Keys'),
      caption: trans.__('Make and revoke keys for programs'),
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => show('keys')
    });
    void restorer?.restore(tracker, {
      command: CommandIDs.showDeployments,
      args: tab => ({ ...tab.place }),
      name: () => 'automl-deployments'
    });
  }
};

interface IPlace {
  tab: DeploymentsTab;
  model: string;
}

/** The tab; there is one. */
class Deployments extends MainAreaWidget<View> {
  constructor(
    automl: IAutoML,
    private readonly changed: () => void
  ) {
    const moved = new Signal<object, void>({});
    const page = (
      <UseSignal signal={moved}>
        {() => (
          <DeploymentsPage
            {...this.place}
            showTab={tab => this.go({ ...this.place, tab })}
            showModel={model => this.go({ ...this.place, model })}
          />
        )}
      </UseSignal>
    );
    super({ content: new View(automl, page) });
    this.moved = moved;
    this.id = 'automl-deployments';
    this.content.addClass('jp-AutoML-page');
    this.toolbar.hide();
    this.title.label = automl.trans.__('AutoML deployments');
    this.title.icon = launchIcon;
    this.title.closable = true;
  }

  get place(): IPlace {
    return this._place;
  }

  /** Show another tab or model. */
  go(place: IPlace): void {
    this._place = place;
    this.moved.emit();
    this.changed();
  }

  private readonly moved: Signal<object, void>;
  private _place: IPlace = { tab: 'models', model: '' };
}
