import type { ClusterImage } from '#shared/contract/care.ts'

/** The name of an image that says most, without what is only a digest. */
export function imageName({ names, id }: ClusterImage): { name: string; tag: string } {
  const name = names.find((each) => !each.includes('@')) ?? names[0] ?? id.replace('sha256:', '').slice(0, 12)
  const at = name.lastIndexOf(':')
  return at > name.lastIndexOf('/') ? { name: name.slice(0, at), tag: name.slice(at) } : { name, tag: '' }
}
