import { expect, test } from './pages/test.ts'

test('the terminal: tools, pipes, waiting commands, history, completion, a node', async ({ lab, page }) => {
  const { terminal } = lab
  await lab.open('/lab?scenario=default')
  await lab.ready()
  await terminal.openByKey()

  const nodes = await terminal.run('kubectl get nodes')
  expect(nodes).toMatch(/^NAME +STATUS +ROLES +AGE +VERSION\n/)
  expect(nodes).toMatch(/\nworker-2 +Ready +<none> +\d+[ms].* +v1\.36\.\d+\n$/)
  await expect(terminal.screen).toContainText('worker-2')

  expect(await terminal.run('kubectl get nodes --no-headers | grep -c worker && echo found || echo none')).toBe(
    '2\nfound\n',
  )
  expect(await terminal.run('nosuch')).toContain('nosuch: command not found')
  expect(await terminal.run('echo $?')).toBe('127\n')

  // A watch stays open until it is interrupted, and time goes on while it waits.
  const before = await lab.model.now()
  await terminal.start('kubectl get pods -A -w')
  await expect
    .poll(async () => (await terminal.text()).split('\n').filter((line) => /coredns/.test(line)).length)
    .toBe(2)
  await expect.poll(() => lab.model.now()).toBeGreaterThan(before)
  const said = (await terminal.text()).length
  await page.keyboard.press('Control+C')
  await expect.poll(async () => (await terminal.text()).slice(said)).toContain('^C')
  expect(await terminal.prompt()).toBe('learner@laptop:~$ ')
  expect(await terminal.run('echo $?')).toBe('130\n')

  await page.keyboard.press('ArrowUp')
  await page.keyboard.press('ArrowUp')
  await page.keyboard.press('ArrowUp')
  await page.keyboard.press('ArrowUp')
  expect(await terminal.run('')).toContain('command not found')

  await page.keyboard.type('kubectl describe nod')
  await page.keyboard.press('Tab')
  await page.keyboard.type('worker-1 | head -n ')
  expect(await terminal.run('1')).toMatch(/^Name: +worker-1\n$/)

  expect(await terminal.run('ssh worker-1')).toBeDefined()
  expect(await terminal.prompt()).toContain('worker-1')
  expect(await terminal.run('crictl ps')).toMatch(
    /^CONTAINER +IMAGE +CREATED +STATE +NAME +ATTEMPT +POD ID +POD +NAMESPACE *\n[^]*Running +kube-proxy/,
  )
  await terminal.run('exit')
  expect(await terminal.prompt()).toBe('learner@laptop:~$ ')
})

test('nothing typed into the terminal ends the lab', async ({ lab, page }) => {
  const { terminal } = lab
  await lab.open('/lab?scenario=default')
  await lab.ready()
  await terminal.openByKey()
  await terminal.run('rm -rf /')
  await terminal.start('while true; do echo again; done')
  await expect.poll(() => terminal.text()).toContain('again\nagain')
  await page.keyboard.press('Control+C')
  expect(await terminal.prompt()).toBe('learner@laptop:~$ ')
  expect(await terminal.run('kubectl get nodes --no-headers | wc -l')).toMatch(/^ *3\n$/)
  const before = await lab.model.now()
  await expect.poll(() => lab.model.now()).toBeGreaterThan(before)
})
