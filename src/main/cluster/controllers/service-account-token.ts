import type { Stop } from '#shared/base/disposable.ts'
import { refOf } from '#shared/client/client.ts'
import { createInformer, keyOf } from '#shared/client/informer.ts'
import { isConflict, isNotFound } from '#shared/kube/error-kinds.ts'
import type { Secret, ServiceAccount } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { secrets, serviceAccounts } from '#shared/kube/resources.ts'
import type { ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'

export interface ServiceAccountTokenOptions {
  /** Issues a token that is valid as long as its Secret and its account exist. */
  issueToken(order: { namespace: string; account: { name: string; uid: string }; secret: string }): Promise<string>
  /** PEM of the authority that signs the API server's certificate. */
  rootCa: string
}

const accountName = 'kubernetes.io/service-account.name'
const accountUid = 'kubernetes.io/service-account.uid'

/** Fills Secrets of type `kubernetes.io/service-account-token`, and deletes them with their account. */
export function startServiceAccountTokens(context: ControllerContext, options: ServiceAccountTokenOptions): Stop {
  const { client, clock, log } = context
  const accounts = context.informers.share(serviceAccounts)
  const tokens = createInformer<Secret>({
    client,
    resource: secrets,
    fieldSelector: 'type=kubernetes.io/service-account-token',
    indexes: { account: accountKeyOf },
    clock,
    log,
  })

  async function reconcile(key: string): Promise<Outcome> {
    const secret = tokens.get(key)
    if (!secret || secret.metadata.deletionTimestamp) return undefined
    const account = await accountOf(secret)
    if (!account) await remove(secret)
    else if (!isFilled(secret, account)) await tokens.caughtUp(await fill(secret, account))
    return undefined
  }

  /** The account from the API server; its uid must match where the Secret names one. */
  async function accountOf({ metadata }: Secret): Promise<ServiceAccount | undefined> {
    const { namespace, annotations = {} } = metadata
    try {
      const account = await client.get(serviceAccounts, { namespace, name: annotations[accountName] ?? '' })
      const uid = annotations[accountUid]
      return !uid || uid === account.metadata.uid ? account : undefined
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  const isFilled = ({ metadata, data = {} }: Stored<Secret>, account: ServiceAccount): boolean =>
    metadata.annotations?.[accountUid] === account.metadata.uid &&
    Boolean(data['token']) &&
    data['namespace'] === encode(metadata.namespace) &&
    data['ca.crt'] === encode(options.rootCa)

  async function fill(secret: Stored<Secret>, { metadata: account }: ServiceAccount): Promise<Stored<Secret>> {
    const { metadata, data } = secret
    const namespace = metadata.namespace
    const uid = account.uid ?? ''
    const issue = (): Promise<string> =>
      options.issueToken({ namespace, account: { name: account.name ?? '', uid }, secret: metadata.name })
    return client.update(secrets, {
      ...secret,
      metadata: { ...metadata, annotations: { ...metadata.annotations, [accountUid]: uid } },
      data: {
        ...data,
        token: data?.['token'] || encode(await issue()),
        namespace: encode(namespace),
        'ca.crt': encode(options.rootCa),
      },
    })
  }

  async function remove(secret: Stored<Secret>): Promise<void> {
    const { uid, resourceVersion } = secret.metadata
    try {
      await client.delete(secrets, refOf(secret), { preconditions: { uid, resourceVersion } })
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error
    }
  }

  tokens.start()
  const controller = runController({
    ...context,
    name: 'service-account-token',
    reconcile,
    shares: [accounts, tokens],
    watches: [watch(tokens, keyOf), watch(accounts, (account) => tokens.byIndex('account', keyOf(account)).map(keyOf))],
  })

  return () => controller.stop()
}

const accountKeyOf = ({ metadata }: Secret): string => `${metadata.namespace}/${metadata.annotations?.[accountName]}`

const encode = (text: string): string => Buffer.from(text).toString('base64')
