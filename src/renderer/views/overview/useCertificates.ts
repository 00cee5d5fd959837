import { computed, onScopeDispose, ref, shallowRef, watch, type ComputedRef } from 'vue'
import type { Secret } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { secrets } from '#shared/kube/resources.ts'
import { useApi } from '../../api/index.ts'
import type { TlsCertificate } from '../../overview/snapshot.ts'
import { certificatesIn } from '../pages/data/certificates.ts'

/** Certificates change seldom: they are looked at once in this time, ms. */
const interval = 60_000

/** The certificates in Secrets of type kubernetes.io/tls; no other Secret is asked for, and no key is kept. */
export function useCertificates(
  context: () => string,
  namespaces: () => readonly string[],
): {
  objects: ComputedRef<readonly TlsCertificate[] | undefined>
  settled: ComputedRef<boolean>
  refused: ComputedRef<boolean>
} {
  const api = useApi()
  const found = shallowRef<readonly TlsCertificate[]>()
  const refused = ref(false)
  let round = 0

  async function read(mine: number): Promise<void> {
    try {
      const { client } = api.cluster(context())
      const chosen = namespaces()
      const lists = await Promise.all(
        (chosen.length > 0 ? chosen : [undefined]).map((namespace) =>
          client.list(secrets, { namespace, fieldSelector: 'type=kubernetes.io/tls' }),
        ),
      )
      const all = await Promise.all(lists.flatMap(({ items }) => items).map(certificateOf))
      if (mine !== round) return
      found.value = all.flatMap((each) => each ?? [])
      refused.value = false
    } catch {
      if (mine !== round) return
      found.value = undefined
      refused.value = true
    }
    setTimeout(() => mine === round && void read(mine), interval)
  }
  watch(
    () => [context(), ...namespaces()].join(' '),
    () => {
      found.value = undefined
      refused.value = false
      void read(++round)
    },
    { immediate: true },
  )
  onScopeDispose(() => round++)
  return {
    objects: computed(() => found.value),
    settled: computed(() => found.value !== undefined || refused.value),
    refused: computed(() => refused.value),
  }
}

async function certificateOf({ metadata, data }: Stored<Secret>): Promise<TlsCertificate | undefined> {
  const certificates = await certificatesIn(textOf(data?.['tls.crt'] ?? ''))
  if (certificates.length === 0) return undefined
  const notAfter = Math.min(...certificates.map((each) => each.notAfter))
  return { name: metadata.name, namespace: metadata.namespace, notAfter }
}

function textOf(base64: string): string {
  try {
    return atob(base64)
  } catch {
    return ''
  }
}
