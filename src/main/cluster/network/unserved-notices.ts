import type { Stop } from '#shared/base/disposable.ts'
import type { Stored } from '#shared/kube/object.ts'
import { ingresses, services } from '#shared/kube/resources.ts'
import { recorderOf, type ControllerContext } from '#shared/reconcile/context.ts'

/**
 * With simulated workers there are no processes behind a Service: LoadBalancer Services and Ingresses stay without an
 * address, as in a cluster without a provider, and one event each says why.
 */
export function startUnservedNotices(context: ControllerContext): Stop {
  const recorder = recorderOf(context, 'host-network', 'service-controller')
  const told = new Set<string>()
  const tell = (object: Stored): void => {
    if (told.has(object.metadata.uid)) return
    told.add(object.metadata.uid)
    recorder.event(object, 'Warning', 'NotServed', 'Workers are simulated: nothing listens on 127.0.0.1 for it')
  }
  const forget = ({ metadata }: Stored): void => void told.delete(metadata.uid)
  const serviceInformer = context.informers.share(services)
  const ingressInformer = context.informers.share(ingresses)
  const tellBalanced = (service: Parameters<typeof tell>[0] & { spec?: { type?: string } }): void => {
    if (service.spec?.type === 'LoadBalancer') tell(service)
  }
  serviceInformer.onChange({ added: tellBalanced, updated: (_, service) => tellBalanced(service), deleted: forget })
  ingressInformer.onChange({ added: tell, deleted: forget })
  return () => {
    serviceInformer.stop()
    ingressInformer.stop()
  }
}
