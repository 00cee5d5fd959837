import type { DeviceClass } from '#shared/kube/generated/types.ts'
import { fieldInvalid, type FieldError } from '#shared/kube/status.ts'
import { isExtendedResource } from '#shared/kube/resource-names.ts'
import { age } from '../../api/columns.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { checkEach } from '../../validation/devices/lists.ts'
import { checkConfiguration, checkSelectors } from '../../validation/devices/parts.ts'

const mostConfigurations = 32

/** A class of devices. */
export const deviceClass: KindDeclaration<DeviceClass> = {
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'DeviceClass',
  plural: 'deviceclasses',
  singular: 'deviceclass',
  namespaced: false,
  schema: 'io.k8s.api.resource.v1.DeviceClass',
  returnsDeleted: true,
  validate({ spec }) {
    const errors: FieldError[] = []
    const { selectors, config, extendedResourceName } = spec
    checkSelectors(selectors, 'spec.selectors', errors)
    checkEach(config, mostConfigurations, 'spec.config', errors, ({ opaque }, at) =>
      checkConfiguration(opaque, at, errors),
    )
    if (extendedResourceName !== undefined && !isExtendedResource(extendedResourceName))
      errors.push(
        fieldInvalid('spec.extendedResourceName', extendedResourceName, 'must be a valid extended resource name'),
      )
    return errors
  },
  columns: [age],
}
