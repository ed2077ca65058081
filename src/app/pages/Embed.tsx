import { Suspense, useEffect, useLayoutEffect } from 'react'
import { theLab } from '../../lab/client.ts'
import { hrefOf } from '../address.ts'
import { useTitle } from '../hooks.ts'
import { Caption } from '../layout/Caption.tsx'
import { Transport } from '../layout/Transport.tsx'
import { ViewHost } from '../layout/ViewHost.tsx'
import { hearPage, tellPage } from '../frame-messages.ts'
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
  const shown = useStage((state) => state.view)
  const view = viewOf(id) && (viewOf(shown) ?? viewOf(id))
  const { query } = useRoute()
  const { scenario, seed } = wantedOf(query)
  const node = query.get('node') ?? DEFAULT_NODE
  useTitle(`${view?.title ?? 'Picture'}, Nodeglass`)
  useLayoutEffect(() => {
    if (viewOf(id)) useStage.setState({ view: id })
  }, [id])
  useEffect(() => {
    if (!view) return
    useStage.setState({ node })
    openRun({ scenario, seed }, { watch: view.watch(node), play: true })
    theLab().send({ t: 'watch', filter: view.watch(node) })
  }, [view, node, scenario, seed])
  useEffect(() => {
    tellPage('ready', { view: id })
    return hearPage()
  }, [id])
  if (!view) return <NotFound what="picture" />
  return (
    <div className={lab.page}>
      <main className={css.stage} id="main" aria-label={view.title}>
        <h1 className="unseen">{view.title}</h1>
        <div className={css.picture}>
          <ViewHost entry={view} />
        </div>
        <Suspense fallback={<div className={lab.caption} />}>
          <Caption entry={view} />
        </Suspense>
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
