import { writeFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { isHostLocal, parseCidr, parseIp } from '#shared/kube/ip.ts'
import type { Command } from './command.ts'

/**
 * IPv6 on a worker of a dual-stack cluster. It is for the cluster's own traffic: the addresses are local ones (RFC 4193)
 * that nothing beyond this machine can answer, and not every engine keeps its networks of IPv6 apart. So no route leads
 * out of the cluster, what leaves goes by IPv4, and nothing from outside comes in.
 * @returns the worker's address of IPv6
 * @throws Error where this machine's kernel lacks something
 */
export async function prepareIpv6({
  podCidr,
  serviceCidr,
  run,
}: {
  podCidr: string
  serviceCidr: string
  run: Command
}): Promise<string> {
  const own = networkInterfaces().eth0?.find(({ family, address }) => {
    const parsed = family === 'IPv6' ? parseIp(address) : undefined
    return parsed !== undefined && !isHostLocal(parsed)
  })
  if (!own?.cidr) throw new Error('the worker has no IPv6 address on eth0: the engine gives its network none')
  await run('ip6tables', ['-t', 'nat', '-n', '-L']).catch((error: unknown) => {
    throw new Error('this machine cannot translate addresses of IPv6 (ip6tables), which a dual-stack cluster needs', {
      cause: error,
    })
  })
  writeFileSync('/proc/sys/net/ipv6/conf/all/forwarding', '1')
  const gateway = gatewayIn(await run('ip', ['-6', 'route', 'show', 'default']))
  // Gone already after a restart of the agent.
  if (gateway !== undefined) {
    await run('ip', ['-6', 'route', 'replace', 'unreachable', `${gateway}/128`])
    await run('ip', ['-6', 'route', 'delete', 'default'])
  }
  // The rules of Services see a packet only where its address has a route, as all of IPv4 have by the default one.
  await run('ip', ['-6', 'route', 'replace', serviceCidr, 'dev', 'eth0'])
  await run('nft', ['-f', '-'], edgeScript([own.cidr, podCidr]))
  return own.address
}

/** The next hop of a default route, as `ip -6 route show default` prints it. */
export function gatewayIn(routes: string): string | undefined {
  const via = /^default via (\S+)/m.exec(routes)?.[1]
  return via !== undefined && parseIp(via) ? via : undefined
}

/** Neighbours speak from link-local addresses, and from none while they look whether theirs is taken. */
const neighbours = ['fe80::/10', '::']

/** Drops what comes over the workers' network from elsewhere than the cluster. @param inside ranges of the cluster */
export function edgeScript(inside: readonly string[]): string {
  const table = 'ip6 slipway-edge'
  const ranges = inside.flatMap((text) => (parseCidr(text) ? [text] : []))
  return [
    `add table ${table}`,
    `delete table ${table}`,
    `add table ${table}`,
    `add chain ${table} outer { type filter hook prerouting priority -300 ; policy accept ; }`,
    `add rule ${table} outer iifname "eth0" ip6 saddr != { ${[...ranges, ...neighbours].join(', ')} } drop`,
    '',
  ].join('\n')
}
