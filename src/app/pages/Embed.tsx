import { useEffect } from 'react'
import { theLab } from '../../lab/client.ts'
import { hrefOf } from '../address.ts'
import { useTitle } from '../hooks.ts'
import { Caption } from '../layout/Caption.tsx'
import { Transport } from '../layout/Transport.tsx'
import { ViewHost } from '../layout/ViewHost.tsx'
import { DEFAULT_NODE, wantedOf } from '../opening.ts'
import { useRoute } from '../routes.ts'
import { openRun } from '../run.ts'
import { useStage } from '../stage.ts'
import { viewOf } from '../views.ts'
import NotFound from './NotFound.tsx'
import css from './embed.module.css'
import lab from '../layout/lab.module.css'

/** One picture with its caption and its time, for a frame in another page. */
export default function Embed({ id }: { id: string }) {
  const view = viewOf(id)
  const { query } = useRoute()
  const { scenario, seed } = wantedOf(query)
  const node = query.get('node') ?? DEFAULT_NODE
  useTitle(`${view?.title ?? 'Picture'}, Nodeglass`)
  useEffect(() => {
    if (!view) return
    useStage.setState({ node, view: view.id })
    openRun({ scenario, seed }, { watch: view.watch(node), play: true })
    theLab().send({ t: 'watch', filter: view.watch(node) })
    if (window.parent !== window) window.parent.postMessage({ nodeglass: 1, type: 'ready', view: view.id }, '*')
  }, [view, node, scenario, seed])
  if (!view) return <NotFound what="picture" />
  return (
    <div className={lab.page}>
      <main className={css.stage} id="main" aria-label={view.title}>
        <h1 className="unseen">{view.title}</h1>
        <div className={css.picture}>
          <ViewHost entry={view} />
        </div>
        <Caption entry={view} />
      </main>
      <Transport
        end={
          <a
            className={css.mark}
            href={hrefOf('/lab', {
              view: view.id,
              node,
              scenario: query.get('scenario') ?? undefined,
              seed: query.get('seed') ?? undefined,
            })}
            target="_blank"
            rel="noopener"
          >
            Open in Nodeglass
          </a>
        }
      />
    </div>
  )
}
