import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent, type AgentOptions } from 'node:https'
import { BlockList, isIP } from 'node:net'
import { HttpProxyAgent, HttpsProxyAgent } from 'hpagent'
import { SocksProxyAgent } from 'socks-proxy-agent'

export type ProxyEnvironment = Readonly<Record<string, string | undefined>>

/** The agent that holds the connections to a server, through the given proxy if there is one. */
export function agentFor(server: URL, tls: AgentOptions, proxy: URL | undefined): HttpAgent {
  const secure = server.protocol === 'https:'
  const options = { keepAlive: true, ...tls }
  if (!proxy) return secure ? new HttpsAgent(options) : new HttpAgent({ keepAlive: true })
  if (proxy.protocol.startsWith('socks')) return new SocksProxyAgent(proxy, options)
  return secure ? new HttpsProxyAgent({ ...options, proxy }) : new HttpProxyAgent({ keepAlive: true, proxy })
}

/**
 * The proxy of a server: the cluster's own, else what the environment says.
 * @throws Error when it is not an address of a proxy; the address is not quoted, since it may hold a password
 */
export function proxyOf(server: URL, own: string | null | undefined, env: ProxyEnvironment): URL | undefined {
  if (own) return proxyUrl(own, 'proxy-url')
  const name = server.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY'
  const chosen = env[name] ?? env[name.toLowerCase()]
  if (!chosen || isExempt(server, env['NO_PROXY'] ?? env['no_proxy'] ?? '')) return undefined
  // As in Go, the scheme may be left out of the environment's.
  return proxyUrl(chosen.includes('://') ? chosen : `http://${chosen}`, name)
}

function proxyUrl(text: string, where: string): URL {
  if (!URL.canParse(text) || !/^(?:https?|socks5h?):$/.test(new URL(text).protocol))
    throw new Error(`${where} is not an http, https or socks5 address`)
  const url = new URL(text)
  // Go's SOCKS5 leaves the resolution of names to the proxy.
  return url.protocol === 'socks5:' ? new URL(text.replace(/^socks5:/i, 'socks5h:')) : url
}

/** NO_PROXY by the rules of Go's httpproxy: `*`, names with what is below them, `.name`, addresses, ranges, ports. */
function isExempt({ hostname, port, protocol }: URL, list: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase()
  const family = isIP(host)
  if (host === 'localhost' || (family === 4 && host.startsWith('127.')) || host === '::1') return true
  const itsPort = port || (protocol === 'https:' ? '443' : '80')
  return list
    .split(',')
    .map((word) => word.trim().toLowerCase())
    .filter(Boolean)
    .some((word) => {
      if (word === '*') return true
      const [, network, bits] = /^(.+)\/(\d+)$/.exec(word) ?? []
      if (network !== undefined && isIP(network)) return family !== 0 && isInRange(host, network, Number(bits))
      const [, name = word, wantedPort] = isIP(word) ? [] : (/^(.*?)(?::(\d+))?$/.exec(word) ?? [])
      if (wantedPort !== undefined && wantedPort !== itsPort) return false
      if (family !== 0) return name.replace(/^\[|\]$/g, '') === host
      const bare = name.replace(/^\*?\./, '')
      return host.endsWith(`.${bare}`) || (host === bare && bare === name)
    })
}

function isInRange(host: string, network: string, bits: number): boolean {
  if (isIP(host) !== isIP(network)) return false
  const family = isIP(network) === 6 ? 'ipv6' : 'ipv4'
  const ranges = new BlockList()
  try {
    ranges.addSubnet(network, bits, family)
  } catch {
    return false
  }
  return ranges.check(host, family)
}
