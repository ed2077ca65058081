import { useEffect } from 'react'
import { useTitle } from '../hooks.ts'
import { KEYS } from '../keys.ts'
import { TopBar } from '../layout/TopBar.tsx'
import { useRoute } from '../routes.ts'
import { setKeys, useStage } from '../stage.ts'
import { VIEWS } from '../views.ts'
import css from './pages.module.css'

export default function Help() {
  useTitle('Help, Nodeglass')
  const keys = useStage((state) => state.keys)
  const { query } = useRoute()
  const at = query.get('at')
  useEffect(() => {
    if (at) document.getElementById(`help-${at}`)?.scrollIntoView()
  }, [at])
  const base = location.href.replace(/[?#].*$/, '').replace(/index\.html$/, '')
  return (
    <div className={css.page}>
      <TopBar current="help" />
      <main className={css.text} id="main" tabIndex={-1}>
        <h1>Help</h1>
        <h2>What this is</h2>
        <p>
          A model of a small Kubernetes cluster runs in this page: the API server, the scheduler, the controllers, and
          on each node the kubelet, containerd, the CNI plugin, kube-proxy and the parts of the Linux kernel that they
          use. Behaviour is that of Kubernetes 1.36. What moves in a picture is a message of the model, with its sender,
          its receiver and its time; no picture has an animation of its own. What the model leaves out it says where you
          meet it.
        </p>
        <p>
          kube-proxy can run in the modes iptables, IPVS and nftables, in userspace as it once was, and Services can be
          done in eBPF without it: <code>lab proxy worker-1 --mode nftables</code> changes a node, and the Rules picture
          has a menu for it. Look with what the node has: <code>iptables-save</code>, <code>nft</code>,{' '}
          <code>ipvsadm</code>, <code>ipset</code>, <code>bpftool</code>, <code>cilium-dbg</code>,{' '}
          <code>conntrack</code>, <code>sysctl</code>, <code>dmesg</code>; <code>help</code> in the terminal lists all.
          The eBPF mode models how a Service is found and rewritten, not the rest of Cilium.
        </p>
        <h2>Time</h2>
        <p>
          A pod starts in milliseconds, a lease is renewed every ten seconds, and a dead node loses its pods after five
          minutes. <b>Follow</b> gives each message that the picture watches 0.6 seconds on its way and runs through the
          gaps in a third of a second; the clock spins there. Model time itself is never changed by it. Switch Follow
          off for a fixed speed from 0.01x to 10,000x.
        </p>
        <p>
          Every moment can be gone back to. What you do in the past begins a fork: the other future is kept, and drawn
          below the line.
        </p>
        <h2>Pictures</h2>
        <ul>
          {VIEWS.map((view) => (
            <li key={view.id}>
              <b>{view.title}.</b> {view.says}
            </li>
          ))}
        </ul>
        <h2 id="help-embed">Embed a picture</h2>
        <p>
          Two lines show a running picture, or a whole lesson, in a course page. Scenario, seed, node and height can be
          given.
        </p>
        <pre tabIndex={0}>
          <code>{`<script src="${base}node-glass.js" async></script>
<node-glass view="node" node="worker-1"></node-glass>
<node-glass lesson="L13" height="900"></node-glass>`}</code>
        </pre>
        <p>
          The element tells its page what happens, as events: <code>nodeglass-ready</code>,{' '}
          <code>nodeglass-progress</code>, <code>nodeglass-check-passed</code>, <code>nodeglass-quiz-answered</code> and{' '}
          <code>nodeglass-completed</code>. Where scripts are not allowed, a frame shows the same:
        </p>
        <pre tabIndex={0}>
          <code>{`<iframe src="${base}#/embed/view/node" width="960" height="640" title="A Kubernetes node, running"></iframe>`}</code>
        </pre>
        <p>
          A frame with a <code>sandbox</code> attribute needs <code>allow-scripts allow-same-origin</code>. The frame
          asks no other server, sets no cookie, and knows nothing about the reader.
        </p>
        <h2 id="help-projector">On a projector</h2>
        <p>
          <b>Present</b> shows the picture alone, half as large again, in ink on white. A clicker steps from message to
          message (Page Down and Page Up), <kbd>O</kbd> lights a circle round the pointer, <kbd>Esc</kbd> leaves. A
          shared link puts every learner's browser into the same moment of the same run.
        </p>
        <h2>Privacy</h2>
        <p>
          Nothing leaves this browser. Theme, sizes and progress are kept on this device; a shared link holds its run in
          the part of the address that no server sees. Once opened, the lab works offline.
        </p>
        <h2>Keys</h2>
        <label className={css.check}>
          <input type="checkbox" checked={keys} onChange={(event) => setKeys(event.target.checked)} />
          Single keys steer time and pictures
        </label>
        <table className={css.keys}>
          <tbody>
            {KEYS.map((key) => (
              <tr key={key.key}>
                <th scope="row">
                  <kbd>{key.name}</kbd>
                </th>
                <td>{key.says}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </main>
    </div>
  )
}
