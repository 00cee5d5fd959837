import type { EndpointSlice, Service, WebhookClientConfig } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import type { Tone } from '../../../components/tone.ts'
import { t } from '../../../texts/index.ts'

/** Whether pods stand behind the Service that a webhook asks; undefined for an address outside of the cluster. */
export function webhookReach(
  { service }: WebhookClientConfig,
  services: readonly Stored<Service>[],
  slices: readonly Stored<EndpointSlice>[],
): { tone: Tone; text: string } | undefined {
  if (!service) return undefined
  const { name, namespace } = service
  const found = services.find(({ metadata }) => metadata.name === name && metadata.namespace === namespace)
  if (!found) return { tone: 'bad', text: t('pages.webhook.noService') }
  if (found.spec?.type === 'ExternalName') return undefined
  const ready = slices
    .filter(
      ({ metadata }) => metadata.namespace === namespace && metadata.labels?.['kubernetes.io/service-name'] === name,
    )
    .flatMap(({ endpoints }) => endpoints ?? [])
    // Unset means ready.
    .filter(({ conditions }) => conditions?.ready !== false)
  // In a dual-stack Service a pod has an endpoint in a slice of each family.
  const pods = new Set(ready.map(({ targetRef, addresses }) => targetRef?.uid ?? addresses[0]))
  return pods.size > 0
    ? { tone: 'good', text: t('pages.webhook.answers', { n: pods.size }) }
    : { tone: 'bad', text: t('pages.webhook.nobody') }
}
