import { useEffect, useState } from 'react'
import { theLab, useLab } from '../../lab/client.ts'
import { stopwatch } from '../../sim/clock.ts'
import { hrefOf } from '../address.ts'
import { Overlay } from '../layout/Overlay.tsx'
import { useStage } from '../stage.ts'
import shell from '../layout/shell.module.css'
import css from '../layout/overlay.module.css'

/** The moment that is shown, as a link: scenario, seed, inputs and the moment itself. */
export default function Share() {
  const shown = useLab((state) => state.shown)
  const { view, beside, node } = useStage()
  const [link, setLink] = useState('')
  const [problem, setProblem] = useState('')
  const [copied, setCopied] = useState(false)

  useEffect(() => {
    const lab = theLab()
    lab.send({ t: 'play', on: false })
    lab.ask<string>({ q: 'share' }).then(
      (run) => setLink(location.href.replace(/#.*$/, '') + hrefOf('/lab', { view, with: beside, node, run })),
      (error: Error) => setProblem(error.message),
    )
  }, [view, beside, node])

  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(link)
      setCopied(true)
    } catch {
      document.querySelector<HTMLInputElement>('#share-link')?.select()
    }
  }
  return (
    <Overlay title="Share this moment">
      <p>
        The link opens this very run at {stopwatch(shown)}: the same cluster, the same seed, everything that was done to
        it, and this picture. It needs no server, and works offline too.
      </p>
      {problem ? (
        <p role="alert">{problem}</p>
      ) : (
        <div className={css.row}>
          <input
            id="share-link"
            readOnly
            value={link}
            aria-label="Link to this moment"
            onFocus={(event) => event.currentTarget.select()}
          />
          <button className={shell.primary} disabled={!link} onClick={() => void copy()}>
            {copied ? 'Copied' : 'Copy'}
          </button>
        </div>
      )}
      <p className={css.small}>What you typed and applied is in the link. Leave out what is not for others.</p>
    </Overlay>
  )
}
