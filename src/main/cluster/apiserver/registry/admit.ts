import type { KubeObject } from '#shared/kube/object.ts'
import { conformObject } from '../codec/body.ts'
import type { Call } from '../api/request.ts'
import type { AdmissionAttributes, AdmissionOperation } from '../api/admission.ts'
import type { RegistryContext, Target } from './context.ts'

/** Builds the admission attributes of a request. */
export function attributesOf(
  context: RegistryContext,
  target: Target,
  call: Call,
  operation: AdmissionOperation,
  about: {
    object: KubeObject | undefined
    oldObject?: KubeObject | undefined
    dryRun: boolean
    options: Readonly<Record<string, unknown>>
  },
): AdmissionAttributes {
  const { kind } = target.resource
  const name = target.name === '' ? (about.object?.metadata?.name ?? '') : target.name
  return {
    operation,
    kind,
    subresource: target.subresource,
    namespace: kind.group === '' && kind.plural === 'namespaces' ? name : target.namespace,
    name,
    object: about.object,
    oldObject: about.oldObject,
    user: call.user,
    dryRun: about.dryRun,
    options: about.options,
    reader: context.reader,
    warn: (message) => void call.warnings.push(message),
    conform() {
      // The object of a subresource may be of another kind; its handler checks it.
      if (about.object && about.object.kind === kind.kind) conformObject(about.object, target.resource)
    },
  }
}

/** Runs the mutating phase of the admission chain. @throws ApiError */
export async function admit(context: RegistryContext, attributes: AdmissionAttributes): Promise<void> {
  for (const plugin of context.admission.mutating) {
    // Most plugins are synchronous: awaiting them would cost a microtask each.
    const pending = plugin.admit(attributes)
    if (pending) await pending
  }
}

/** Runs the validating phase of the admission chain. @throws ApiError */
export async function validateAdmission(context: RegistryContext, attributes: AdmissionAttributes): Promise<void> {
  for (const plugin of context.admission.validating) {
    const pending = plugin.validate(attributes)
    if (pending) await pending
  }
}
