/** What the crew was asked for, what it looked at, and when it came to which state. */

import type { LogLine, Proposal, ProposalStatus } from '../api';
import { useAutoML } from '../context';
import { proposalWord } from '../proposals/words';
import { useLog } from '../queries';
import { duration, moment } from '../words';
import { Fact } from './validation';

export function Specification({ job }: { job: Proposal }) {
  const { trans } = useAutoML();
  const { request, plan } = job;
  const label = job.recipe?.label ?? request.label;
  const facts: [string, string | null | undefined][] = [
    [trans.__('Description'), job.description],
    [trans.__('Grain'), request.entity_grain.join(', ')],
    [
      trans.__('Label'),
      label.type === 'none'
        ? trans.__('none')
        : `${label.name} = ${label.column ?? label.derivation} (${label.type})`
    ],
    [
      trans.__('Moment'),
      request.time_column ??
        (request.cutoff ? moment(request.cutoff) : undefined)
    ],
    [trans.__('Join hints'), request.join_hints?.join('; ')],
    [trans.__('Crew'), request.crew],
    [trans.__('Owner'), job.owner],
    [trans.__('Domain'), job.domain],
    [trans.__('Id'), job.job_id],
    [trans.__('Correlation id'), job.correlation_id]
  ];
  return (
    <div className="jp-AutoML-specification">
      <section>
        <h2>{trans.__('Source tables')}</h2>
        <table className="jp-AutoML-table">
          <thead>
            <tr>
              <th scope="col">{trans.__('Table')}</th>
              <th scope="col">{trans.__('Rows to a row of the grain')}</th>
              <th scope="col">{trans.__('Joined by')}</th>
              <th scope="col">{trans.__('Moment')}</th>
            </tr>
          </thead>
          <tbody>
            {plan
              ? plan.roles.map(role => (
                  <tr key={role.name}>
                    <td>{plan.sources[role.table] ?? role.table}</td>
                    <td>
                      {role.to_one ? trans.__('at most one') : trans.__('many')}
                    </td>
                    <td>
                      {role.step &&
                        role.step.left_columns
                          .map(
                            (left, place) =>
                              `${role.parent}.${left} = ${role.table}.${role.step!.right_columns[place]}`
                          )
                          .join(', ')}
                    </td>
                    <td>{role.time_column}</td>
                  </tr>
                ))
              : request.source_tables.map(table => (
                  <tr key={table}>
                    <td>{table}</td>
                    <td />
                    <td />
                    <td />
                  </tr>
                ))}
          </tbody>
        </table>
      </section>
      <section>
        <h2>{trans.__('Request')}</h2>
        <dl className="jp-AutoML-facts">
          {facts
            .filter(([, value]) => value)
            .map(([name, value]) => (
              <Fact key={name} name={name}>
                {value}
              </Fact>
            ))}
        </dl>
      </section>
      <section>
        <h2>{trans.__('Timeline')}</h2>
        <Timeline job={job} />
      </section>
    </div>
  );
}

interface IStep {
  status: ProposalStatus;
  when: string;
  told: string;
}

/** The states that a log tells of, oldest first. */
export function steps(lines: readonly LogLine[]): IStep[] {
  return lines
    .filter(line => line.fields?.status)
    .map(line => ({
      status: line.fields!.status as ProposalStatus,
      when: line.timestamp,
      told: line.message
    }));
}

function Timeline({ job }: { job: Proposal }) {
  const { trans } = useAutoML();
  const log = useLog(job.job_id, 'feature_engineering');
  const found = steps(log.data ?? []);
  return (
    <ol className="jp-AutoML-timeline">
      {found.map(({ status, when, told }, place) => {
        const before = found[place - 1];
        const seconds =
          before && (Date.parse(when) - Date.parse(before.when)) / 1000;
        return (
          <li key={place}>
            <strong>{proposalWord(trans, status)}</strong>
            <time dateTime={when}>{moment(when)}</time>
            {seconds !== undefined && (
              <span>{trans.__('after %1', duration(trans, seconds))}</span>
            )}
            <span>{told}</span>
          </li>
        );
      })}
    </ol>
  );
}
