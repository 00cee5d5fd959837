import type { Forward } from '#shared/contract/forwards.ts'
import { addressText, openInBrowser } from '../../forwards/open.ts'
import { useForwards } from '../../stores/forwards.ts'
import { useNotices } from '../../stores/notices.ts'
import { t } from '../../texts/index.ts'

/** What can be done to a forward; a failure is told in a notice. */
export function useForwardActions() {
  const forwards = useForwards()
  const notices = useNotices()
  const tell = (done: Promise<unknown>): void => void done.catch(notices.fail)
  return {
    copy: ({ localPort }: Forward) =>
      tell(navigator.clipboard.writeText(addressText(localPort)).then(() => notices.say(t('base.copied')))),
    open: ({ localPort, target }: Forward) =>
      openInBrowser(`${/443$|^https/.test(String(target.port)) ? 'https' : 'http'}://${addressText(localPort)}/`),
    stop: ({ id }: Forward) => tell(forwards.stop(id)),
    forget: ({ id }: Forward) => tell(forwards.forget(id)),
    resume: ({ id }: Forward, localPort?: number) => tell(forwards.resume(id, localPort)),
  }
}
