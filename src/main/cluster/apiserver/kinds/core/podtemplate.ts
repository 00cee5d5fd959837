import type { PodTemplate } from '#shared/kube/generated/types.ts'
import { setPodTemplateDefaults } from '../../defaulting/pod-spec.ts'
import type { FieldError } from '#shared/kube/status.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { podWarnings } from '../../validation/pod-warnings.ts'
import { checkPodTemplate } from '../../validation/pod-spec.ts'
import { labelsText, text } from '../../api/columns.ts'

/** A stored pod template. */
export const podTemplate: KindDeclaration<PodTemplate> = {
  group: '',
  version: 'v1',
  kind: 'PodTemplate',
  plural: 'podtemplates',
  singular: 'podtemplate',
  namespaced: true,
  metadataOnUpdate: 'change',
  schema: 'io.k8s.api.core.v1.PodTemplate',
  returnsDeleted: true,
  setDefaults: ({ template }) => {
    setPodTemplateDefaults(template)
  },
  validate({ template }) {
    const errors: FieldError[] = []
    checkPodTemplate(template ?? {}, 'template', errors)
    return errors
  },
  warnings: ({ template }) => podWarnings(template ?? {}, 'template.'),
  columns: [
    text('Containers', 'Names of the containers in the template.', ({ template }) => join(template, 'name')),
    text('Images', 'Images of the containers in the template.', ({ template }) => join(template, 'image')),
    text('Pod Labels', 'Labels of the template.', ({ template }) => labelsText(template?.metadata?.labels)),
  ],
}

const join = (template: PodTemplate['template'], field: 'name' | 'image'): string =>
  (template?.spec?.containers ?? []).map((container) => container[field] ?? '').join(',')
