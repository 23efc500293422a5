/** What views know of feature engineering jobs. */

import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { ProposalQuery } from '../api';
import { useAutoML } from '../context';
import { useInterval } from '../queries';

export function useProposals(query: ProposalQuery) {
  const { api } = useAutoML();
  return useQuery({
    queryKey: ['feature_engineering', 'list', query],
    queryFn: () => api.proposals(query),
    placeholderData: keepPreviousData,
    refetchInterval: useInterval()
  });
}

export function useProposal(id: string) {
  const { api } = useAutoML();
  return useQuery({
    queryKey: ['feature_engineering', id, 'details'],
    queryFn: () => api.proposal(id),
    refetchInterval: useInterval()
  });
}
