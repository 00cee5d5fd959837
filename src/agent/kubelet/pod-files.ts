import type { Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { canonicalIp } from '#shared/kube/ip.ts'

export interface DnsSettings {
  /** Address of the cluster's DNS. */
  clusterDns: string
  clusterDomain: string
  /** The worker's own resolv.conf. */
  host: { nameservers: string[]; searches: string[]; options: string[] }
}

/** Limits of the C library's resolver, and the kubelet's own (validation.MaxDNSSearchPaths and its neighbours). */
const mostNameservers = 3
const mostSearches = 32
const longestSearchLine = 2_048
/** Some resolvers abort on longer ones. */
const longestSearch = 253

export interface ResolvConf {
  text: string
  /** What has been left out, in the words of DNSConfigForming events. */
  omissions: string[]
}

/** `/etc/resolv.conf` of the pod's containers, by its dnsPolicy and dnsConfig. */
export function resolvConf({ metadata, spec }: Pod, { clusterDns, clusterDomain, host }: DnsSettings): ResolvConf {
  const policy = spec?.dnsPolicy ?? 'ClusterFirst'
  const cluster = {
    nameservers: [clusterDns],
    searches: [
      `${metadata.namespace ?? 'default'}.svc.${clusterDomain}`,
      `svc.${clusterDomain}`,
      clusterDomain,
      ...host.searches,
    ],
    options: ['ndots:5'],
  }
  const usesCluster = policy === 'ClusterFirstWithHostNet' || (policy === 'ClusterFirst' && !spec?.hostNetwork)
  const base = policy === 'None' ? { nameservers: [], searches: [], options: [] } : usesCluster ? cluster : host
  const own = spec?.dnsConfig
  const options = new Map(base.options.map((option) => [option.split(':')[0] ?? '', option]))
  for (const { name = '', value } of own?.options ?? [])
    options.set(name, value === undefined ? name : `${name}:${value}`)
  const wantedSearches = [...new Set([...base.searches, ...(own?.searches ?? [])])].filter(isWord)
  const searches = fittingSearches(wantedSearches)
  const wantedServers = [...new Set([...base.nameservers, ...(own?.nameservers ?? [])])].filter(
    (server) => canonicalIp(server) !== undefined,
  )
  const servers = wantedServers.slice(0, mostNameservers)
  const text = [
    ...(searches.length > 0 ? [`search ${searches.join(' ')}`] : []),
    ...servers.map((server) => `nameserver ${server}`),
    ...(options.size > 0 ? [`options ${[...options.values()].filter(isWord).join(' ')}`] : []),
    '',
  ].join('\n')
  const omissions = [
    ...(servers.length < wantedServers.length
      ? [
          `Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: ${servers.join(' ')}`,
        ]
      : []),
    ...(searches.length < wantedSearches.length
      ? [
          `Search Line limits were exceeded, some search paths have been omitted, the applied search line is: ${searches.join(' ')}`,
        ]
      : []),
  ]
  return { text, omissions }
}

function fittingSearches(wanted: readonly string[]): string[] {
  const kept = wanted.slice(0, mostSearches).filter(({ length }) => length <= longestSearch)
  while (kept.join(' ').length > longestSearchLine) kept.pop()
  return kept
}

/** Keeps single words only: text with white space or line breaks is dropped. */
const isWord = (text: string): boolean => /^[^\s#]+$/.test(text)

export function parseResolvConf(text: string): DnsSettings['host'] {
  const of = (word: string): string[] =>
    text
      .split('\n')
      .filter((line) => line.startsWith(`${word} `))
      .flatMap((line) => line.slice(word.length).trim().split(/\s+/))
  return { nameservers: of('nameserver'), searches: of('search'), options: of('options') }
}

interface PodIdentity {
  hostname: string
  /** Of each family. */
  ips: readonly string[]
  clusterDomain: string
  namespace: string
}

/** `/etc/hosts` of the pod's containers. @param nodeHosts the node's own, which pods of the host's network have */
export function hostsFile({ spec }: Pod, identity: PodIdentity, nodeHosts: string): string {
  const { hostAliases = [] } = spec ?? {}
  const { hostNetwork, hostnameOverride } = spec ?? {}
  const subdomain = hostnameOverride ? undefined : spec?.subdomain
  return [
    ...(hostNetwork
      ? ['# Kubernetes-managed hosts file (host network).', nodeHosts.trimEnd()]
      : ['# Kubernetes-managed hosts file.', ...podHosts(identity, subdomain)]),
    ...(hostAliases.length > 0 ? ['', '# Entries added by HostAliases.'] : []),
    ...hostAliases
      .filter((alias) => canonicalIp(alias.ip) !== undefined)
      .map((alias) => `${alias.ip}\t${(alias.hostnames ?? []).filter(isWord).join('\t')}`),
    '',
  ].join('\n')
}

function podHosts({ hostname, ips, clusterDomain, namespace }: PodIdentity, subdomain: string | undefined): string[] {
  const names = subdomain ? `${hostname}.${subdomain}.${namespace}.svc.${clusterDomain}\t${hostname}` : hostname
  return [
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    'fe00::0\tip6-localnet',
    'fe00::0\tip6-mcastprefix',
    'fe00::1\tip6-allnodes',
    'fe00::2\tip6-allrouters',
    ...ips.map((ip) => `${ip}\t${names}`),
  ]
}

/** The output of `hostname` in the pod: its name, or its FQDN with setHostnameAsFQDN, or whatever it asks for. */
export function kernelHostname(pod: Stored<Pod>, clusterDomain: string): string {
  const { metadata, spec } = pod
  const hostname = podHostname(pod)
  if (!spec?.setHostnameAsFQDN || !spec.subdomain || spec.hostnameOverride) return hostname
  return `${hostname}.${spec.subdomain}.${metadata.namespace}.svc.${clusterDomain}`
}

/** The pod's hostname: at most 63 characters, without a trailing dash or dot; or, as it stands, `hostnameOverride` (KEP-4762). */
export function podHostname({ metadata, spec }: Pod): string {
  if (spec?.hostnameOverride) return spec.hostnameOverride
  return (spec?.hostname ?? metadata.name ?? '').slice(0, 63).replace(/[-.]+$/, '')
}
