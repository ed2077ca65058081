/**
 * One line for a course page:
 *   <script src="https://HOST/PATH/node-glass.js" async></script>
 *   <node-glass view="node" scenario="shop" node="worker-1"></node-glass>
 *   <node-glass lesson="L13"></node-glass>
 * The element is a frame of this site. What happens in it comes out as events: nodeglass-ready, nodeglass-progress,
 * nodeglass-check-passed, nodeglass-quiz-answered, nodeglass-completed. Commands go in by `send({ do: 'pause' })`.
 */
;(() => {
  const site = new URL('./', document.currentScript.src)
  const number = (text, fallback) => (/^\d+$/.test(text ?? '') ? Number(text) : fallback)

  class NodeGlass extends HTMLElement {
    connectedCallback() {
      if (this.frame) return
      const lesson = this.getAttribute('lesson')
      const query = new URLSearchParams()
      for (const name of ['scenario', 'seed', 'node'])
        if (this.hasAttribute(name)) query.set(name, this.getAttribute(name))
      const path = lesson
        ? `lesson/${encodeURIComponent(lesson)}`
        : `view/${encodeURIComponent(this.getAttribute('view') ?? 'node')}`
      const text = query.toString()
      const frame = document.createElement('iframe')
      frame.src = `${site.href}#/embed/${path}${text ? `?${text}` : ''}`
      frame.title = this.getAttribute('title') ?? 'A Kubernetes node, running'
      frame.allow = 'clipboard-write'
      frame.loading = 'lazy'
      frame.style.cssText = `border:0;display:block;width:100%;height:${number(this.getAttribute('height'), 640)}px`
      this.style.display = 'block'
      this.frame = frame
      this.append(frame)
      window.addEventListener('message', this)
    }
    disconnectedCallback() {
      window.removeEventListener('message', this)
      this.frame?.remove()
      this.frame = undefined
    }
    handleEvent(event) {
      if (event.source !== this.frame?.contentWindow || event.origin !== site.origin || event.data?.nodeglass !== 1)
        return
      const { type, nodeglass, ...detail } = event.data
      this.dispatchEvent(new CustomEvent(`nodeglass-${type}`, { detail, bubbles: true }))
    }
    /** { do: 'play' } { do: 'pause' } { do: 'view', view: 'cluster' } { do: 'seek', at: microseconds } */
    send(command) {
      this.frame?.contentWindow?.postMessage({ nodeglass: 1, ...command }, site.origin)
    }
  }
  if (!customElements.get('node-glass')) customElements.define('node-glass', NodeGlass)
})()
