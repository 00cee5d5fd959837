import { computed, ref, type ComputedRef } from 'vue'
import { messageOf } from '#shared/base/message-of.ts'
import { useApi } from '../../api/index.ts'
import { openStream } from '../../api/stream.ts'
import { useNotices } from '../../stores/notices.ts'
import { listText } from '../../texts/format.ts'
import { t } from '../../texts/index.ts'

/** Bytes that are sent at once; a multiple of three, so that the texts of base64 can be put one after the other. */
const partBytes = 1_500_000

export interface ImageLoad {
  /** The archive that is on its way. */
  upload: ComputedRef<{ name: string; done: number; all: number } | undefined>
  /** Sends an archive of `docker save` to the workers. */
  send(file: File): Promise<void>
}

/** Loads archives into a cluster's workers, one at a time, at the pace of the slowest worker. */
export function useImageLoad(cluster: () => string, onLoaded: () => void): ImageLoad {
  const { back } = useApi()
  const notices = useNotices()
  const current = ref<{ name: string; done: number; all: number }>()

  async function send(file: File): Promise<void> {
    if (current.value) return
    if (!/\.(tar|tgz|tar\.gz)$/i.test(file.name)) {
      notices.fail(t('care.images.notTar', { name: file.name }))
      return
    }
    current.value = { name: file.name, done: 0, all: file.size }
    try {
      const { names, workers } = await upload(file)
      notices.say(loadedText(names, workers))
      onLoaded()
    } catch (error) {
      notices.fail(`${file.name}: ${messageOf(error)}`)
    } finally {
      current.value = undefined
    }
  }

  async function upload(file: File): Promise<{ names: string[]; workers: string[] }> {
    let result: { names: string[]; workers: string[] } | undefined
    let sent = 0
    const next = async (): Promise<void> => {
      if (sent >= file.size) {
        stream.send({ end: true })
        return
      }
      const part = await base64(file.slice(sent, (sent += partBytes)))
      stream.send({ part })
    }
    const stream = openStream(back.care.uploadImage, { cluster: cluster() }, async (message) => {
      if ('names' in message) {
        result = message
        return
      }
      current.value = { name: file.name, done: message.bytes, all: file.size }
      await next()
    })
    await next()
    await stream.done
    if (!result) throw new Error(t('shell.connection.down'))
    return result
  }
  return { upload: computed(() => current.value), send }
}

export const loadedText = (names: readonly string[], workers: readonly string[]): string =>
  workers.length === 0
    ? t('care.images.loadedAlready', { names: listText(names) })
    : t('care.images.loaded', { names: listText(names), workers: listText(workers) })

function base64(part: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => resolve(typeof reader.result === 'string' ? reader.result.replace(/^[^,]*,/, '') : '')
    reader.onerror = () => reject(reader.error ?? new Error('not readable'))
    reader.readAsDataURL(part)
  })
}
