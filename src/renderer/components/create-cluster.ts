import type { ClusterSpec, Engine } from '#shared/contract/clusters.ts'
import { defaultPodCidr, defaultServiceCidr, withIpv6 } from '#shared/kube/cluster-ranges.ts'
import { t } from '../texts/index.ts'

/** What is written in the dialog that creates a cluster. */
export interface ClusterForm {
  name: string
  workers: string
  cpus: string
  memory: string
  simulated: boolean
  dualStack: boolean
}

/** What is wrong with a field, in the user's words; none when nothing is. */
export type FormProblems = Partial<Record<'name' | 'workers' | 'cpus' | 'memory', string>>

const most = { docker: 9, simulated: 5_000 }
const gibibyte = 2 ** 30

/** Simulated workers cost next to nothing. */
export const mostWorkers = ({ simulated }: ClusterForm): number => (simulated ? most.simulated : most.docker)

/** The form of a new dialog: a free name, and simulated workers where there is no engine. */
export function newForm(taken: readonly string[], engine: Engine | undefined): ClusterForm {
  let name = 'dev'
  for (let number = 2; taken.includes(name); number++) name = `dev-${number}`
  const simulated = engine !== undefined && engine.state !== 'ready'
  return { name, workers: '3', cpus: '', memory: '', simulated, dualStack: false }
}

export function problemsOf(form: ClusterForm, taken: readonly string[], engine: Engine | undefined): FormProblems {
  const found = {
    name: nameProblem(form.name.trim(), taken),
    workers: workersProblem(form),
    cpus: form.simulated ? amountProblem(form.cpus, 'cpus') : cpusProblem(form.cpus, engine?.cpus),
    memory: form.simulated ? amountProblem(form.memory, 'memory') : memoryProblem(form.memory, engine?.memoryBytes),
  }
  return Object.fromEntries(Object.entries(found).filter(([, problem]) => problem !== undefined))
}

/** The cluster that a form without problems describes. */
export const specOf = (form: ClusterForm): ClusterSpec => ({
  name: form.name.trim(),
  workers: numberOf(form.workers),
  ...(form.cpus.trim() ? { cpus: numberOf(form.cpus) } : {}),
  ...(form.memory.trim() ? { memoryBytes: Math.round(numberOf(form.memory) * gibibyte) } : {}),
  ...(form.simulated ? { simulated: true } : {}),
  ...(form.dualStack && !form.simulated ? dualStackRanges : {}),
})

const dualStackRanges = {
  podCidr: withIpv6(defaultPodCidr, 'pods'),
  serviceCidr: withIpv6(defaultServiceCidr, 'services'),
}

/** Whether the engine has to have IPv6 for it. A control plane alone needs no engine. */
export const needsIpv6 = ({ dualStack, simulated, workers }: ClusterForm): boolean =>
  dualStack && !simulated && Number(workers) !== 0

/** A number with a point or a comma. @returns NaN for anything else */
const numberOf = (text: string): number =>
  /^\s*\d+(?:[.,]\d+)?\s*$/.test(text) ? Number(text.trim().replace(',', '.')) : NaN

/** Why a cluster cannot have this name; undefined when it can. */
export function nameProblem(name: string, taken: readonly string[]): string | undefined {
  if (name === '') return t('home.dialog.problems.name')
  if (name.length > 40) return t('home.dialog.problems.nameLong')
  if (!/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name)) return t('home.dialog.problems.nameForm')
  return taken.includes(name) ? t('home.dialog.problems.taken', { name }) : undefined
}

function workersProblem(form: ClusterForm): string | undefined {
  const workers = numberOf(form.workers)
  if (!Number.isInteger(workers)) return t('home.dialog.problems.whole')
  if (workers <= mostWorkers(form)) return undefined
  return form.simulated ? t('home.dialog.problems.most', { n: most.simulated }) : t('home.dialog.problems.mostDocker')
}

/** @param field names the text for too little */
function amountProblem(text: string, field: 'cpus' | 'memory'): string | undefined {
  if (text.trim() === '') return undefined
  const amount = numberOf(text)
  if (Number.isNaN(amount)) return t('home.dialog.problems.number')
  if (amount < 0.25)
    return t(field === 'cpus' ? 'home.dialog.problems.fewestCpus' : 'home.dialog.problems.fewestMemory')
  // What the back takes of simulated workers: 256 cores; memory has no end that anyone would write.
  if (field === 'cpus' && amount > 256) return t('home.dialog.problems.most', { n: 256 })
  return amount > 1_000_000 ? t('home.dialog.problems.most', { n: 1_000_000 }) : undefined
}

function cpusProblem(text: string, cores: number | undefined): string | undefined {
  const problem = amountProblem(text, 'cpus')
  if (problem !== undefined || cores === undefined) return problem
  return numberOf(text) > cores ? t('home.dialog.problems.cpusBeyond', { n: cores }) : undefined
}

function memoryProblem(text: string, bytes: number | undefined): string | undefined {
  const problem = amountProblem(text, 'memory')
  if (problem !== undefined || bytes === undefined) return problem
  return numberOf(text) * gibibyte > bytes
    ? t('home.dialog.problems.memoryBeyond', { n: Math.floor((bytes / gibibyte) * 10) / 10 })
    : undefined
}
