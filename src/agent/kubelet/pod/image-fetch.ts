import type { Container } from '#shared/kube/generated/types.ts'
import type { Credentials, EnsuredImage, Images } from '../images.ts'

interface Fetch {
  reference: string | undefined
  image?: EnsuredImage
  error?: Error
}

export interface FetchHooks {
  onPull: () => void
  onDone: () => void
  credentials?: Credentials
}

/** The image of one container, fetched beside the pod's loop: a slow pull holds no other container up. */
export class ImageFetch {
  #fetch: Fetch | undefined

  /**
   * The image, where it is here or its fetch has ended. Starts a fetch otherwise; `onDone` runs when that ends.
   * @returns undefined while it is fetched @throws ImageFailed once for each fetch that failed
   */
  async take(images: Images, container: Container, hooks: FetchHooks): Promise<EnsuredImage | undefined> {
    // The image of the container was changed meanwhile.
    if (this.#fetch?.reference !== container.image) this.#fetch = undefined
    const image = this.#fetch?.image ?? (await images.present(container))
    if (image) {
      this.#fetch = undefined
      return image
    }
    if (!this.#fetch) {
      this.#start(images, container, hooks)
      return undefined
    }
    const { error } = this.#fetch
    if (!error) return undefined
    this.#fetch = undefined
    throw error
  }

  #start(images: Images, container: Container, { onPull, onDone, credentials }: FetchHooks): void {
    const fetch: Fetch = { reference: container.image }
    this.#fetch = fetch
    void images
      .ensure(container, onPull, credentials)
      .then(
        (image) => (fetch.image = image),
        (error: unknown) => (fetch.error = error as Error),
      )
      .finally(onDone)
  }
}
