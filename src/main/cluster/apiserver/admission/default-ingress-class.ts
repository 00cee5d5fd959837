import type { Ingress } from '#shared/kube/generated/types.ts'
import { ingressClasses } from '#shared/kube/resources.ts'
import type { AdmissionPlugin } from '../api/admission.ts'
import { newestDefault } from '#shared/kube/default-class.ts'

const oldAnnotation = 'kubernetes.io/ingress.class'

/** DefaultIngressClass: sets the default class on an Ingress that names none, by field or by annotation. */
export const defaultIngressClass: AdmissionPlugin = {
  name: 'DefaultIngressClass',
  admit({ operation, kind, subresource, object, reader }) {
    if (operation !== 'CREATE' || kind.group !== 'networking.k8s.io' || kind.plural !== 'ingresses') return
    const { metadata, spec } = object as Ingress
    const named = spec?.ingressClassName !== undefined || metadata.annotations?.[oldAnnotation] !== undefined
    if (subresource !== '' || !spec || named) return
    const classes = reader.list(ingressClasses)
    const name = newestDefault(classes, 'ingressclass.kubernetes.io/is-default-class')?.metadata.name
    if (name !== undefined) spec.ingressClassName = name
  },
}
