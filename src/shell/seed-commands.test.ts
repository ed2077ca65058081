import { beforeAll, describe, expect, test } from 'vitest'
import { createFilters } from './filters.ts'
import { openLab } from '../lesson/lab.ts'
import type { Lab } from '../lesson/play.ts'

/**
 * Commands of the seed documents as they stand there, and the shape of what real programs print (COMMANDS.md, parts A
 * to C). The patterns are written from those samples, never from our own output.
 */
const loadFilters = async () =>
  createFilters((await import('just-bash/browser')) as unknown as Parameters<typeof createFilters>[0])

let lab: Lab
beforeAll(async () => {
  lab = openLab('default', 1, loadFilters)
  await lab.run(
    'kubectl create deployment web --image=nginx --replicas=2; kubectl expose deployment web --port=80; kubectl rollout status deployment/web; sleep 3',
  )
})

const WIDE =
  /^NAME +STATUS +ROLES +AGE +VERSION +INTERNAL-IP +EXTERNAL-IP +OS-IMAGE +KERNEL-VERSION +CONTAINER-RUNTIME\ncontrol-plane {3}Ready {4}control-plane /

describe('part A', () => {
  const cases: [id: string, where: 'laptop' | 'worker-1', command: string, out: RegExp][] = [
    ['c01', 'worker-1', 'systemctl status kubelet', /^● kubelet\.service - kubelet: The Kubernetes Node Agent\n {5}Loaded: loaded \(.*; enabled; preset: enabled\)\n {4}Drop-In: .*\n {13}└─10-kubeadm\.conf\n {5}Active: active \(running\) since \w{3} \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC; .* ago\n {7}Docs: https:\/\/kubernetes\.io\/docs\/\n {3}Main PID: \d+ \(kubelet\)\n/],
    ['c04', 'worker-1', 'journalctl -u kubelet', /^\w{3} \d\d \d\d:\d\d:\d\d worker-1 kubelet\[\d+\]: [IWE]\d{4} \d\d:\d\d:\d\d\.\d{6} {1,7}\d+ \w+\.go:\d+\] /m],
    ['c05', 'worker-1', 'journalctl -u kubelet --since "10 min ago" | wc -l', /^[1-9]\d+\n$/],
    ['c06', 'worker-1', 'systemctl status containerd', /● containerd\.service - containerd container runtime[\s\S]*CGroup: \/system\.slice\/containerd\.service\n {13}├─ +412 \/usr\/bin\/containerd\n {13}[├└]─\d+ \/usr\/bin\/containerd-shim-runc-v2 -namespace k8s\.io -id [0-9a-f]{64} -address \/run\/containerd\/containerd\.sock/],
    ['c08', 'laptop', 'kubectl get nodes -o wide', WIDE],
    ['c09', 'laptop', 'kubectl describe node worker-1', /^Name: {15}worker-1\nRoles: [\s\S]*\nLease:\n {2}HolderIdentity: {2}worker-1\n {2}AcquireTime: {5}<unset>\n {2}RenewTime: {7}\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000\nConditions:\n {2}Type +Status +LastHeartbeatTime +LastTransitionTime +Reason +Message\n {2}---- +------ /],
    ['c10', 'laptop', 'kubectl describe node worker-1 | grep -A 10 "Conditions:"', /^Conditions:\n(?:.*\n){10}$/],
    ['c11', 'laptop', "kubectl describe node | sed -n '/Capacity:/,/Allocatable:/p' | head -8", /^Capacity:\n {2}cpu: +4\n {2}ephemeral-storage: {2}\d+Ki\n[\s\S]*Allocatable:\n/],
    ['c12', 'laptop', 'kubectl get leases -n kube-node-lease', /^NAME +HOLDER +AGE\ncontrol-plane {3}control-plane {3}\d+[sm]/],
    ['c13', 'laptop', "kubectl get lease -n kube-node-lease -o jsonpath='{.items[0].spec.renewTime}{\"\\n\"}'", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z\n$/],
    ['c15', 'laptop', 'kubectl get pods -n kube-system', /^NAME +READY +STATUS +RESTARTS +AGE\ncoredns-\w+-\w{5} +1\/1 +Running +0 +\d+[sm]/],
    ['c16', 'laptop', 'kubectl get pods -n kube-system -o wide', /READY +STATUS +RESTARTS +AGE +IP +NODE +NOMINATED NODE +READINESS GATES\n[\s\S]*etcd-control-plane +1\/1 +Running +0 +\S+ +172\.18\.0\.2 +control-plane +<none> +<none>\n/],
    ['c22', 'laptop', 'kubectl logs -n kube-system -l k8s-app=kube-dns', /^\.:53$/m],
    ['c25', 'laptop', 'kubectl proxy &\ncurl -s http://localhost:8001/api/v1/nodes/worker-1/proxy/configz | \\\n  python3 -m json.tool | head -40\nkill %1', /^Starting to serve on 127\.0\.0\.1:8001\n\{\n {4}"kubeletconfig": \{\n {8}"enableServer": true,\n {8}"staticPodPath": "\/etc\/kubernetes\/manifests",\n {8}"podLogsDir": "\/var\/log\/pods",\n {8}"syncFrequency": "1m0s",\n/],
    ['c26', 'worker-1', 'curl -sk https://localhost:10250/healthz', /^Unauthorized$/],
    ['c26', 'worker-1', 'curl -s http://localhost:10248/healthz', /^ok$/],
    ['c27', 'laptop', 'kubectl get endpointslices', /^NAME +ADDRESSTYPE +PORTS +ENDPOINTS +AGE\n[\s\S]*web-\w{5} +IPv4 +80 +10\.244\.\d\.\d+,10\.244\.\d\.\d+ +/],
    ['c28', 'laptop', 'kubectl describe pod -l app=web | tail -8', /Events:\n {2}Type +Reason +Age +From +Message\n {2}---- +------ +---- +---- +-------\n {2}Normal +Scheduled +/],
    ['c32', 'worker-1', 'sudo crictl ps', /^CONTAINER {11}IMAGE {15}CREATED {13,}STATE {15}NAME {16}ATTEMPT {13}POD ID {14}POD {10,}NAMESPACE\n[0-9a-f]{13} {7}[0-9a-f]{13} {7}\S.* ago +Running +/],
    ['c33', 'worker-1', 'crictl ps -a   # Include stopped containers', /^CONTAINER /],
    ['c34', 'worker-1', 'crictl pods', /^POD ID {14}CREATED {13,}STATE {15}NAME +NAMESPACE {11}ATTEMPT {13}RUNTIME\n[0-9a-f]{13} {7}.* ago +Ready {15}\S+ +\S+ +0 +\(default\)\n/],
    ['c35', 'worker-1', 'crictl images', /^IMAGE +TAG +IMAGE ID {12}SIZE\n[\s\S]*registry\.k8s\.io\/pause +3\.\S+ +[0-9a-f]{13} {7}\d+kB\n/],
    ['c36', 'worker-1', 'crictl logs $(crictl ps --name coredns -q)', /CoreDNS-1\./],
    ['c38', 'worker-1', 'crictl pull nginx:latest', /^Image is up to date for \S+\n$/],
    ['c39', 'worker-1', 'crictl inspect $(crictl ps --name coredns -q) | jq -r .status.state', /^CONTAINER_RUNNING\n$/],
    ['c40', 'worker-1', 'crictl info', /"status": \{\n {4}"conditions": \[\n {6}\{\n {8}"message": "",\n {8}"reason": "",\n {8}"status": true,\n {8}"type": "RuntimeReady"\n/],
    ['c41', 'laptop', 'docker exec -it node-lab-control-plane crictl ps | head', /^CONTAINER /],
    ['c42', 'laptop', 'docker exec -it node-lab-control-plane crictl images | head', /^IMAGE /],
    ['c43', 'laptop', 'minikube ssh -p node-lab -- sudo crictl ps | head', /^CONTAINER /],
    ['c52', 'worker-1', 'iptables -t nat -L KUBE-SERVICES -n | grep web', /^KUBE-SVC-[A-Z0-9]{16} {2}tcp {2}-- {2}0\.0\.0\.0\/0 {12}10\.\d+\.\d+\.\d+ +\/\* default\/web cluster IP \*\/ tcp dpt:80\n$/],
    ['c53', 'worker-1', "iptables-save -t nat | grep -A1 'default/web -> '", /^-A KUBE-SVC-[A-Z0-9]{16} -m comment --comment "default\/web -> 10\.244\.\d\.\d+:80" -m statistic --mode random --probability 0\.50000000000 -j KUBE-SEP-[A-Z0-9]{16}$/m],
    ['c54', 'worker-1', 'ipvsadm -Ln', /^IP Virtual Server version 1\.2\.1 \(size=4096\)\nProt LocalAddress:Port Scheduler Flags\n {2}-> RemoteAddress:Port {11}Forward Weight ActiveConn InActConn\n$/],
    ['c55', 'worker-1', 'iptables-save | head -3', /^# Generated by iptables-save v1\.8\.\d+ \(nf_tables\) on \w{3} \w{3} \d+ \d\d:\d\d:\d\d \d{4}\n\*\w+\n:/],
    ['c57', 'worker-1', 'conntrack -L | head -1', /^(tcp {6}6|udp {6}17) \d+ ([A-Z_]+ )?src=\S+ dst=\S+ sport=\d+ dport=\d+ (\[UNREPLIED\] )?src=\S+ dst=\S+ sport=\d+ dport=\d+ (\[ASSURED\] )?mark=0 use=1\n$/],
    ['c61', 'worker-1', 'ip addr', /^1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 [\s\S]*\n\d+: veth\w+@if2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue master cni0 state UP group default \n {4}link\/ether \S+ brd ff:ff:ff:ff:ff:ff link-netns cni-\S+\n/],
    ['c62', 'worker-1', 'ip route', /^default via 172\.18\.0\.1 dev eth0 \n10\.244\.0\.0\/24 via 172\.18\.0\.2 dev eth0 \n10\.244\.1\.0\/24 dev cni0 proto kernel scope link src 10\.244\.1\.1 \n/],
    ['c66', 'laptop', 'kubectl get events', /^LAST SEEN +TYPE +REASON +OBJECT +MESSAGE\n/],
    ['c68', 'laptop', 'kubectl get svc -o wide', /^NAME +TYPE +CLUSTER-IP +EXTERNAL-IP +PORT\(S\) +AGE +SELECTOR\nkubernetes +ClusterIP +10\.96\.0\.1 +<none> +443\/TCP +\S+ +<none>\nweb +ClusterIP +\S+ +<none> +80\/TCP +\S+ +app=web\n$/],
    ['c69', 'laptop', 'kubectl describe svc web', /Port: {21}<unset> {2}80\/TCP\nTargetPort: {15}80\/TCP\nEndpoints: {16}10\.244\.\d\.\d+:80,10\.244\.\d\.\d+:80\nSession Affinity: {9}None\nInternal Traffic Policy: {2}Cluster\nEvents: {19}<none>\n$/],
    ['c74', 'worker-1', 'ls /sys/fs/cgroup/kubepods.slice/', /^kubepods-besteffort\.slice\nkubepods-burstable\.slice\n/],
  ] // prettier-ignore

  test.each(cases)('%s on %s: %s', async (_id, where, command, pattern) => {
    const ran = await lab.run(where === 'laptop' ? command : `ssh ${where}\n${command}`)
    expect(ran.out || ran.err).toMatch(pattern)
    expect(ran.err).not.toContain('internal error')
  })

  test('c14: sleep moves the leases on by one renewal, not by twelve seconds', async () => {
    const get = 'kubectl get lease -n kube-node-lease -o jsonpath=\'{.items[0].spec.renewTime}{"\\n"}\''
    const { out } = await lab.run(`${get}; sleep 12; ${get}`)
    const [before, after] = out
      .trim()
      .split('\n')
      .map((line) => Number(line.slice(17, 26)) + 60 * Number(line.slice(14, 16))) as [number, number]
    expect((after - before + 3600) % 3600).toBeGreaterThan(9.9)
    expect((after - before + 3600) % 3600).toBeLessThan(20.5)
  })

  test('c17 to c21: two pods, their QoS class, a cgroup file, and their end', async () => {
    const ran = await lab.run(`kubectl run be --image=nginx --restart=Never
kubectl run guaranteed --image=nginx --restart=Never \\
  --overrides='{"spec":{"containers":[{"name":"guaranteed","image":"nginx","resources":{"requests":{"cpu":"100m","memory":"64Mi"},"limits":{"cpu":"100m","memory":"64Mi"}}}]}}'
kubectl wait --for=condition=Ready pod/be pod/guaranteed > /dev/null
kubectl get pod be guaranteed -o custom-columns=NAME:.metadata.name,QOS:.status.qosClass
kubectl exec guaranteed -- cat /sys/fs/cgroup/memory.max 2>/dev/null || \\
  kubectl exec guaranteed -- cat /sys/fs/cgroup/memory/memory.limit_in_bytes
kubectl exec guaranteed -- cat /sys/fs/cgroup/cpu.max
kubectl delete pod be guaranteed --ignore-not-found`)
    expect(ran.out).toBe(
      'pod/be created\npod/guaranteed created\n' +
        'NAME         QOS\nbe           BestEffort\nguaranteed   Guaranteed\n' +
        '67108864\n10000 100000\n' +
        'pod "be" deleted from default namespace\npod "guaranteed" deleted from default namespace\n',
    )
  })

  test('c29: drain', async () => {
    const ran = await lab.run('kubectl drain worker-2 --ignore-daemonsets; kubectl uncordon worker-2')
    const node = ran.out.split('\n')
    expect(node[0]).toBe('node/worker-2 cordoned')
    expect(ran.err).toMatch(/^Warning: ignoring DaemonSet-managed Pods: kube-system\/kube-proxy-\w{5}\n$/)
    expect(ran.out).toMatch(/^evicting pod \S+\/\S+$/m)
    expect(ran.out).toMatch(/^pod\/\S+ evicted$/m)
    expect(node.slice(-3)).toEqual(['node/worker-2 drained', 'node/worker-2 uncordoned', ''])
  })
})

describe('what a seed writes that does not work so', () => {
  test.each([
    ['docker ps', 'ssh worker-1', /^-bash: docker: command not found\n/],
    [
      'systemctl status containerd/crio',
      'ssh worker-1',
      /^Unit containerd\/crio\.service could not be found\.\n# one unit at a time/,
    ],
    [
      'kubectl describe node <node-name>',
      '',
      /^<node-name> is a placeholder: put a real name there, without the angle brackets, for example worker-1\n$/,
    ],
    ['tcpdump -i any', 'ssh worker-1', /^not simulated here: tcpdump; try /],
    ['kubectl top nodes', '', /^error: Metrics API not available\n/],
  ])('%s', async (command, first, pattern) => {
    const ran = await lab.run(first === '' ? command : `${first}\n${command}`)
    expect(ran.err).toMatch(pattern)
    expect(ran.exit).not.toBe(0)
  })

  test('a follower in a pipe to tail gives nothing until it is stopped', async () => {
    const ran = await lab.run('ssh worker-1\ntimeout 30 journalctl -u kubelet -f --no-pager | tail -50 | wc -l')
    expect(Number(ran.out)).toBeGreaterThan(0)
  })
})

describe('curl says why', () => {
  test('refused at once, or silence until the limit', async () => {
    await lab.run(
      'kubectl run client --image=curlimages/curl --restart=Never -- sleep 3600; kubectl wait --for=condition=Ready pod/client',
    )
    const refused = await lab.run('kubectl exec client -- curl -sS -m 5 http://web:81; echo $?')
    expect(refused.err).toMatch(/curl: \((7|28)\) /)
    const ok = await lab.run("kubectl exec client -- curl -s -o /dev/null -w '%{http_code}\\n' http://web")
    expect(ok.out).toBe('200\n')
    const unknown = await lab.run('kubectl exec client -- curl -sS http://nowhere.example; echo $?')
    expect(unknown.err).toBe('curl: (6) Could not resolve host: nowhere.example\ncommand terminated with exit code 6\n')
    await lab.run(
      'kubectl scale deployment web --replicas=0; kubectl wait --for=delete pod -l app=web --timeout=120s; sleep 3',
    )
    const rejected = await lab.run('kubectl exec client -- curl -sS -m 5 http://web')
    expect(rejected.err).toMatch(
      /^curl: \(7\) Failed to connect to web port 80 after \d+ ms: Couldn't connect to server\ncommand terminated with exit code 7\n$/,
    )
  })
})

describe('files with many objects', () => {
  test('a namespace and a pod in one file: the account of the namespace is waited for', async () => {
    const ran = await lab.run(`cat > ns.yaml <<'END'
apiVersion: v1
kind: Namespace
metadata: {name: one-file}
---
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: one-file}
spec: {containers: [{name: c, image: nginx}]}
END
kubectl apply -f ns.yaml && kubectl create ns other && kubectl run p -n other --image=nginx`)
    expect(ran).toMatchObject({
      err: '',
      out: 'namespace/one-file created\npod/p created\nnamespace/other created\npod/p created\n',
    })
  })

  test('3,000 objects in one file', async () => {
    const ran = await lab.run(`for i in $(seq 3000); do
printf -- '---\\napiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: c%s, namespace: one-file}\\n' $i; done > many.yaml
kubectl apply -f many.yaml | tail -1; kubectl delete -f many.yaml | wc -l`)
    expect(ran).toMatchObject({ err: '', out: 'configmap/c3000 created\n3000\n' })
  })
})
