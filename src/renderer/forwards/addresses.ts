import type { Ingress, Service } from '#shared/kube/generated/types.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { isSecure } from './ports.ts'

/** Where something is reached without a forward. */
export interface Address {
  kind: 'Ingress' | 'Gateway' | 'HTTPRoute' | 'Service'
  namespace: string
  name: string
  url: string
  /** No controller has given the object an address: most likely nothing answers there. */
  isUnserved?: boolean
}

export interface Gateway extends KubeObject {
  spec?: { listeners?: { hostname?: string; protocol: string; port: number }[] }
  status?: { addresses?: { value: string }[] }
}
export interface HttpRoute extends KubeObject {
  spec?: { hostnames?: string[] }
}

const of = (kind: Address['kind'], { metadata }: KubeObject, urls: readonly string[]): Address[] =>
  [...new Set(urls)].map((url) => ({ kind, namespace: metadata.namespace ?? '', name: metadata.name ?? '', url }))
const canOpen = (host: string | undefined): host is string =>
  host !== undefined && host !== '' && !host.startsWith('*') && /^[a-z0-9.-]+$/i.test(host)

/** The port that a status tells, as the part of an address; '' for the scheme's own. */
function portText(ports: readonly { port: number }[], secure: boolean): string {
  const found = (secure ? ports.at(-1) : ports[0])?.port
  return found === undefined || found === (secure ? 443 : 80) ? '' : `:${found}`
}

/** The addresses of an Ingress: one for each host and path, also while no controller serves it. */
export function ingressAddresses(ingress: Ingress): Address[] {
  const { spec, status } = ingress
  const secure = new Set((spec?.tls ?? []).flatMap(({ hosts = [] }) => hosts))
  const served = status?.loadBalancer?.ingress ?? []
  const ports = served.flatMap((each) => each.ports ?? [])
  const urls = (spec?.rules ?? []).flatMap(({ host, http }) => {
    if (!canOpen(host)) return []
    const isTls = secure.has(host)
    const base = `${isTls ? 'https' : 'http'}://${host}${portText(ports, isTls)}`
    return (http?.paths ?? [{ path: '/' }]).map(({ path = '/' }) => `${base}${path.startsWith('/') ? path : '/'}`)
  })
  const addresses = of('Ingress', ingress, urls)
  return served.length > 0 ? addresses : addresses.map((address) => ({ ...address, isUnserved: true }))
}

/** The addresses of a LoadBalancer Service that has one. */
export function serviceAddresses(service: Service): Address[] {
  const { spec, status } = service
  const declared = (spec?.ports ?? []).filter(({ protocol = 'TCP' }) => protocol === 'TCP')
  const urls = (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname, ports }) => {
    const host = ip === '127.0.0.1' ? 'localhost' : (hostname ?? (ip?.includes(':') ? `[${ip}]` : ip))
    if (host === undefined) return []
    return declared.flatMap((one) => {
      // In the order of the Service's ports; one that is not served carries the reason.
      const served = ports ? ports[(spec?.ports ?? []).indexOf(one)] : { port: one.port, error: undefined }
      if (!served || served.error) return []
      const secure = isSecure({ port: one.port, number: one.port, name: one.name ?? '' })
      return [`${secure ? 'https' : 'http'}://${host}${portText([served], secure)}/`]
    })
  })
  return spec?.type === 'LoadBalancer' ? of('Service', service, urls) : []
}

/** @param ingress where the cluster serves Gateways: `http://localhost:8080` */
export function gatewayAddresses(gateway: Gateway, ingress: string): Address[] {
  if ((gateway.status?.addresses ?? []).length === 0) return []
  const { port, hostname } = new URL(ingress)
  const at = port === '' ? '' : `:${port}`
  const urls = (gateway.spec?.listeners ?? []).flatMap(({ hostname: host = hostname, protocol }) =>
    canOpen(host) && /^HTTPS?$/.test(protocol) ? [`${protocol.toLowerCase()}://${host}${at}/`] : [],
  )
  return of('Gateway', gateway, urls)
}

/** @param ingress as of `gatewayAddresses` */
export function routeAddresses(route: HttpRoute, ingress: string): Address[] {
  const { port } = new URL(ingress)
  const urls = (route.spec?.hostnames ?? [])
    .filter(canOpen)
    .map((host) => `http://${host}${port === '' ? '' : `:${port}`}/`)
  return of('HTTPRoute', route, urls)
}
