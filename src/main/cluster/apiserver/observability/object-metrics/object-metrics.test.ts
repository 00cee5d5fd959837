import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '#shared/base/clock.ts'
import {
  configMaps,
  cronJobs,
  deployments,
  horizontalPodAutoscalers,
  jobs,
  namespaces,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  resourceQuotas,
  secrets,
  services,
  statefulSets,
} from '#shared/kube/resources.ts'
import { admin, startApiServer, type TestApiServer } from '#test/support/api-server.ts'
import { kinds } from '../../kinds/index.ts'
import { objectMetricsPage } from './index.ts'

let api: TestApiServer
let all: string[]

beforeAll(async () => {
  api = await startApiServer({
    kinds,
    around: ({ reader }) => ({ pages: objectMetricsPage({ reader, clock: systemClock }) }),
  })
  await createObjects()
  all = await metrics()
})
afterAll(() => api.stop())

async function metrics(query = ''): Promise<string[]> {
  const text = await api.server.transportFor(admin).request({ method: 'GET', path: `/metrics/objects${query}` })
  return String(text).trim().split('\n')
}
/** The samples of a metric without the labels that a test does not set, such as uids. */
const samples = (name: string, lines = all): string[] =>
  lines
    .filter((line) => line.startsWith(`${name}{`))
    .map((line) =>
      line
        .slice(name.length)
        .replaceAll(/uid="[^"]*",?/g, '')
        .replace(/,}/, '}'),
    )

const template = { metadata: { labels: { app: 'x' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
const selector = { matchLabels: { app: 'x' } }

async function createObjects(): Promise<void> {
  const { client } = api
  await client.create(namespaces, { metadata: { name: 'shop', labels: { team: 'a' } } })
  await client.create(namespaces, { metadata: { name: 'yard' } })
  const node = await client.create(nodes, {
    metadata: { name: 'w1', labels: { 'node-role.kubernetes.io/worker': '' } },
    spec: { taints: [{ key: 'k', value: 'v', effect: 'NoSchedule' }], unschedulable: true },
  })
  await client.updateStatus(nodes, {
    ...node,
    status: {
      capacity: { cpu: '4', memory: '1Ki', 'nvidia.com/gpu': '2' },
      allocatable: { cpu: '3900m', pods: '110' },
      conditions: [{ type: 'Ready', status: 'Unknown' }],
    },
  })
  const pod = await client.create(pods, {
    metadata: {
      name: 'web',
      namespace: 'shop',
      labels: { app: 'web', 'app.kubernetes.io/name': 'n', fooBar: 'x', 'foo-bar': 'y' },
      annotations: { note: 'two\nlines "q" \\' },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'rs', uid: 'u', controller: true }],
    },
    spec: {
      nodeName: 'w1',
      containers: [
        { name: 'c', image: 'i', resources: { requests: { cpu: '250m', memory: '64Mi' }, limits: { cpu: '1' } } },
      ],
    },
  })
  await client.updateStatus(pods, {
    ...pod,
    status: {
      phase: 'Running',
      podIP: '10.1.2.3',
      podIPs: [{ ip: '10.1.2.3' }],
      hostIP: '1.2.3.4',
      startTime: '2026-01-01T00:00:00Z',
      conditions: [{ type: 'Ready', status: 'False' }],
      containerStatuses: [
        {
          name: 'c',
          image: 'docker.io/i:1',
          imageID: 'sha',
          containerID: 'docker://1',
          ready: false,
          restartCount: 3,
          state: { waiting: { reason: 'CrashLoopBackOff' } },
          lastState: { terminated: { exitCode: 137, reason: 'OOMKilled', finishedAt: '2026-01-01T00:01:00Z' } },
        },
      ],
    },
  })
  await client.create(pods, { metadata: { name: 'crane', namespace: 'yard' }, spec: template.spec })
  const deployment = await client.create(deployments, {
    metadata: { name: 'web', namespace: 'shop' },
    spec: { replicas: 10, selector, template, strategy: { rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } } },
  })
  await client.updateStatus(deployments, {
    ...deployment,
    status: { replicas: 4, readyReplicas: 3, conditions: [{ type: 'Available', status: 'True', reason: 'Min' }] },
  })
  await client.create(statefulSets, {
    metadata: { name: 'db', namespace: 'shop' },
    spec: { serviceName: 'db', replicas: 2, selector, template },
  })
  const job = await client.create(jobs, {
    metadata: { name: 'j', namespace: 'shop' },
    spec: { template: { spec: { ...template.spec, restartPolicy: 'Never' } } },
  })
  await client.updateStatus(jobs, {
    ...job,
    status: { startTime: '2026-01-01T00:00:00Z', active: 1, failed: 2 },
  })
  await client.create(cronJobs, {
    metadata: { name: 'nightly', namespace: 'shop' },
    spec: {
      schedule: '@daily',
      jobTemplate: { spec: { template: { spec: { ...template.spec, restartPolicy: 'Never' } } } },
    },
  })
  await client.create(horizontalPodAutoscalers, {
    metadata: { name: 'h', namespace: 'shop' },
    spec: {
      maxReplicas: 5,
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
      ],
    },
  })
  await client.create(services, {
    metadata: { name: 's', namespace: 'shop' },
    spec: { clusterIP: 'None', clusterIPs: ['None'], ports: [{ name: 'http', port: 80, targetPort: 'web' }] },
  })
  await client.create(persistentVolumeClaims, {
    metadata: { name: 'data', namespace: 'shop' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  })
  await client.create(persistentVolumes, {
    metadata: { name: 'pv' },
    spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/data' } },
  })
  await client.create(configMaps, { metadata: { name: 'cm', namespace: 'shop' }, data: { a: 'hidden' } })
  await client.create(secrets, { metadata: { name: 'sec', namespace: 'shop' }, stringData: { a: 'hidden' } })
  const quota = await client.create(resourceQuotas, {
    metadata: { name: 'q', namespace: 'shop' },
    spec: { hard: { pods: '5' } },
  })
  await client.updateStatus(resourceQuotas, { ...quota, status: { hard: { pods: '5' }, used: { pods: '1' } } })
}

