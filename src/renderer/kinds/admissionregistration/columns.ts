import type { MutatingWebhookConfiguration, ValidatingWebhookConfiguration } from '#shared/kube/generated/types.ts'
import type { Column } from '../descriptor.ts'

export const webhookColumns: Column<MutatingWebhookConfiguration | ValidatingWebhookConfiguration>[] = [
  { id: 'webhooks', value: ({ webhooks }) => webhooks?.length ?? 0, numeric: true, width: '104px' },
  {
    id: 'onFailure',
    value: ({ webhooks }) => each(webhooks, ({ failurePolicy }) => failurePolicy ?? 'Fail'),
    width: '116px',
  },
  {
    id: 'resources',
    value: ({ webhooks }) =>
      each(webhooks, ({ rules }) => (rules ?? []).map(({ resources }) => (resources ?? []).join(', ')).join(', ')),
  },
  {
    id: 'calls',
    value: ({ webhooks }) =>
      each(webhooks, ({ clientConfig: { service, url } }) =>
        service ? `${service.namespace}/${service.name}` : (url ?? ''),
      ),
  },
]

/** What the webhooks have, each value once. */
function each<T>(webhooks: readonly T[] | undefined, value: (webhook: T) => string): string {
  return [...new Set((webhooks ?? []).map(value))].filter(Boolean).join(', ')
}
