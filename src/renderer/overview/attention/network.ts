import { explain } from '../../explain/index.ts'
import { t } from '../../texts/index.ts'
import { patience, type AttentionRule, type Finding } from './rule.ts'

/** Services behind which nothing answers. */
export const deadServices: AttentionRule = {
  id: 'services',
  needs: ['services', 'pods', 'endpointSlices'],
  find: (snapshot, around) =>
    (snapshot.services ?? []).flatMap((service): Finding[] => {
      const { name, namespace, creationTimestamp } = service.metadata
      // Services of the system that select nothing are answered by the cluster itself: its DNS.
      if (namespace.startsWith('kube-') && !service.spec?.selector) return []
      if (snapshot.now - Date.parse(creationTimestamp ?? '') < patience) return []
      const explanation = explain('Service', service, around.near({ kind: 'Service', namespace, name }))
      if (explanation?.tone !== 'bad' && explanation?.tone !== 'warn') return []
      return [{ tone: 'warn', about: { kind: 'Service', name, namespace }, says: explanation.sentence }]
    }),
}

/** Ingresses that lead nowhere by themselves; what is wrong with their Services is told there. */
export const deadIngresses: AttentionRule = {
  id: 'ingresses',
  needs: ['ingresses', 'services', 'ingressClasses'],
  find: (snapshot, around) =>
    (snapshot.ingresses ?? []).flatMap((ingress): Finding[] => {
      const { name, namespace } = ingress.metadata
      const { pods: _, ...near } = around.near({ kind: 'Ingress', namespace, name })
      const explanation = explain('networking.k8s.io/Ingress', ingress, near)
      if (explanation?.tone !== 'bad') return []
      return [{ tone: 'warn', about: { kind: 'Ingress', name, namespace }, says: explanation.sentence }]
    }),
}

const day = 24 * 3_600_000
/** How long before its end a certificate is told of, ms, and how long before it is urgent. */
const soon = 21 * day
const urgent = 3 * day

/** Certificates in Secrets that have ended, or do soon. */
export const endingCertificates: AttentionRule = {
  id: 'certificates',
  needs: ['certificates'],
  find: ({ certificates = [], now }) =>
    certificates
      .filter(({ notAfter }) => isEnding(notAfter, now))
      .map(({ name, namespace, notAfter }): Finding => {
        const left = notAfter - now
        return {
          tone: left < urgent ? 'bad' : 'warn',
          about: { kind: 'Secret', name, namespace },
          says:
            left <= 0
              ? t('overview.attention.certificateEnded', { n: Math.ceil(-left / day) })
              : t('overview.attention.certificate', { n: Math.ceil(left / day) }),
        }
      }),
}

export const isEnding = (notAfter: number, now: number): boolean => notAfter - now < soon
