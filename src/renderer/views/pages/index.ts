import { defineAsyncComponent, type Component } from 'vue'
import type { KindDescriptor } from '../../kinds/descriptor.ts'
import { kindId } from './page.ts'

const page = (load: () => Promise<Component>): Component => defineAsyncComponent(load)

const generic = page(() => import('./GenericPage.vue'))
const workload = page(() => import('./workload/WorkloadPage.vue'))
const data = page(() => import('./data/DataPage.vue'))

/** The pages of kinds that have one of their own, loaded when first shown. */
const pages: Readonly<Record<string, Component>> = {
  Pod: page(() => import('./pod/PodPage.vue')),
  'apps/Deployment': workload,
  'apps/ReplicaSet': workload,
  'apps/StatefulSet': workload,
  'apps/DaemonSet': workload,
  ConfigMap: data,
  Secret: data,
}

/** What draws the overview of a kind. */
export const pageOf = (kind: KindDescriptor): Component => pages[kindId(kind)] ?? generic
