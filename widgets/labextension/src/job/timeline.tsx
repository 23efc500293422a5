/** When a job came to which state. */

import type { TrainingJob } from '../api';
import { useAutoML } from '../context';
import { duration, moment, statusWord } from '../words';

export function Timeline({ job }: { job: TrainingJob }) {
  const { trans } = useAutoML();
  const steps: [string, string | null | undefined][] = [
    [trans.__('Created'), job.created_at],
    [
      job.attempt > 1
        ? trans.__('Started, attempt %1', job.attempt)
        : trans.__('Started'),
      job.started_at
    ],
    [statusWord(trans, job.status), job.finished_at]
  ];
  const reached = steps.filter((step): step is [string, string] =>
    Boolean(step[1])
  );
  return (
    <ol className="jp-AutoML-timeline">
      {reached.map(([word, when], place) => {
        const before = place > 0 ? reached[place - 1][1] : null;
        const seconds =
          before && (Date.parse(when) - Date.parse(before)) / 1000;
        return (
          <li key={word}>
            <strong>{word}</strong>
            <time dateTime={when}>{moment(when)}</time>
            {seconds ? (
              <span>{trans.__('after %1', duration(trans, seconds))}</span>
            ) : null}
          </li>
        );
      })}
    </ol>
  );
}
