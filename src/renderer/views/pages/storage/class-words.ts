import type { StorageClass } from '#shared/kube/generated/types.ts'
import { t } from '../../../texts/index.ts'

/** What becomes of a claim that asks for the class, a sentence each. */
export function classWords({ metadata, ...of }: StorageClass): string[] {
  const isDefault = metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true'
  return [
    t(of.provisioner === 'kubernetes.io/no-provisioner' ? 'pages.class.byHand' : 'pages.class.by', {
      provisioner: of.provisioner,
    }),
    t(of.volumeBindingMode === 'WaitForFirstConsumer' ? 'pages.class.late' : 'pages.class.early'),
    t(of.reclaimPolicy === 'Retain' ? 'pages.class.retain' : 'pages.class.delete'),
    t(of.allowVolumeExpansion ? 'pages.class.grows' : 'pages.class.fixed'),
    t(isDefault ? 'pages.class.default' : 'pages.class.named'),
  ]
}
