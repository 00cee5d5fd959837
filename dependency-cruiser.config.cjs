// Import directions of Slipway; docs/architecture.md says why. Checked by `npm test`.
const rule = (name, from, to) => ({ name, severity: 'error', from, to })
const onlyFrom = (name, folder, ...allowed) =>
  rule(name, { path: folder }, { path: '^src/', pathNot: [folder, ...allowed] })

/** The rooms of the API server from the floor up: each may import those before it, so no two import each other. */
const apiServerRooms = [
  'schema',
  'api',
  'cel',
  'codec',
  'egress',
  'auth',
  'streaming',
  'conversion',
  'defaulting',
  'webhooks',
  'policies',
  'validation',
  'custom',
  'registry',
  'kinds',
  'admission',
  'discovery',
  'aggregation',
  'observability',
  'policy-peers',
  'flow-control',
  'bootstrap',
  'loops',
  'edge',
]
const apiServer = '^src/main/cluster/apiserver/'

module.exports = {
  forbidden: [
    rule('no-cycles', {}, { circular: true }),

    // Runtimes: four programs, one shared vocabulary.
    onlyFrom('shared-imports-nothing', '^src/shared/'),
    rule(
      'shared-is-runtime-neutral',
      { path: '^src/shared/', pathNot: '\\.test\\.ts$' },
      { dependencyTypes: ['core'] },
    ),
    onlyFrom('streaming-imports-shared', '^src/streaming/', '^src/shared/'),
    onlyFrom('agent-imports-shared', '^src/agent/', '^src/(shared|streaming)/'),
    onlyFrom('renderer-imports-shared', '^src/renderer/', '^src/shared/'),
    onlyFrom('preload-imports-contract', '^src/preload/', '^src/shared/contract/'),

    // Inside shared: base <- kube <- client <- reconcile; contract speaks kube.
    onlyFrom('base-is-the-floor', '^src/shared/base/'),
    onlyFrom('kube-on-base', '^src/shared/kube/', '^src/shared/base/'),
    onlyFrom('client-on-kube', '^src/shared/client/', '^src/shared/(base|kube)/'),
    onlyFrom('reconcile-on-client', '^src/shared/reconcile/', '^src/shared/(base|kube|client)/'),
    onlyFrom('contract-on-kube', '^src/shared/contract/', '^src/shared/(base|kube)/'),

    // Inside main.
    onlyFrom('keys-import-nothing', '^src/main/keys/'),
    onlyFrom('http-imports-shared', '^src/main/http/', '^src/shared/'),
    onlyFrom('cluster-imports-shared', '^src/main/cluster/', '^src/(shared|streaming)/', '^src/main/(http|keys)/'),
    onlyFrom(
      'contexts-import-cluster-facade',
      '^src/main/contexts/',
      '^src/shared/',
      '^src/main/cluster/index\\.ts$',
      '^src/main/keys/(key-files|private-file)\\.ts$',
    ),
    onlyFrom('helm-imports-contexts', '^src/main/helm/', '^src/shared/', '^src/main/contexts/'),
    onlyFrom(
      'yours-imports-contexts',
      '^src/main/yours/',
      '^src/shared/',
      '^src/main/contexts/',
      '^src/main/keys/private-file\\.ts$',
    ),
    onlyFrom(
      'rpc-imports-contexts',
      '^src/main/rpc/',
      '^src/shared/',
      '^src/main/contexts/',
      '^src/main/helm/index\\.ts$',
      '^src/main/yours/',
      '^src/main/cluster/index\\.ts$',
    ),
    onlyFrom('shell-imports-rpc', '^src/main/shell/', '^src/shared/', '^src/main/(rpc|contexts|keys|yours)/'),
    onlyFrom('web-imports-rpc', '^src/main/web/', '^src/shared/', '^src/main/(rpc|contexts|http)/'),
    rule(
      'headless-never-reaches-shell',
      { path: '^src/main/cli\\.ts$' },
      { path: '^src/main/shell/', reachable: true },
    ),

    // Inside the control plane: parts meet in cluster/index.ts, or through the API.
    rule(
      'only-apiserver-touches-store',
      { path: '^src/main/cluster/([^/]+)/', pathNot: '^src/main/cluster/apiserver/' },
      { path: '^src/main/cluster/[^/]+/', pathNot: '^src/main/cluster/$1/' },
    ),
    rule(
      'apiserver-knows-only-store',
      { path: '^src/main/cluster/apiserver/' },
      { path: '^src/main/cluster/[^/]+/', pathNot: '^src/main/cluster/(apiserver|store)/' },
    ),
    rule(
      'apiserver-has-one-door',
      { path: '^src/main/', pathNot: [apiServer, '\\.test\\.ts$'] },
      { path: apiServer, pathNot: `${apiServer}index\\.ts$` },
    ),
    ...apiServerRooms.map((room, i) =>
      rule(
        `apiserver-${room}-imports-rooms-below`,
        { path: `${apiServer}${room}/`, pathNot: '\\.test\\.ts$' },
        { path: apiServer, pathNot: `${apiServer}(${apiServerRooms.slice(0, i + 1).join('|')})/` },
      ),
    ),
    rule(
      'apiserver-rooms-are-listed',
      { path: apiServer, pathNot: `${apiServer}(index(\\.test)?\\.ts$|(${apiServerRooms.join('|')})/)` },
      { path: '' },
    ),
    rule(
      'siblings-do-not-call',
      {
        path: '^src/main/cluster/(controllers|scheduler/plugins|apiserver/(?:admission|kinds/[^/]+))/(?!index\\.ts)([^/]+)',
        pathNot: '\\.test\\.ts$',
      },
      // A folder is one sibling: its files know each other.
      { path: '^src/main/cluster/$1/(?!index\\.ts)', pathNot: '^src/main/cluster/$1/$2/' },
    ),

    // Vendors have one door each.
    rule(
      'electron-has-one-door',
      { path: '^src/', pathNot: '^src/(main/(shell/|index\\.ts)|preload/)' },
      { path: '(^|/)electron(/|$)' },
    ),
    rule(
      'dockerode-has-two-doors',
      { path: '^src/', pathNot: '^src/(main/cluster/workers/docker|agent/kubelet/runtime)/' },
      { path: '(^|/)dockerode(/|$)' },
    ),

    // Inside the renderer.
    rule(
      'components-are-presentational',
      { path: '^src/renderer/components/' },
      { path: '^src/renderer/(stores|views|panels|api|kinds)/' },
    ),
    rule(
      'stores-do-not-see-ui',
      { path: '^src/renderer/(stores|api|composables)/' },
      { path: '^src/renderer/(views|panels|components|kinds)/' },
    ),

    rule('nothing-imports-tests', { path: '^src/', pathNot: '\\.test\\.ts$' }, { path: '^test/|\\.test\\.ts$' }),
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default'] },
  },
}
