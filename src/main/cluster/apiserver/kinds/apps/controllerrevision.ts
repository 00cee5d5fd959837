import type { ControllerRevision } from '#shared/kube/generated/types.ts'
import { fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { controllerOf } from '#shared/reconcile/ownership.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { checkImmutable, checkNotNegative } from '../../validation/fields.ts'
import { age, figure, text } from '../../api/columns.ts'

/** A revision of a workload's template, for rollbacks. */
export const controllerRevision: KindDeclaration<ControllerRevision> = {
  group: 'apps',
  version: 'v1',
  kind: 'ControllerRevision',
  plural: 'controllerrevisions',
  singular: 'controllerrevision',
  namespaced: true,
  schema: 'io.k8s.api.apps.v1.ControllerRevision',
  generation: false,
  validate({ data, revision }, previous) {
    const errors: FieldError[] = []
    // Only a new revision needs data that is an object: an update cannot change it.
    if (!previous) {
      if (data === undefined) errors.push(fieldRequired('data', 'data is mandatory'))
      else if (typeof data !== 'object' || Array.isArray(data))
        errors.push(fieldRequired('data', 'data must be a valid JSON object'))
    }
    checkNotNegative(revision, 'revision', errors)
    return errors
  },
  validateUpdate(next, previous) {
    const errors: FieldError[] = []
    checkImmutable(next.data, previous.data, 'data', errors)
    return errors
  },
  columns: [
    text('Controller', 'Whose revision it is.', controllerText),
    figure('Revision', 'Its number.', ({ revision }) => revision),
    age,
  ],
}

function controllerText({ metadata }: ControllerRevision): string {
  const owner = controllerOf({ metadata })
  if (!owner) return '<none>'
  const group = owner.apiVersion.split('/')[0] ?? ''
  return `${owner.kind.toLowerCase()}${owner.apiVersion.includes('/') ? `.${group}` : ''}/${owner.name}`
}
