import { hrefOf } from '../address.ts'
import { useTitle } from '../hooks.ts'
import { LESSONS } from '../lessons.ts'
import { Message } from './Message.tsx'

export default function NotFound({ what = 'page' }: { what?: string }) {
  useTitle('Not found, Nodeglass')
  return (
    <Message title={`There is no such ${what}.`} says="The address may be cut, or the thing has another name now.">
      <a href={hrefOf('/')}>Front page</a>
      <a href={hrefOf('/lab')}>Free lab</a>
      {LESSONS.length > 0 && <a href={hrefOf('/lessons')}>Lessons</a>}
    </Message>
  )
}
