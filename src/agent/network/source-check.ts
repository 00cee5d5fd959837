import { writeFileSync } from 'node:fs'
import type { Log } from '#shared/base/log.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { Command } from './command.ts'

/**
 * A pod sends from its own addresses alone. NetworkPolicies go by them, and a container may make packets of any form
 * (NET_RAW is one of an engine's default capabilities). Rules for all pods at once: a pod's start waits for none.
 * @param interfaces how the names of the pods' interfaces begin
 */
export async function checkSources({
  interfaces,
  run,
  log,
  write = writeFileSync,
}: {
  interfaces: string
  run: Command
  log: Log
  write?: (path: string, text: string) => void
}): Promise<void> {
  try {
    await run('nft', ['-f', '-'], sourceScript(interfaces))
  } catch (error) {
    log.error('nftables does not check where packets come from: of IPv4 the kernel does, of IPv6 nothing', {
      error: messageOf(error),
    })
    // Of interfaces that are made from now on, so not of the worker's own.
    write('/proc/sys/net/ipv4/conf/default/rp_filter', '1')
  }
}

/**
 * A packet's source must be what a route leads to by the interface it came from: only a pod's addresses have one there.
 * It is checked before connections are tracked and addresses translated. A pod is no router either: workers without
 * dual stack would take a default route of IPv6 from it (CVE-2020-10749). ARP needs no rule: each pod has a link of its
 * own, on which nobody else is asked for.
 */
export function sourceScript(interfaces: string): string {
  const table = 'inet slipway-sources'
  const rule = `add rule ${table} pods iifname "${interfaces}*"`
  return [
    `add table ${table}`,
    `delete table ${table}`,
    `add table ${table}`,
    `add chain ${table} pods { type filter hook prerouting priority raw ; policy accept ; }`,
    `${rule} icmpv6 type { nd-router-advert, nd-redirect } drop`,
    `${rule} fib saddr . iif oif missing drop`,
    '',
  ].join('\n')
}
