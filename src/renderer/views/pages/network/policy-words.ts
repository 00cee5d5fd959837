import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from '#shared/kube/generated/types.ts'
import { selectorText } from '../../../kinds/cells.ts'
import { t } from '../../../texts/index.ts'

/** A policy in sentences: whom it is for, and what may come in and go out. */
export interface PolicyWords {
  subject: string
  ingress: string[]
  egress: string[]
}

export function policyWords({ metadata, spec }: NetworkPolicy): PolicyWords {
  const namespace = metadata.namespace ?? ''
  const selector = selectorText(spec?.podSelector)
  const types = spec?.policyTypes ?? ['Ingress', ...(spec?.egress ? ['Egress'] : [])]
  const words = (
    direction: 'ingress' | 'egress',
    rules: readonly { peers: readonly NetworkPolicyPeer[]; ports: readonly NetworkPolicyPort[] }[],
  ): string[] => {
    if (!types.includes(direction === 'ingress' ? 'Ingress' : 'Egress')) return [t(`pages.policy.${direction}Free`)]
    if (rules.length === 0) return [t(`pages.policy.${direction}None`)]
    return rules.map(({ peers, ports }) => {
      const who =
        peers.length === 0
          ? t('pages.policy.anyone')
          : peers.map((peer) => peerText(peer, namespace)).join(t('pages.policy.or'))
      return t(`pages.policy.${direction}`, { who, ports: portsText(ports) })
    })
  }
  return {
    subject:
      selector === '' ? t('pages.policy.allPods', { namespace }) : t('pages.policy.somePods', { selector, namespace }),
    ingress: words(
      'ingress',
      (spec?.ingress ?? []).map(({ from = [], ports = [] }) => ({ peers: from, ports })),
    ),
    egress: words(
      'egress',
      (spec?.egress ?? []).map(({ to = [], ports = [] }) => ({ peers: to, ports })),
    ),
  }
}

function peerText({ podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer, namespace: string): string {
  if (ipBlock) {
    const { cidr, except = [] } = ipBlock
    return except.length > 0 ? t('pages.policy.blockExcept', { cidr, except: except.join(', ') }) : cidr
  }
  const pods = selectorText(podSelector)
  const spaces = selectorText(namespaceSelector)
  const where =
    namespaceSelector === undefined
      ? namespace
      : spaces === ''
        ? t('pages.policy.anyNamespace')
        : t('pages.policy.namespaces', { selector: spaces })
  return pods === '' ? t('pages.policy.podsIn', { where }) : t('pages.policy.podsWith', { selector: pods, where })
}

function portsText(ports: readonly NetworkPolicyPort[]): string {
  if (ports.length === 0) return t('pages.policy.anyPort')
  return ports
    .map(
      ({ port, endPort, protocol = 'TCP' }) =>
        `${port ?? '*'}${endPort === undefined ? '' : `–${endPort}`}/${protocol}`,
    )
    .join(', ')
}
