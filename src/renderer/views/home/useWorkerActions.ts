import type { Cluster, Worker } from '#shared/contract/clusters.ts'
import type { PersistentVolume, Pod } from '#shared/kube/generated/types.ts'
import type { MenuEntry } from '../../components/menu.ts'
import { useClusters, type WorkerVerb } from '../../stores/clusters.ts'
import { useDialogs } from '../../stores/dialogs.ts'
import { useNotices } from '../../stores/notices.ts'
import { t } from '../../texts/index.ts'
import { killQuestion, removeQuestion, type Asked } from './questions.ts'

/** What is known of a worker's pods and of all volumes when a question is asked. */
export interface WorkerLoad {
  podsOn(worker: string): readonly Pod[]
  volumes(): readonly PersistentVolume[]
}

const actions: {
  verb: WorkerVerb
  label: 'start' | 'stop' | 'pause' | 'resume' | 'kill' | 'remove'
  when: Worker['state'][]
}[] = [
  { verb: 'startWorker', label: 'start', when: ['stopped', 'dead'] },
  { verb: 'stopWorker', label: 'stop', when: ['running'] },
  { verb: 'pauseWorker', label: 'pause', when: ['running'] },
  { verb: 'unpauseWorker', label: 'resume', when: ['paused'] },
  { verb: 'killWorker', label: 'kill', when: ['running', 'paused'] },
  { verb: 'removeWorker', label: 'remove', when: ['running', 'stopped', 'dead', 'paused', 'missing'] },
]

/** The menu of a worker; what ends pods without warning, or data, asks first. */
export function useWorkerActions(cluster: () => Cluster, load: WorkerLoad): (worker: Worker) => MenuEntry[] {
  const store = useClusters()
  const dialogs = useDialogs()
  const notices = useNotices()

  function questionOf(verb: WorkerVerb, worker: string): Asked | undefined {
    const place = { cluster: cluster().name, worker, pods: load.podsOn(worker) }
    if (verb === 'killWorker') return killQuestion(place)
    return verb === 'removeWorker' ? removeQuestion({ ...place, volumes: load.volumes() }) : undefined
  }
  function run(verb: WorkerVerb, worker: string): void {
    const act = (): Promise<void> => store.worker(verb, cluster().name, worker)
    const question = questionOf(verb, worker)
    if (question) dialogs.confirm({ ...question, act })
    else act().catch(notices.fail)
  }
  return (worker) =>
    actions
      .filter(({ when }) => when.includes(worker.state))
      .flatMap(({ verb, label }): MenuEntry[] => [
        ...(label === 'kill' ? (['line'] as const) : []),
        {
          label: t(`home.worker.${label}`),
          danger: label === 'kill' || label === 'remove',
          run: () => run(verb, worker.name),
        },
      ])
}
