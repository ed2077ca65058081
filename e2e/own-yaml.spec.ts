import { expect, test } from './pages/test.ts'

test.use({ permissions: ['clipboard-read', 'clipboard-write'] })

const OWN = `apiVersion: v1
kind: Pod
metadata:
  name: mine
spec:
  nodeName: worker-1
  hostAliases: [{ ip: 10.0.0.9, hostnames: [old.example] }]
  containers:
    - name: app
      image: nodeglass/web:1
      readinessProbe:
        httpGet:
          path: /
          port: 8080
`

test('own YAML: the difference first, then apply, and the pod is everywhere', async ({ lab }) => {
  await lab.open('/lab?view=node&node=worker-1')
  await lab.ready()
  await lab.editor.open()
  await lab.editor.write(OWN)
  // What the lab does not model is said before anything is applied, at its line.
  await expect(lab.editor.remarks.getByRole('listitem').filter({ hasText: 'hostAliases' })).toContainText('line 7')
  await lab.editor.compare.click()
  await expect(lab.editor.state).toHaveText('1 to create, 0 to change, 0 unchanged')
  await expect(lab.editor.panel.locator('.editor.modified')).toContainText('pod/mine')
  expect(await lab.model.pod('mine'), 'nothing is applied while it is compared').toBeUndefined()
  await lab.editor.apply.click()
  await expect(lab.editor.panel).toContainText('pod/mine created')
  await expect(lab.editor.panel).toContainText('hostAliases')
  await expect.poll(async () => (await lab.model.pod('mine'))?.node).toBe('worker-1')
  await expect(lab.picture('node').getByRole('button', { name: /^pod default\/mine,/ })).toBeVisible()

  await lab.model.speed(10)
  await expect.poll(async () => (await lab.model.pod('mine'))?.phase).toBe('Running')
  await lab.terminal.open()
  expect(await lab.terminal.run('kubectl get pods')).toMatch(
    /^NAME +READY +STATUS +RESTARTS +AGE\nmine +[01]\/1 +Running +0 +\d+s\n$/,
  )
})
