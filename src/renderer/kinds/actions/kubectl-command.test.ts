import { expect, test } from 'vitest'
import { clusterRoles, cronJobs, deployments, nodes, pods, statefulSets } from '#shared/kube/resources.ts'
import { kubectlCommand, kubectlList, type KubectlCommand, type KubectlVerb } from './kubectl-command.ts'

const widgets = { group: 'example.com', version: 'v1', kind: 'Widget', plural: 'widgets', namespaced: true }
const web = { namespace: 'shop', name: 'web' }
const commandOf = (
  resource: KubectlCommand['resource'],
  does: KubectlVerb,
  objects: KubectlCommand['objects'] = [web],
  context?: string,
): string => kubectlCommand({ resource, does, objects, context })

test.each<[string, KubectlCommand['resource'], KubectlVerb]>([
  ['kubectl -n shop get -o yaml pod web', pods, { verb: 'get', output: 'yaml' }],
  ['kubectl -n shop describe deployment web', deployments, { verb: 'describe' }],
  ['kubectl -n shop edit widgets.example.com web', widgets, { verb: 'edit' }],
  ['kubectl -n shop delete pod web', pods, { verb: 'delete' }],
  ['kubectl -n shop rollout restart deployment/web', deployments, { verb: 'restart' }],
  ['kubectl -n shop rollout pause deployment/web', deployments, { verb: 'pause' }],
  ['kubectl -n shop rollout undo --to-revision=3 deployment/web', deployments, { verb: 'undo', revision: 3 }],
  ['kubectl -n shop scale --replicas=0 statefulset/web', statefulSets, { verb: 'scale', replicas: 0 }],
  ['kubectl -n shop label --overwrite pod/web a=1 b-', pods, { verb: 'label', labels: { a: '1', b: null } }],
  ['kubectl -n shop logs -c api --previous web', pods, { verb: 'logs', container: 'api', previous: true }],
  ['kubectl -n shop logs -f deployment/web', deployments, { verb: 'logs', follow: true }],
  [
    'kubectl -n shop exec -it web -- sh -c \'echo "$HOME"\'',
    pods,
    { verb: 'exec', command: ['sh', '-c', 'echo "$HOME"'] },
  ],
  ['kubectl -n shop attach -it web', pods, { verb: 'attach' }],
  [
    'kubectl -n shop debug -it --image=busybox --target=api web',
    pods,
    { verb: 'debug', container: 'api', image: 'busybox' },
  ],
  ['kubectl -n shop port-forward pod/web 8080:80', pods, { verb: 'port-forward', ports: ['8080:80'] }],
  ['kubectl -n shop create job web-now --from=cronjob/web', cronJobs, { verb: 'create-job', name: 'web-now' }],
])('%s', (command, resource, does) => expect(commandOf(resource, does)).toBe(command))

test('nodes have no namespace', () => {
  const worker = [{ name: 'worker-1' }]
  expect(commandOf(nodes, { verb: 'cordon' }, worker)).toBe('kubectl cordon worker-1')
  expect(commandOf(nodes, { verb: 'drain', force: true, deleteEmptyDirData: true }, worker)).toBe(
    'kubectl drain --ignore-daemonsets --force --delete-emptydir-data worker-1',
  )
})

test('names the context, quoted where a shell needs it', () => {
  expect(commandOf(pods, { verb: 'delete' }, [web], 'dev')).toBe('kubectl --context dev -n shop delete pod web')
  expect(commandOf(pods, { verb: 'delete' }, [web], "it's $HOME")).toBe(
    "kubectl --context 'it'\\''s $HOME' -n shop delete pod web",
  )
})

test('objects of several namespaces take a command for each namespace, in order', () => {
  const objects = [web, { namespace: 'pay', name: 'till' }, { namespace: 'shop', name: 'db' }]
  expect(commandOf(pods, { verb: 'delete' }, objects)).toBe(
    'kubectl -n shop delete pod web db\nkubectl -n pay delete pod till',
  )
  expect(commandOf(pods, { verb: 'logs' }, [web, { ...web, name: 'db' }])).toBe(
    'kubectl -n shop logs web\nkubectl -n shop logs db',
  )
})

test('names that look like options or would be run are only names', () => {
  expect(commandOf(clusterRoles, { verb: 'delete' }, [{ name: '--all' }])).toBe('kubectl delete clusterrole -- --all')
  expect(commandOf(clusterRoles, { verb: 'delete' }, [{ name: 'a b;$(reboot)' }])).toBe(
    "kubectl delete clusterrole 'a b;$(reboot)'",
  )
})

test('a list is told with its namespaces and what selectors can say', () => {
  expect(kubectlList({ resource: pods, namespaces: [] })).toBe('kubectl get pods --all-namespaces')
  expect(kubectlList({ resource: nodes, namespaces: ['shop'], context: 'dev' })).toBe('kubectl --context dev get nodes')
  expect(
    kubectlList({
      resource: widgets,
      namespaces: ['a', 'b'],
      labelSelector: 'app in (x,y)',
      fieldSelector: 'spec.nodeName=w',
    }),
  ).toBe(
    "kubectl get widgets.example.com -n a -l 'app in (x,y)' --field-selector spec.nodeName=w\n" +
      "kubectl get widgets.example.com -n b -l 'app in (x,y)' --field-selector spec.nodeName=w",
  )
})
