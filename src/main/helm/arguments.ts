import type { HelmStart } from '#shared/contract/helm.ts'

/** What differs between the versions of Helm that Slipway speaks with. */
export interface HelmDialect {
  /** 3 or 4. */
  major: number
}

/** Oldest version with a dry run by the server. */
export const oldestHelm = '3.13.0'

/** `v3.18.4+g…` → [3, 18, 4] */
export const versionParts = (version: string): number[] =>
  (/(\d+)\.(\d+)\.(\d+)/.exec(version) ?? []).slice(1).map(Number)

export function isOlder(version: string, than: string): boolean {
  const [a, b] = [versionParts(version), versionParts(than)]
  const at = a.findIndex((part, place) => part !== b[place])
  return at >= 0 && (a[at] ?? 0) < (b[at] ?? 0)
}

/** Values come on standard input, so that no secret is in the list of processes. */
const values = ['--values', '-']

/** The command line of a dry run, which answers with the release that would be, as JSON. */
export const renderArguments = ({
  action,
  namespace,
  name,
  chart,
}: {
  action: 'install' | 'upgrade'
  namespace: string
  name: string
  /** Path of the chart. */
  chart: string
}): string[] => [
  ...[action, name, chart, '--namespace', namespace, ...values],
  ...(action === 'upgrade' ? ['--reset-values'] : []),
  ...['--dry-run=server', '--output', 'json'],
]

/**
 * The command line of an action. What it says besides its log is JSON, which nobody reads: Helm's own report would have
 * values and manifests in it.
 * @param chart path of the chart of an install or upgrade
 */
export function actionArguments(wanted: HelmStart, chart: string, { major }: HelmDialect): string[] {
  const { action, namespace, name, timeout } = wanted
  const place = ['--namespace', namespace, '--timeout', `${timeout}s`]
  // Tells each object on standard error. A test's answer is read, and would have values and manifests in it.
  const common = [...place, '--debug']
  const waits = 'wait' in wanted && wanted.wait ? ['--wait'] : []
  const rollsBack = [major >= 4 ? '--rollback-on-failure' : '--atomic']
  switch (action) {
    case 'install':
      return [
        ...['install', name, chart, ...values, ...common, ...waits],
        ...(wanted.createNamespace ? ['--create-namespace'] : []),
        ...(wanted.rollBack ? rollsBack : []),
        ...['--output', 'json'],
      ]
    case 'upgrade':
      // The text is all that the user has set: what it leaves out is the chart's again.
      return [
        ...['upgrade', name, chart, ...values, '--reset-values', ...common, ...waits],
        ...(wanted.rollBack ? rollsBack : []),
        ...['--output', 'json'],
      ]
    case 'rollback':
      return ['rollback', name, String(wanted.revision), ...common, ...waits]
    case 'uninstall':
      return ['uninstall', name, ...common, ...waits, ...(wanted.keepHistory ? ['--keep-history'] : [])]
    case 'test':
      return ['test', name, '--logs', ...place]
  }
}
