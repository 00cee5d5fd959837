import type { ValidatingWebhookConfiguration } from '#shared/kube/generated/types.ts'
import { validatingWebhookConfigurations } from '#shared/kube/resources.ts'
import { describe } from '../descriptor.ts'
import { webhookColumns } from './columns.ts'

export const validatingWebhookConfiguration = describe<ValidatingWebhookConfiguration>({
  resource: validatingWebhookConfigurations,
  title: 'ValidatingWebhookConfigurations',
  group: 'admission',
  columns: webhookColumns,
})
