import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Container, Volume } from '#shared/kube/generated/types.ts'
import { podFolder, volumeFolder } from '../volume-folders.ts'
import { ImageFetch } from './image-fetch.ts'
import { pullCredentials } from './pull-credentials.ts'
import { CannotEnforce } from './security.ts'
import type { PodScope } from './scope.ts'

/** Volumes of a container that are images: fetched like its own image, and mounted read-only. */
export class ImageVolumes {
  readonly #scope: PodScope
  readonly #fetches = new Map<string, ImageFetch>()

  constructor(scope: PodScope) {
    this.#scope = scope
  }

  /**
   * Mounts those that `container` uses. @param onPull with the reference of an image that is fetched
   * @returns whether all are there; `scope.wake` runs when a fetch ends @throws ImageFailed
   */
  async ensure(container: Container, onPull: (reference: string) => void): Promise<boolean> {
    let areThere = true
    for (const volume of this.#volumesOf(container)) {
      const { name, image: { reference = '', pullPolicy = 'IfNotPresent' } = {} } = volume
      if (await this.#isMounted(volume)) continue
      const fetch = this.#fetches.get(name) ?? new ImageFetch()
      this.#fetches.set(name, fetch)
      const wanted = { name, image: reference, imagePullPolicy: pullPolicy }
      const fetched = await fetch.take(this.#scope.images, wanted, {
        onPull: () => onPull(reference),
        onDone: () => this.#scope.wake(),
        credentials: () => pullCredentials(this.#scope, reference),
      })
      if (fetched) await this.#mount(volume, fetched.image.layers)
      else areThere = false
    }
    return areThere
  }

  #volumesOf({ volumeMounts = [] }: Container): Volume[] {
    const used = new Set(volumeMounts.map(({ name }) => name))
    return (this.#scope.pod().spec?.volumes ?? []).filter(({ name, image }) => image !== undefined && used.has(name))
  }

  async #isMounted(volume: Volume): Promise<boolean> {
    const { mounts, root, uid } = this.#scope
    const folder = volumeFolder(root, uid, volume)
    return (await mounts.beneath(folder)).includes(folder)
  }

  async #mount(volume: Volume, layers: readonly string[] | undefined): Promise<void> {
    const { mounts, root, uid } = this.#scope
    if (!layers) throw new CannotEnforce(`volume "${volume.name}": the engine does not tell where its images lie`)
    // The kernel wants two folders at least.
    const empty = join(podFolder(root, uid), 'empty')
    await mkdir(empty, { recursive: true, mode: 0o755 })
    await mounts.overlay([...layers, empty], volumeFolder(root, uid, volume))
  }
}
