/** The deployed models, and the one in sight. */

import { Button, classes } from '@jupyterlab/ui-components';
import type { Model } from '../api';
import { attempt, CommandIDs, isConfirmed } from '../commands';
import { useAutoML } from '../context';
import { Message, Problem } from '../message';
import { useModels } from '../queries';
import { ago, moment, plain } from '../words';
import { TryIt } from './tryit';
import { Versions } from './versions';

interface IModelsProps {
  chosen: string;
  choose: (name: string) => void;
  showKeys: () => void;
}

export function Models({ chosen, choose, showKeys }: IModelsProps) {
  const { trans } = useAutoML();
  const models = useModels();
  if (models.error && !models.data) {
    return <Problem error={models.error} retry={() => void models.refetch()} />;
  }
  if (!models.data) {
    return (
      <Message title={trans.__('Looking for deployed models…')}>
        {trans.__('The first look takes some seconds: it starts MLflow.')}
      </Message>
    );
  }
  if (!models.data.length) {
    return (
      <Message title={trans.__('Nothing is deployed')}>
        {trans.__(
          'Open a job that is complete and choose Deploy Model; it can be tried here then.'
        )}
      </Message>
    );
  }
  const model =
    models.data.find(({ name }) => name === chosen) ?? models.data[0];
  return (
    <div className="jp-AutoML-deployments">
      <nav aria-label={trans.__('Deployed models')}>
        <ul>
          {models.data.map(one => (
            <li key={one.name}>
              <button
                className={classes(one === model && 'jp-mod-chosen')}
                aria-current={one === model}
                onClick={() => choose(one.name)}
              >
                <bdi>{one.name}</bdi>
                <span>{trans.__('Version %1', one.version)}</span>
              </button>
            </li>
          ))}
        </ul>
      </nav>
      <Deployed key={model.name} model={model} showKeys={showKeys} />
    </div>
  );
}

function Deployed({ model, showKeys }: { model: Model; showKeys: () => void }) {
  const automl = useAutoML();
  const { api, commands, trans } = automl;
  const id = uuidOf(model.jobId);
  const undeploy = async () => {
    const text = trans.__(
      'Whoever asks it gets no answer any more. The model stays registered, and can be deployed again.'
    );
    const title = trans.__('Undeploy %1?', model.name);
    if (await isConfirmed(automl, title, text, trans.__('Undeploy'))) {
      await attempt(automl, () => api.undeploy(model.name));
    }
  };
  const since = model.deployedAt && (
    <time dateTime={model.deployedAt} title={moment(model.deployedAt)}>
      {ago(model.deployedAt)}
    </time>
  );
  return (
    <article className="jp-AutoML-deployed" aria-labelledby="automl-model">
      <div className="jp-AutoML-jobTitle">
        <h1 id="automl-model">
          <bdi>{model.name}</bdi>
        </h1>
        <span className="jp-AutoML-badge jp-mod-complete">
          {trans.__('Version %1', model.version)}
        </span>
      </div>
      <p className="jp-AutoML-subtitle">
        {model.problemType && plain(model.problemType)}
        {since && <> · {since}</>}
        {model.deployedBy && ` · ${model.deployedBy}`}
      </p>
      <div className="jp-AutoML-actions">
        <Button
          small
          minimal={false}
          className="jp-mod-styled"
          onClick={() =>
            void commands.execute(CommandIDs.openJob, { id, name: model.name })
          }
        >
          {trans.__('Open Job')}
        </Button>
        <Button
          small
          minimal={false}
          className="jp-mod-styled"
          onClick={() => void undeploy()}
        >
          {trans.__('Undeploy…')}
        </Button>
      </div>
      <TryIt model={model} jobId={id} showKeys={showKeys} />
      <Versions model={model} />
    </article>
  );
}

/** A job's id as this panel writes it; a deployment tells it as `aml_` and its digits. */
export function uuidOf(id: string): string {
  return id.replace(/^aml_(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
