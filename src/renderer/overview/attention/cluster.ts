import { explain } from '../../explain/index.ts'
import { quotaShares } from '../../explain/quota.ts'
import { percentText } from '../../texts/format.ts'
import { t } from '../../texts/index.ts'
import { patience, type AttentionRule, type Finding } from './rule.ts'

/** Workers that do not answer, are short of something, or take no pods. */
export const troubledNodes: AttentionRule = {
  id: 'nodes',
  needs: ['nodes'],
  find: (snapshot, around) =>
    (snapshot.nodes ?? []).flatMap((node): Finding[] => {
      const { name } = node.metadata
      const explanation = explain('Node', node, around.near({ kind: 'Node', name }))
      if (explanation?.tone !== 'bad' && explanation?.tone !== 'warn') return []
      const ready = node.status?.conditions?.find(({ type }) => type === 'Ready')
      return [
        {
          tone: explanation.tone,
          about: { kind: 'Node', name },
          says: explanation.sentence,
          since: ready?.status === 'True' ? undefined : Date.parse(ready?.lastTransitionTime ?? '') || undefined,
        },
      ]
    }),
}

/** Claims without a volume. One that waits for its first pod is not in trouble. */
export const unboundClaims: AttentionRule = {
  id: 'claims',
  needs: ['claims', 'pods', 'storageClasses'],
  find: (snapshot, around) =>
    (snapshot.claims ?? []).flatMap((claim): Finding[] => {
      const { name, namespace, creationTimestamp } = claim.metadata
      if (snapshot.now - Date.parse(creationTimestamp ?? '') < patience) return []
      const near = around.near({ kind: 'PersistentVolumeClaim', namespace, name })
      const explanation = explain('PersistentVolumeClaim', claim, near)
      if (explanation?.tone !== 'bad' && explanation?.tone !== 'warn') return []
      return [
        {
          tone: explanation.tone,
          about: { kind: 'PersistentVolumeClaim', name, namespace },
          says: explanation.sentence,
        },
      ]
    }),
}

/** The share of a quota from which it is told of, and from which it is full. */
const near = 0.8
const full = 1

/** Quotas of which little is left: the resource of which the largest share is used. */
export const scarceQuotas: AttentionRule = {
  id: 'quotas',
  needs: ['quotas'],
  find: ({ quotas = [] }) =>
    quotas.flatMap((quota): Finding[] => {
      const { name, namespace } = quota.metadata
      const [worst] = quotaShares(quota.status).filter(({ share }) => share >= near)
      if (!worst) return []
      const { resource, share, used, hard } = worst
      return [
        {
          tone: share >= full ? 'bad' : 'warn',
          about: { kind: 'ResourceQuota', name, namespace },
          says: t('overview.attention.quota', { resource, share: percentText(share), used, hard }),
        },
      ]
    }),
}
