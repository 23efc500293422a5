/** The models, best first. */

import { classes } from '@jupyterlab/ui-components';
import { useState } from 'react';
import type { LeaderboardRow } from '../api';
import { useAutoML } from '../context';
import { duration, plain, scoreText } from '../words';

const FIRST = 10;

interface ILeaderboardProps {
  rows: readonly LeaderboardRow[];
  metric: string;
}

export function Leaderboard({ rows, metric }: ILeaderboardProps) {
  const { trans } = useAutoML();
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? rows : rows.slice(0, FIRST);
  const hasWeights = rows.some(row => typeof row.weight === 'number');
  return (
    <>
      <table className="jp-AutoML-table">
        <thead>
          <tr>
            <th scope="col">{trans.__('Rank')}</th>
            <th scope="col">{trans.__('Candidate')}</th>
            <th scope="col">{trans.__('Algorithm')}</th>
            <th scope="col" className="jp-mod-number">
              {plain(metric)}
            </th>
            {hasWeights && (
              <th scope="col" className="jp-mod-number">
                {trans.__('Weight')}
              </th>
            )}
            <th scope="col" className="jp-mod-number">
              {trans.__('Fitted in')}
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map(row => (
            <tr
              key={row.rank}
              className={classes(row.is_best && 'jp-mod-best')}
            >
              <td>{row.rank}</td>
              <td>{row.candidate}</td>
              <td>{plain(row.algorithm)}</td>
              <td className="jp-mod-number">{scoreText(row.score)}</td>
              {hasWeights && (
                <td className="jp-mod-number">
                  {row.weight ? `${Math.round(100 * row.weight)} %` : ''}
                </td>
              )}
              <td className="jp-mod-number">{duration(trans, row.seconds)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > FIRST && (
        <button className="jp-AutoML-more" onClick={() => setWhole(!isWhole)}>
          {isWhole
            ? trans.__('Show the best only')
            : trans.__('Show all %1', rows.length)}
        </button>
      )}
    </>
  );
}
