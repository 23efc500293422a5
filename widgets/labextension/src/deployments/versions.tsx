/** What else can be deployed in a model's place: to go back, deploy the version before. */

import { Button } from '@jupyterlab/ui-components';
import type { Model } from '../api';
import { CommandIDs } from '../commands';
import { useAutoML } from '../context';
import { useVersions } from '../queries';
import { bestScore, moment, plain, scoreText } from '../words';

export function Versions({ model }: { model: Model }) {
  const { commands, trans } = useAutoML();
  const jobs = useVersions(model.name).data?.jobs ?? [];
  const versions = jobs.filter(job => job.registered_model_version);
  if (!versions.length) {
    return null;
  }
  return (
    <section>
      <h2>{trans.__('Versions')}</h2>
      <div
        className="jp-AutoML-wide"
        tabIndex={0}
        role="region"
        aria-label={trans.__('Versions')}
      >
        <table className="jp-AutoML-table">
          <thead>
            <tr>
              <th scope="col">{trans.__('Version')}</th>
              <th scope="col">{trans.__('Job')}</th>
              <th scope="col">{trans.__('Score')}</th>
              <th scope="col">{trans.__('Finished')}</th>
              <th scope="col">{trans.__('Deployment')}</th>
            </tr>
          </thead>
          <tbody>
            {versions.map(job => {
              const best = bestScore(job);
              const args = { id: job.job_id, name: job.name };
              const version = job.registered_model_version!;
              return (
                <tr key={job.job_id}>
                  <td>{version}</td>
                  <td>
                    <button
                      className="jp-AutoML-link"
                      onClick={() =>
                        void commands.execute(CommandIDs.openJob, args)
                      }
                    >
                      <bdi>{job.name}</bdi>
                    </button>
                  </td>
                  <td>
                    {best && `${plain(best.metric)} ${scoreText(best.score)}`}
                  </td>
                  <td>{job.finished_at && moment(job.finished_at)}</td>
                  <td>
                    {version === model.version ? (
                      trans.__('Deployed')
                    ) : (
                      <Button
                        small
                        minimal={false}
                        className="jp-mod-styled"
                        aria-label={trans.__('Deploy version %1', version)}
                        onClick={() =>
                          void commands.execute(CommandIDs.deployJob, args)
                        }
                      >
                        {trans.__('Deploy')}
                      </Button>
                    )}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}
