import { X509Certificate } from 'node:crypto'
import type { CustomResourceConversion, CustomResourceDefinition } from '#shared/kube/generated/types.ts'
import { isConditionTrue } from '#shared/kube/conditions.ts'
import { fieldForbidden, fieldInvalid, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { checkOneOf } from '../../../validation/fields.ts'
import { checkClientConfig, checkReviewVersions } from '../../../validation/webhooks.ts'

/** Validates how the versions of a definition are converted. Messages have the field names of Kubernetes' internal type. */
export function checkConversion(
  conversion: CustomResourceConversion | undefined,
  errors: FieldError[],
  previous?: CustomResourceDefinition,
): void {
  const { strategy, webhook } = conversion ?? {}
  const client = 'spec.conversion.webhookClientConfig'
  const versions = 'spec.conversion.conversionReviewVersions'
  checkOneOf(strategy, ['None', 'Webhook'], 'spec.conversion.strategy', errors)
  const { clientConfig, conversionReviewVersions = [] } = webhook ?? {}
  if (strategy !== 'Webhook') {
    const detail = 'should not be set when strategy is not set to Webhook'
    if (clientConfig) errors.push(fieldForbidden(client, detail))
    if (conversionReviewVersions.length > 0) errors.push(fieldForbidden(versions, detail))
    return
  }
  if (!clientConfig) errors.push(fieldRequired(client, 'required when strategy is set to Webhook'))
  else {
    checkClientConfig(clientConfig, client, errors)
    const problem = allowsBadBundle(previous) ? undefined : bundleProblem(clientConfig.caBundle)
    if (problem !== undefined) errors.push(fieldInvalid(`${client}.caBundle`, clientConfig.caBundle, problem))
  }
  if (conversionReviewVersions.length === 0) errors.push(fieldRequired(versions))
  else checkReviewVersions(conversionReviewVersions, versions, errors)
}

/** Many projects ship a placeholder that a controller replaces later: only a good bundle in use may not become a bad one. */
function allowsBadBundle(previous: CustomResourceDefinition | undefined): boolean {
  if (!isConditionTrue(previous?.status?.conditions, 'Established')) return true
  return bundleProblem(previous?.spec.conversion?.webhook?.clientConfig?.caBundle) !== undefined
}

/** What is wrong with a CA bundle in base64, in the words of Go's client. */
export function bundleProblem(caBundle: string | undefined): string | undefined {
  if (!caBundle) return undefined
  const text = Buffer.from(caBundle, 'base64').toString('latin1')
  const certificates = text.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? []
  if (certificates.some(isCertificate)) return undefined
  const why = certificates.length > 0 ? 'failed to parse certificate' : 'unable to parse bytes as PEM block'
  return `unable to load root certificates: ${why}`
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).serialNumber !== ''
  } catch {
    return false
  }
}
