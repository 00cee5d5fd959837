import { h, type FunctionalComponent } from 'vue'
import { t, type TextKey } from '../texts/index.ts'

interface RichTextProps {
  text: TextKey
  values?: Record<string, string | number>
}

/** Sets a place apart from the words around it. No text has this character. */
const sign = '\u0000'

/**
 * A text whose places hold elements: `<RichText text="base.typeToConfirm"><template #name><b>dev</b></template></RichText>`.
 */
const RichText: FunctionalComponent<RichTextProps> = ({ text, values = {} }, { slots }) => {
  const places = Object.fromEntries(Object.keys(slots).map((name) => [name, sign + name + sign]))
  const parts = t(text, { ...values, ...places }).split(sign)
  return h(
    'span',
    parts.map((part, index) => (index % 2 === 1 ? slots[part]?.() : part)),
  )
}
RichText.props = ['text', 'values']
export default RichText
