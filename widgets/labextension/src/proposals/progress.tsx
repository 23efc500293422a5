/** How far the crew, or the making of a table, has come. */

import type { Proposal } from '../api';
import { useAutoML } from '../context';
import { Progress } from '../status';
import { plain } from '../words';
import { proposalWord } from './words';

export function ProposalProgress({ job }: { job: Proposal }) {
  const { trans } = useAutoML();
  return (
    <Progress
      name={job.target_table_name}
      fraction={job.progress?.fraction ?? null}
      step={plain(job.progress?.step ?? proposalWord(trans, job.status))}
    />
  );
}
