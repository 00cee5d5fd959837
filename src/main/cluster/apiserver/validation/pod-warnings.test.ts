import { expect, it } from 'vitest'
import { podWarnings } from './pod-warnings.ts'

it('warns about volumes without a plugin, node labels, annotations and spread constraints', () => {
  expect(
    podWarnings(
      {
        metadata: { annotations: { 'container.apparmor.security.beta.kubernetes.io/c': 'unconfined' } },
        spec: {
          containers: [{ name: 'c' }],
          nodeSelector: { 'beta.kubernetes.io/os': 'linux' },
          topologySpreadConstraints: [{ topologyKey: 'zone', maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule' }],
          volumes: [{ name: 'v', rbd: { image: 'i', monitors: ['m'] } }],
        },
      },
      'spec.template.',
    ),
  ).toEqual([
    'spec.template.spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead',
    'spec.template.spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no pod',
    'spec.template.metadata.annotations[container.apparmor.security.beta.kubernetes.io/c]: deprecated since v1.30; use the "appArmorProfile" field instead',
    'spec.template.spec.volumes[0].rbd: deprecated in v1.28, non-functional in v1.31+',
  ])
})

it('warns about ports that conflict, between containers too', () => {
  const port = { containerPort: 80, protocol: 'TCP', name: 'http' }
  const containers = [
    { name: 'a', ports: [port] },
    { name: 'b', ports: [port, { containerPort: 81, protocol: 'TCP', hostIP: '10.0.0.1' }] },
  ]
  expect(podWarnings({ spec: { containers } })).toEqual([
    'spec.containers[1].ports[0]: duplicate port definition with spec.containers[0].ports[0]',
    'spec.containers[1].ports[0]: duplicate port name "http" with spec.containers[0].ports[0], services and probes that select ports by name will use spec.containers[0].ports[0]',
    'spec.containers[1].ports[1]: hostIP set without hostPort: {Name: HostPort:0 ContainerPort:81 Protocol:TCP HostIP:10.0.0.1}',
  ])
})
