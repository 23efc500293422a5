/** A job's log as it is written: follow it, or look for what is serious. */

import { HTMLSelect, InputGroup } from '@jupyterlab/ui-components';
import { useLayoutEffect, useRef, useState } from 'react';
import type { LogLevel, TrainingJob } from '../api';
import { useAutoML } from '../context';
import { Message, Problem } from '../message';
import { useLog, type LogKind } from '../queries';

const LEVELS: LogLevel[] = ['debug', 'info', 'warning', 'error'];
/** Lines in the page at once; a log can be longer than a browser likes. */
const SHOWN = 1000;

export function Log({ job }: { job: TrainingJob }) {
  return <LogOf id={job.job_id} name={job.name} />;
}

interface ILogOfProps {
  id: string;
  name: string;
  kind?: LogKind;
}

/** The log of either kind of job. */
export function LogOf({ id, name, kind }: ILogOfProps) {
  const { trans } = useAutoML();
  const log = useLog(id, kind);
  const [least, setLeast] = useState<LogLevel>('info');
  const [wanted, setWanted] = useState('');
  const [isFollowing, setFollowing] = useState(true);
  const list = useRef<HTMLDivElement>(null);
  const text = wanted.trim().toLowerCase();
  const found = (log.data ?? []).filter(
    line =>
      LEVELS.indexOf(line.level) >= LEVELS.indexOf(least) &&
      line.message.toLowerCase().includes(text)
  );
  const lines = found.slice(-SHOWN);
  useLayoutEffect(() => {
    if (isFollowing && list.current) {
      list.current.scrollTop = list.current.scrollHeight;
    }
  });
  const levels: Record<LogLevel, string> = {
    debug: trans.__('Everything'),
    info: trans.__('Information and worse'),
    warning: trans.__('Warnings and errors'),
    error: trans.__('Errors only')
  };
  if (log.error && !log.data) {
    return <Problem error={log.error} retry={() => void log.refetch()} />;
  }
  return (
    <div className="jp-AutoML-log">
      <div className="jp-AutoML-logBar">
        <HTMLSelect
          value={least}
          aria-label={trans.__('Show')}
          onChange={event => setLeast(event.target.value as LogLevel)}
        >
          {LEVELS.map(level => (
            <option key={level} value={level}>
              {levels[level]}
            </option>
          ))}
        </HTMLSelect>
        <InputGroup
          type="search"
          value={wanted}
          rightIcon="ui-components:search"
          placeholder={trans.__('Lines that hold')}
          aria-label={trans.__('Lines that hold')}
          onChange={event =>
            setWanted((event.target as HTMLInputElement).value)
          }
        />
        <label>
          <input
            type="checkbox"
            checked={isFollowing}
            onChange={event => setFollowing(event.target.checked)}
          />
          {trans.__('Follow')}
        </label>
        {found.length > SHOWN && (
          <span>
            {trans.__('The last %1 of %2 lines', SHOWN, found.length)}
          </span>
        )}
      </div>
      {lines.length === 0 && (
        <Message
          title={
            log.data?.length
              ? trans.__('No line is like that')
              : trans.__('Nothing logged yet')
          }
        />
      )}
      <div
        ref={list}
        tabIndex={0}
        role="log"
        aria-label={trans.__('Log of %1', name)}
      >
        {lines.map(line => (
          <div key={line.seq} className={`jp-mod-${line.level}`}>
            <time dateTime={line.timestamp}>
              {new Date(line.timestamp).toLocaleTimeString()}
            </time>
            <span>{line.level}</span>
            <span>{line.message}</span>
          </div>
        ))}
      </div>
    </div>
  );
}
