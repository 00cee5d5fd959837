import { ExternalLink, SquareChevronRight } from '@lucide/vue'
import type { OwnAction, OwnLink, Yours } from '#shared/contract/yours.ts'
import { refOf } from '#shared/client/client.ts'
import { objectPath, withType } from '#shared/client/kube-client.ts'
import type { Stored } from '#shared/kube/object.ts'
import { fillTemplate, parseTemplate } from '#shared/kube/own-fields.ts'
import type { Resource } from '#shared/kube/resources.ts'
import { targetOf } from '../../composables/target.ts'
import { openInBrowser } from '../../forwards/open.ts'
import { meansKind } from '../../stores/yours.ts'
import type { Action } from './action.ts'

/** The user's own actions and links for objects of a kind, after those of the window. */
export const ownActions = ({ actions = [], links = [] }: Yours, resource: Resource): Action[] => [
  ...actions.filter(({ kinds }) => kinds.some((name) => meansKind(name, resource))).map(actionOf),
  ...links.filter(({ kinds }) => kinds.some((name) => meansKind(name, resource))).map(linkOf),
]

const actionOf = ({ name, readOnly, keys }: OwnAction): Action => ({
  id: `own:${name}`,
  label: name,
  icon: SquareChevronRight,
  ...(keys === undefined ? {} : { key: keys }),
  ...(readOnly ? { reads: true } : {}),
  run(object, { context, kind: { resource }, dock }) {
    const target = targetOf(context, resource, object)
    dock.show({
      panel: 'command',
      target,
      action: name,
      kind: resource.kind,
      path: objectPath(resource, refOf(object)),
    })
  },
})

const linkOf = ({ name, url }: OwnLink): Action => ({
  id: `own-link:${name}`,
  label: name,
  icon: ExternalLink,
  reads: true,
  run: (object, { kind: { resource } }) => openInBrowser(linkUrl(url, withType(resource, object))),
})

/** The address of a link, with values that cannot change what it leads to. @throws Error naming a field that is missing */
export const linkUrl = (url: string, object: Stored): string =>
  fillTemplate(parseTemplate(url), object, encodeURIComponent)
