import { SquareArrowOutUpRight } from '@lucide/vue'
import type { Ingress } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import type { Resource } from '#shared/kube/resources.ts'
import { ingressAddresses, serviceAddresses } from '../../forwards/addresses.ts'
import { addressText, openInBrowser } from '../../forwards/open.ts'
import { forwardKindOf, isSecure, portsOf, type ForwardPort } from '../../forwards/ports.ts'
import { t } from '../../texts/index.ts'
import { mayOr, type Action } from './action.ts'

const look = { id: 'open', icon: SquareArrowOutUpRight }

/** Opens the first host of an Ingress in the browser. */
export const openIngress: Action<Ingress> = {
  ...look,
  get label() {
    return t('forwards.actions.open')
  },
  enabled: (ingress) =>
    ingressAddresses(ingress).length > 0 || t('forwards.actions.noHost', { name: ingress.metadata.name }),
  run(ingress) {
    const [address] = ingressAddresses(ingress)
    if (address) openInBrowser(address.url)
  },
}

/**
 * Opens what answers at a Service or pod: at its own address where it has one on this machine, else through a forward.
 */
export function openPort(resource: Resource): Action {
  const addressOf = (object: Stored): string | undefined =>
    resource.kind === 'Service' ? serviceAddresses(object)[0]?.url : undefined
  const portOf = (object: Stored): ForwardPort | undefined => {
    const kind = forwardKindOf(resource)
    const ports = kind ? portsOf(kind, object) : []
    return ports.find(({ name, number }) => /^http|web/.test(name) || number === 80) ?? ports[0]
  }
  return {
    ...look,
    get label() {
      return t('forwards.actions.open')
    },
    enabled(object, access) {
      if (!portOf(object)) return t('forwards.actions.noPort', { name: object.metadata.name })
      return resource.kind === 'Pod' ? mayOr(access, 'create', object, { subresource: 'portforward' }) : true
    },
    async run(object, { context, forwards, say }) {
      const port = portOf(object)
      const kind = forwardKindOf(resource)
      const { name, namespace = '' } = object.metadata
      let url = addressOf(object)
      if (url === undefined && port && kind) {
        const { localPort } = await forwards.reach({ context, namespace, kind, name, port: port.port })
        url = `${isSecure(port) ? 'https' : 'http'}://${addressText(localPort)}/`
      }
      if (url === undefined) return
      openInBrowser(url)
      say(t('forwards.actions.opened', { name, address: url }))
    },
  }
}
