/** What the forms share: the frame, what few people say folded away, and the answer to a click. */

import { Button } from '@jupyterlab/ui-components';
import { useMutation } from '@tanstack/react-query';
import { useState, type FormEvent, type ReactNode } from 'react';
import { useAutoML } from '../context';
import { Message, Problem } from '../message';
import { useSchemas } from '../queries';
import { WithServer } from '../server';
import type { Schemas } from '../jsonschema';

interface IWithSchemasProps {
  children: (schemas: Schemas) => ReactNode;
}

/** Draw a form once the server has told what it takes. */
export function WithSchemas(props: IWithSchemasProps) {
  return (
    <WithServer>
      <Asked {...props} />
    </WithServer>
  );
}

function Asked({ children }: IWithSchemasProps) {
  const { trans } = useAutoML();
  const { data, error, refetch } = useSchemas();
  if (data) {
    return <>{children(data)}</>;
  }
  return error ? (
    <Problem error={error} retry={() => void refetch()} />
  ) : (
    <Message title={trans.__('Asking the server what it takes…')} />
  );
}

/**
 * Send a form's request.
 *
 * @param send - Has the server make what is asked for.
 * @param isFilled - Whether the form is worth sending.
 */
export function useSending<J>(
  send: () => Promise<J>,
  isFilled: boolean,
  sent: (job: J) => void
) {
  const { client } = useAutoML();
  const [isTried, setTried] = useState(false);
  const sending = useMutation({
    networkMode: 'always',
    mutationFn: send,
    onSuccess: sent,
    onSettled: () => void client.invalidateQueries()
  });
  return {
    error: sending.error,
    /** What was refused has been changed since. */
    forget: () => sending.error && sending.reset(),
    isTried,
    isPending: sending.isPending,
    submit: (event: FormEvent) => {
      event.preventDefault();
      setTried(true);
      if (isFilled) {
        sending.mutate();
      }
    }
  };
}

export type Sending = ReturnType<typeof useSending>;

interface IFormProps {
  title: string;
  /** The button's word, and the one while it works. */
  words: [string, string];
  /** What stands where the server has refused. */
  refused: string;
  sending: Sending;
  /** What no field is to blame for. */
  message: string;
  children: ReactNode;
}

/** The frame of a form. */
export function Form(props: IFormProps) {
  const { title, words, refused, sending, message, children } = props;
  const { trans } = useAutoML();
  return (
    <form
      className="jp-AutoML-newJob"
      aria-label={title}
      noValidate
      onSubmit={sending.submit}
    >
      <h1>{title}</h1>
      {children}
      {sending.error && (
        <div className="jp-AutoML-banner jp-mod-error" role="alert">
          <strong>{refused}</strong>{' '}
          {message || trans.__('See what is marked above.')}
        </div>
      )}
      <div className="jp-AutoML-actions">
        <Button
          type="submit"
          minimal={false}
          className="jp-mod-styled jp-mod-accept"
          disabled={sending.isPending}
        >
          {sending.isPending ? words[1] : words[0]}
        </Button>
      </div>
    </form>
  );
}

/** What few people say; it unfolds by itself where something in it is wrong. */
export function More({
  isWrong,
  children
}: {
  isWrong: boolean;
  children: ReactNode;
}) {
  const { trans } = useAutoML();
  return (
    <details key={String(isWrong)} open={isWrong}>
      <summary>{trans.__('More')}</summary>
      {children}
    </details>
  );
}
