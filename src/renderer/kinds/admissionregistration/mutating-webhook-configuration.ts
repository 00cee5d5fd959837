import type { MutatingWebhookConfiguration } from '#shared/kube/generated/types.ts'
import { mutatingWebhookConfigurations } from '#shared/kube/resources.ts'
import { describe } from '../descriptor.ts'
import { webhookColumns } from './columns.ts'

export const mutatingWebhookConfiguration = describe<MutatingWebhookConfiguration>({
  resource: mutatingWebhookConfigurations,
  title: 'MutatingWebhookConfigurations',
  group: 'admission',
  columns: webhookColumns,
})
