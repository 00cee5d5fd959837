import {
  Bell,
  Boxes,
  Box,
  Braces,
  CalendarClock,
  ChartNoAxesCombined,
  CircleCheck,
  Copy,
  Cpu,
  Database,
  FileText,
  Gauge,
  HardDrive,
  Key,
  Layers,
  ListChecks,
  Network,
  Puzzle,
  Rocket,
  Scale,
  Server,
  Shield,
  SquareDashed,
  Umbrella,
  Waypoints,
} from '@lucide/vue'
import type { Component } from 'vue'
import type { Group, KindDescriptor } from './descriptor.ts'

/** The signs of the kinds that are looked at most; the others have that of their group. */
const ofKind: Readonly<Record<string, Component>> = {
  pods: Box,
  deployments: Rocket,
  statefulsets: Database,
  daemonsets: Server,
  replicasets: Copy,
  jobs: CircleCheck,
  cronjobs: CalendarClock,
  horizontalpodautoscalers: ChartNoAxesCombined,
  poddisruptionbudgets: Umbrella,
  services: Waypoints,
  ingresses: Network,
  networkpolicies: Shield,
  configmaps: FileText,
  secrets: Key,
  resourcequotas: Gauge,
  limitranges: Scale,
  nodes: Server,
  namespaces: SquareDashed,
  events: Bell,
}
const ofGroup: Readonly<Record<Group, Component>> = {
  workloads: Layers,
  network: Network,
  config: FileText,
  storage: HardDrive,
  access: Shield,
  admission: ListChecks,
  scheduling: Cpu,
  cluster: Boxes,
  api: Braces,
  custom: Puzzle,
}

/** The sign of a kind in lists of kinds: it stands beside its name and is read by nobody. */
export const iconOf = ({ group, resource }: KindDescriptor): Component =>
  (group === 'custom' ? undefined : ofKind[resource.plural]) ?? ofGroup[group]
