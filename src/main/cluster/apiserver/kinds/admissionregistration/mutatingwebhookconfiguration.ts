import type { MutatingWebhookConfiguration } from '#shared/kube/generated/types.ts'
import { checkSupported } from '../../validation/fields.ts'
import { checkWebhook, checkWebhookNames, setWebhookDefaults, webhookCount } from '../../validation/webhooks.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { age } from '../../api/columns.ts'

/** Webhooks that mutate objects during admission. */
export const mutatingWebhookConfiguration: KindDeclaration<MutatingWebhookConfiguration> = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'MutatingWebhookConfiguration',
  unconditionalUpdate: false,
  plural: 'mutatingwebhookconfigurations',
  singular: 'mutatingwebhookconfiguration',
  categories: ['api-extensions'],
  namespaced: false,
  metadataOnUpdate: 'object',
  schema: 'io.k8s.api.admissionregistration.v1.MutatingWebhookConfiguration',
  setDefaults({ webhooks }) {
    for (const webhook of webhooks ?? []) {
      setWebhookDefaults(webhook)
      webhook.reinvocationPolicy ??= 'Never'
    }
  },
  validate({ webhooks = [] }) {
    const errors = checkWebhookNames(webhooks)
    webhooks.forEach((webhook, i) => {
      checkWebhook(webhook, `webhooks[${i}]`, errors)
      checkSupported(webhook.reinvocationPolicy, ['IfNeeded', 'Never'], `webhooks[${i}].reinvocationPolicy`, errors)
    })
    return errors
  },
  columns: [webhookCount, age],
}
