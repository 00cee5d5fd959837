import { isDeepStrictEqual } from 'node:util'
import type { IpFamily } from '#shared/kube/ip.ts'
import { nftWords, type PolicyRules } from './decide.ts'

/** One of each family: rules that name addresses are of one. */
const tableOf = (family: IpFamily): string => `${nftWords[family].protocol} slipway-policy`

export const noRules: PolicyRules = { sets: new Map(), chains: new Map(), egress: new Map(), ingress: new Map() }

/** Removes the table, whether or not it is there. */
export function removeScript(family: IpFamily): string {
  const table = tableOf(family)
  return `add table ${table}\ndelete table ${table}\n`
}

/**
 * The whole table, in place of what is there: one transaction of the kernel, so that there is no moment without rules.
 *
 * Each direction has a base chain of its own: a packet between two pods of this node passes both. They come after
 * address translation of Services, and see the backend's address. Traffic of the node itself does not pass `forward`,
 * so that probes are never refused, nor is traffic to the node, except that to its DNS server.
 * @param dnsIp address of the cluster's DNS on this node, which is of IPv4
 */
export function replaceScript(family: IpFamily, rules: PolicyRules, dnsIp: string): string {
  const table = tableOf(family)
  const { protocol, address } = nftWords[family]
  return [
    removeScript(family).trimEnd(),
    `add table ${table}`,
    `add map ${table} egress-pods { type ${address} : verdict ; }`,
    `add map ${table} ingress-pods { type ${address} : verdict ; }`,
    ...[
      ['egress', 'forward', 10, `${protocol} saddr vmap @egress-pods`],
      ...(family === 'IPv4' ? [['egress-dns', 'input', 10, `ip daddr ${dnsIp} ip saddr vmap @egress-pods`]] : []),
      ['ingress', 'forward', 20, `${protocol} daddr vmap @ingress-pods`],
    ].flatMap(([chain, hook, priority, rule]) => [
      `add chain ${table} ${chain} { type filter hook ${hook} priority ${priority} ; policy accept ; }`,
      `add rule ${table} ${chain} ct state established,related accept`,
      `add rule ${table} ${chain} ${rule}`,
    ]),
    updateScript(family, rules, noRules),
  ].join('\n')
}

/**
 * The changes from `previous` to `next`, empty when they are equal. Sets and chains come before what refers to them, and
 * go after it.
 */
export function updateScript(family: IpFamily, next: PolicyRules, previous: PolicyRules): string {
  const table = tableOf(family)
  const gone = [...previous.chains.keys()].filter((chain) => !next.chains.has(chain))
  const changed = [...next.chains].filter(([chain, rules]) => !isDeepStrictEqual(rules, previous.chains.get(chain)))
  const lines = [
    ...[...next.sets]
      .filter(([set]) => !previous.sets.has(set))
      .map(([set, { type }]) => `add set ${table} ${set} { type ${type} ; }`),
    ...[...next.sets].flatMap(([set, { elements }]) =>
      elementLines(`${table} ${set}`, elements, previous.sets.get(set)?.elements ?? new Set()),
    ),
    ...changed.flatMap(([chain]) => [`add chain ${table} ${chain}`, `flush chain ${table} ${chain}`]),
    ...changed.flatMap(([chain, rules]) => rules.map((rule) => `add rule ${table} ${chain} ${rule}`)),
    ...verdictLines(`${table} egress-pods`, next.egress, previous.egress),
    ...verdictLines(`${table} ingress-pods`, next.ingress, previous.ingress),
    ...gone.map((chain) => `flush chain ${table} ${chain}`),
    ...gone.map((chain) => `delete chain ${table} ${chain}`),
    ...[...previous.sets.keys()].filter((set) => !next.sets.has(set)).map((set) => `delete set ${table} ${set}`),
  ]
  return lines.map((line) => `${line}\n`).join('')
}

const verdictLines = (
  map: string,
  next: ReadonlyMap<string, string>,
  previous: ReadonlyMap<string, string>,
): string[] => elementLines(map, verdictsOf(next), verdictsOf(previous))

const verdictsOf = (chains: ReadonlyMap<string, string>): Set<string> =>
  new Set([...chains].map(([ip, chain]) => `${ip} : jump ${chain}`))

/** Deletions first: an address may change its verdict. @param set with its table */
function elementLines(set: string, next: ReadonlySet<string>, previous: ReadonlySet<string>): string[] {
  const line = (verb: string, elements: string[]): string[] =>
    elements.length > 0 ? [`${verb} element ${set} { ${elements.join(', ')} }`] : []
  return [
    ...line(
      'delete',
      [...previous].filter((element) => !next.has(element)),
    ),
    ...line(
      'add',
      [...next].filter((element) => !previous.has(element)),
    ),
  ]
}