const shop = (rest: string): string => `{namespace="shop",${rest}`

describe('/metrics/objects', () => {
  it.each([
    [
      'kube_pod_info',
      [
        shop(
          'pod="web",host_ip="1.2.3.4",pod_ip="10.1.2.3",node="w1",created_by_kind="ReplicaSet",created_by_name="rs",priority_class="",host_network="false"} 1',
        ),
      ],
    ],
    [
      'kube_pod_status_phase',
      [
        shop('pod="web",phase="Pending"} 0'),
        shop('pod="web",phase="Succeeded"} 0'),
        shop('pod="web",phase="Failed"} 0'),
        shop('pod="web",phase="Unknown"} 0'),
        shop('pod="web",phase="Running"} 1'),
      ],
    ],
    [
      'kube_pod_status_ready',
      [
        shop('pod="web",condition="true"} 0'),
        shop('pod="web",condition="false"} 1'),
        shop('pod="web",condition="unknown"} 0'),
      ],
    ],
    ['kube_pod_owner', [shop('pod="web",owner_kind="ReplicaSet",owner_name="rs",owner_is_controller="true"} 1')]],
    ['kube_pod_start_time', [shop('pod="web"} 1767225600')]],
    [
      'kube_pod_container_resource_requests',
      [
        shop('pod="web",container="c",node="w1",resource="cpu",unit="core"} 0.25'),
        shop('pod="web",container="c",node="w1",resource="memory",unit="byte"} 67108864'),
      ],
    ],
    ['kube_pod_container_status_waiting_reason', [shop('pod="web",container="c",reason="CrashLoopBackOff"} 1')]],
    ['kube_pod_container_status_last_terminated_reason', [shop('pod="web",container="c",reason="OOMKilled"} 1')]],
    ['kube_pod_container_status_last_terminated_exitcode', [shop('pod="web",container="c"} 137')]],
    ['kube_pod_container_status_restarts_total', [shop('pod="web",container="c"} 3')]],
    ['kube_pod_container_status_running', [shop('pod="web",container="c"} 0')]],
    [
      'kube_pod_container_info',
      [
        shop(
          'pod="web",container="c",image_spec="i",image="docker.io/i:1",image_id="sha",container_id="docker://1"} 1',
        ),
      ],
    ],
    ['kube_node_spec_unschedulable', ['{node="w1"} 1']],
    ['kube_node_role', ['{node="w1",role="worker"} 1']],
    ['kube_node_spec_taint', ['{node="w1",key="k",value="v",effect="NoSchedule"} 1']],
    [
      'kube_node_status_capacity',
      [
        '{node="w1",resource="cpu",unit="core"} 4',
        '{node="w1",resource="memory",unit="byte"} 1024',
        '{node="w1",resource="nvidia_com_gpu",unit="integer"} 2',
      ],
    ],
    [
      'kube_node_status_allocatable',
      ['{node="w1",resource="cpu",unit="core"} 3.9', '{node="w1",resource="pods",unit="integer"} 110'],
    ],
    [
      'kube_node_status_condition',
      [
        '{node="w1",condition="Ready",status="true"} 0',
        '{node="w1",condition="Ready",status="false"} 0',
        '{node="w1",condition="Ready",status="unknown"} 1',
      ],
    ],
    ['kube_deployment_spec_replicas', [shop('deployment="web"} 10')]],
    ['kube_deployment_status_replicas_ready', [shop('deployment="web"} 3')]],
    ['kube_deployment_status_replicas_unavailable', [shop('deployment="web"} 0')]],
    ['kube_deployment_spec_strategy_rollingupdate_max_surge', [shop('deployment="web"} 3')]],
    ['kube_deployment_spec_strategy_rollingupdate_max_unavailable', [shop('deployment="web"} 2')]],
    ['kube_statefulset_replicas', [shop('statefulset="db"} 2')]],
    ['kube_job_status_failed', [shop('job_name="j",reason=""} 2')]],
    ['kube_cronjob_info', [shop('cronjob="nightly",schedule="@daily",concurrency_policy="Allow",timezone="local"} 1')]],
    [
      'kube_horizontalpodautoscaler_spec_target_metric',
      [shop('horizontalpodautoscaler="h",metric_name="cpu",metric_target_type="utilization"} 80')],
    ],
    ['kube_service_spec_type', [shop('service="s",type="ClusterIP"} 1')]],
    ['kube_persistentvolumeclaim_resource_requests_storage_bytes', [shop('persistentvolumeclaim="data"} 1073741824')]],
    ['kube_persistentvolume_capacity_bytes', ['{persistentvolume="pv"} 1073741824']],
    ['kube_secret_type', [shop('secret="sec",type="Opaque"} 1')]],
    [
      'kube_resourcequota',
      [
        shop('resourcequota="q",resource="pods",type="hard"} 5'),
        shop('resourcequota="q",resource="pods",type="used"} 1'),
      ],
    ],
  ])('%s', (name, expected) => {
    expect(samples(name).filter((sample) => !sample.includes('yard'))).toEqual(expected)
  })

  it('says when a CronJob runs next', () => {
    const [sample = ''] = samples('kube_cronjob_next_schedule_time')
    const time = Number(sample.split(' ').at(-1)) * 1_000
    expect(new Date(time).toISOString()).toMatch(/T00:00:00.000Z$/)
    expect(time).toBeGreaterThan(Date.now())
  })

  it('declares every metric once, before its samples', () => {
    const declared = all.filter((line) => line.startsWith('# TYPE ')).map((line) => line.split(' ')[2])
    expect(new Set(declared).size).toBe(declared.length)
    expect(declared).toContain('kube_poddisruptionbudget_status_desired_healthy')
    let current = ''
    for (const line of all) {
      if (line.startsWith('# TYPE ')) current = line.split(' ')[2] ?? ''
      else if (!line.startsWith('#')) expect(line.startsWith(`${current}{`)).toBe(true)
    }
    expect(all).toContain('# TYPE kube_pod_container_status_restarts_total counter')
  })

  it('tells nothing of what ConfigMaps and Secrets contain', () => expect(all.join()).not.toContain('hidden'))

  it('is limited to resources and namespaces on request', async () => {
    const lines = await metrics('?resources=pods,secrets&namespaces=yard')
    expect(samples('kube_pod_created', lines)).toHaveLength(1)
    expect(lines.filter((line) => !line.startsWith('#')).every((line) => line.includes('namespace="yard"'))).toBe(true)
  })

  it('has labels and annotations for the asking', async () => {
    expect(all.some((line) => line.startsWith('kube_pod_labels'))).toBe(false)
    const lines = await metrics(
      '?metric-labels-allowlist=pods=[app,app.kubernetes.io/name],namespaces=[*]&metric-annotations-allowlist=pods=[*]',
    )
    expect(samples('kube_pod_labels', lines)).toContain(
      shop('pod="web",label_app="web",label_app_kubernetes_io_name="n"} 1'),
    )
    expect(samples('kube_pod_annotations', lines)).toContain(
      shop('pod="web",annotation_note="two\\nlines \\"q\\" \\\\"} 1'),
    )
    expect(samples('kube_namespace_labels', lines).find((line) => line.includes('shop'))).toContain('label_team="a"')
    const conflicts = await metrics('?metric-labels-allowlist=pods=[fooBar,foo-bar]')
    expect(samples('kube_pod_labels', conflicts)).toContain(
      shop('pod="web",label_foo_bar_conflict1="y",label_foo_bar_conflict2="x"} 1'),
    )
  })

  it.each(['pods', 'pods=[a', 'pods=a', '=[a]', 'pods=[a]x=[b]'])('refuses the allow list %s', async (text) => {
    await expect(metrics(`?metric-labels-allowlist=${text}`)).rejects.toMatchObject({ code: 400 })
  })
})
