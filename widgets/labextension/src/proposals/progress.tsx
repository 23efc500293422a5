/** How far the crew, or the making of a table, has come. */

import { classes } from '@jupyterlab/ui-components';
import type { Proposal } from '../api';
import { useAutoML } from '../context';
import { plain } from '../words';
import { proposalWord } from './words';

export function ProposalProgress({ job }: { job: Proposal }) {
  const { trans } = useAutoML();
  const fraction = job.progress?.fraction ?? null;
  const percent = fraction === null ? null : Math.round(100 * fraction);
  const step = plain(job.progress?.step ?? proposalWord(trans, job.status));
  return (
    <div
      className={classes(
        'jp-AutoML-progress',
        percent === null && 'jp-mod-unknown'
      )}
      role="progressbar"
      aria-label={trans.__('Progress of %1', job.target_table_name)}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent ?? undefined}
      aria-valuetext={percent === null ? step : `${step}, ${percent} %`}
    >
      <div style={{ width: `${percent ?? 0}%` }} />
    </div>
  );
}
