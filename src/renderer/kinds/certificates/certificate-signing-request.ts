import type { CertificateSigningRequest } from '#shared/kube/generated/types.ts'
import { certificateSigningRequests } from '#shared/kube/resources.ts'
import type { Tone } from '../../components/tone.ts'
import { describe } from '../descriptor.ts'

export const certificateSigningRequest = describe<CertificateSigningRequest>({
  resource: certificateSigningRequests,
  title: 'CertificateSigningRequests',
  group: 'access',
  columns: [
    {
      id: 'status',
      value: stateOf,
      tone: (object) => tones[stateOf(object)] ?? 'warn',
      width: '130px',
    },
    { id: 'signer', value: ({ spec }) => spec.signerName },
    { id: 'requester', value: ({ spec }) => spec.username ?? '' },
    { id: 'duration', value: ({ spec }) => spec.expirationSeconds ?? '', width: '104px' },
  ],
})

const tones: Record<string, Tone> = { Issued: 'good', Approved: 'done', Denied: 'bad', Failed: 'bad' }

/** As kubectl puts it: what was decided, and whether the certificate is there. */
function stateOf({ status }: CertificateSigningRequest): string {
  const has = (type: string): boolean => status?.conditions?.some((condition) => condition.type === type) ?? false
  if (has('Denied')) return 'Denied'
  if (has('Failed')) return 'Failed'
  if (!has('Approved')) return 'Pending'
  return status?.certificate ? 'Issued' : 'Approved'
}
