/**
 * The images whose programs the lab knows: what an image holds and what runs in it. Sizes are compressed, as the
 * registry sends them, near those of the real images. An image that is not here still runs: see `known-image.ts`.
 */

/**
 * Which command-line tools an image brings. 'busybox' (alpine too), 'debian' (slim: shell and coreutils, no network tools,
 * not even ps), 'full' (all that the lab knows), 'none' (distroless, scratch: no shell either).
 */
export type Tools = 'busybox' | 'debian' | 'full' | 'none'

export type CatalogueImage = {
  /** `registry/repository`, in full. */
  repository: string
  /** Tags that exist. */
  tags: RegExp
  /** Kilobytes of the layers, compressed, base first. */
  layersKB: readonly number[]
  entrypoint?: readonly string[]
  cmd?: readonly string[]
  env?: Readonly<Record<string, string>>
  user?: string
  workingDir?: string
  ports?: readonly number[]
  stopSignal?: string
  tools: Tools
  /** Beyond those: nginx brings curl. */
  extraTools?: readonly string[]
  /** Base name of a binary of the image -> name of the program (programs.ts) that stands for it. */
  programs?: Readonly<Record<string, string>>
  says: string
}

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const debianTags = /^(latest|stable|trixie|bookworm|bullseye|\d+(\.\d+)?)(-slim)?$/

export const CATALOGUE: readonly CatalogueImage[] = [
  {
    repository: 'docker.io/library/nginx',
    tags: /^(latest|stable|mainline|1|1\.(\d|1\d|2[0-9])(\.\d{1,2})?)(-perl)?(-alpine)?(-slim)?$|^(stable-|mainline-)?alpine(-slim)?$/,
    layersKB: [28_228, 43_948, 1, 1, 1, 2, 2],
    entrypoint: ['/docker-entrypoint.sh'],
    cmd: ['nginx', '-g', 'daemon off;'],
    env: { PATH, NGINX_VERSION: '1.29.4' },
    ports: [80],
    stopSignal: 'SIGQUIT',
    tools: 'debian',
    extraTools: ['curl'],
    programs: { 'docker-entrypoint.sh': 'nginx', nginx: 'nginx' },
    says: 'web server on port 80, welcome page, files under /usr/share/nginx/html',
  },
  {
    repository: 'docker.io/library/httpd',
    tags: /^(latest|2|2\.[24](\.\d{1,2})?)(-alpine|-bookworm|-trixie)?$|^alpine$/,
    layersKB: [28_228, 1, 1, 3_968, 25_610, 1],
    cmd: ['httpd-foreground'],
    env: { PATH: `/usr/local/apache2/bin:${PATH}`, HTTPD_PREFIX: '/usr/local/apache2', HTTPD_VERSION: '2.4.66' },
    workingDir: '/usr/local/apache2',
    ports: [80],
    stopSignal: 'SIGWINCH',
    tools: 'debian',
    programs: { 'httpd-foreground': 'httpd', httpd: 'httpd' },
    says: 'web server on port 80, "It works!", files under /usr/local/apache2/htdocs',
  },
  {
    repository: 'docker.io/library/busybox',
    tags: /^(latest|stable|1|1\.\d\d(\.\d)?)(-glibc|-musl|-uclibc)?$|^(glibc|musl|uclibc)$/,
    layersKB: [2_157],
    cmd: ['sh'],
    env: { PATH },
    tools: 'busybox',
    programs: { httpd: 'busybox-httpd' },
    says: 'shell and small tools',
  },
  {
    repository: 'docker.io/library/alpine',
    tags: /^(latest|edge|3|3\.\d{1,2}(\.\d{1,2})?)$/,
    layersKB: [3_802],
    cmd: ['/bin/sh'],
    env: { PATH },
    tools: 'busybox',
    says: 'shell and small tools',
  },
  {
    repository: 'docker.io/library/debian',
    tags: debianTags,
    layersKB: [48_480],
    cmd: ['bash'],
    env: { PATH },
    tools: 'debian',
    says: 'shell and tools',
  },
  {
    repository: 'docker.io/library/ubuntu',
    tags: /^(latest|rolling|noble|jammy|focal|plucky|questing|resolute|\d\d\.(04|10))$/,
    layersKB: [29_723],
    cmd: ['/bin/bash'],
    env: { PATH },
    tools: 'debian',
    says: 'shell and tools',
  },
  {
    repository: 'docker.io/library/redis',
    tags: /^(latest|[4-8](\.\d)?(\.\d{1,2})?)(-alpine|-bookworm)?$|^alpine$/,
    layersKB: [28_228, 1, 1_024, 18_210, 1, 1],
    entrypoint: ['docker-entrypoint.sh'],
    cmd: ['redis-server'],
    env: { PATH, REDIS_VERSION: '8.4.0' },
    workingDir: '/data',
    ports: [6379],
    tools: 'debian',
    programs: { 'docker-entrypoint.sh': 'tcp-server', 'redis-server': 'tcp-server' },
    says: 'listens on port 6379; its protocol is not modelled',
  },
  {
    repository: 'docker.io/library/postgres',
    tags: /^(latest|1\d(\.\d{1,2})?)(-alpine|-bookworm|-trixie)?$|^alpine$/,
    layersKB: [28_228, 1_200, 5_200, 8_066, 1_196, 1, 110_840, 9, 1, 6],
    entrypoint: ['docker-entrypoint.sh'],
    cmd: ['postgres'],
    env: { PATH, PGDATA: '/var/lib/postgresql/18/docker' },
    ports: [5432],
    stopSignal: 'SIGINT',
    tools: 'debian',
    programs: { 'docker-entrypoint.sh': 'tcp-server', postgres: 'tcp-server' },
    says: 'listens on port 5432; its protocol is not modelled',
  },
  {
    repository: 'docker.io/library/mysql',
    tags: /^(latest|lts|innovation|5\.[67](\.\d\d)?|8(\.\d)?(\.\d\d?)?|9(\.\d)?(\.\d)?)$/,
    layersKB: [49_800, 1, 983, 4_700, 2, 1, 47_900, 1, 129_700, 5],
    entrypoint: ['docker-entrypoint.sh'],
    cmd: ['mysqld'],
    env: { PATH },
    ports: [3306],
    tools: 'debian',
    programs: { 'docker-entrypoint.sh': 'tcp-server', mysqld: 'tcp-server' },
    says: 'listens on port 3306; its protocol is not modelled',
  },
  {
    repository: 'docker.io/curlimages/curl',
    tags: /^(latest|[78]\.\d{1,2}\.\d)$/,
    layersKB: [3_802, 5_630, 1],
    entrypoint: ['/entrypoint.sh'],
    cmd: ['curl'],
    env: { PATH },
    user: 'curl_user',
    tools: 'busybox',
    extraTools: ['curl'],
    programs: { 'entrypoint.sh': 'exec-args' },
    says: 'curl, on a small shell',
  },
  {
    repository: 'docker.io/nicolaka/netshoot',
    tags: /^(latest|v0\.\d{1,2})$/,
    layersKB: [3_802, 171_300, 1_290, 20_110],
    cmd: ['zsh'],
    env: { PATH },
    tools: 'full',
    says: 'shell with network tools',
  },
  {
    repository: 'registry.k8s.io/e2e-test-images/agnhost',
    tags: /^2\.\d{1,2}(\.\d)?$/,
    layersKB: [3_400, 10_300, 17_920, 21_300, 2],
    entrypoint: ['/agnhost'],
    cmd: ['pause'],
    env: { PATH },
    ports: [80, 8080, 8081, 9376],
    tools: 'busybox',
    extraTools: ['curl', 'dig'],
    programs: { agnhost: 'agnhost' },
    says: 'the test server of Kubernetes: netexec, serve-hostname, liveness, pause',
  },
  {
    repository: 'registry.k8s.io/e2e-test-images/busybox',
    tags: /^1\.\d\d(\.\d)?(-\d)?$/,
    layersKB: [2_157],
    cmd: ['sh'],
    env: { PATH },
    tools: 'busybox',
    says: 'shell and small tools',
  },
  {
    repository: 'registry.k8s.io/busybox',
    tags: /^(latest|1\.\d\d(\.\d)?)$/,
    layersKB: [666],
    cmd: ['sh'],
    env: { PATH },
    tools: 'busybox',
    says: 'shell and small tools',
  },
  {
    repository: 'docker.io/hashicorp/http-echo',
    tags: /^(latest|alpine|(0|1)\.\d(\.\d)?)$/,
    layersKB: [103, 1, 2_870],
    entrypoint: ['/http-echo'],
    ports: [5678],
    tools: 'none',
    programs: { 'http-echo': 'http-echo' },
    says: 'answers every request with the text given by -text, on port 5678',
  },
  {
    repository: 'docker.io/traefik/whoami',
    tags: /^(latest|v1(\.\d{1,2})?(\.\d)?)$/,
    layersKB: [1, 220, 2_500],
    entrypoint: ['/whoami'],
    ports: [80],
    tools: 'none',
    programs: { whoami: 'whoami' },
    says: 'answers with its host name and the request it saw, on port 80',
  },
  {
    repository: 'gcr.io/google-samples/hello-app',
    tags: /^[12]\.0$/,
    layersKB: [700, 2_800],
    entrypoint: ['/hello-app'],
    env: { PORT: '8080' },
    ports: [8080],
    tools: 'none',
    programs: { 'hello-app': 'hello-app' },
    says: 'answers "Hello, world!" with its host name, on port 8080',
  },
  {
    repository: 'docker.io/polinux/stress',
    tags: /^latest$/,
    layersKB: [2_800, 1_100],
    cmd: ['/bin/bash'],
    env: { PATH },
    tools: 'busybox',
    programs: { stress: 'stress', bash: 'shell' },
    says: 'takes memory or CPU as its arguments say',
  },
  // The lab's own images: one behaviour each, steered by environment variables.
  ...(
    [
      ['web', 'web', 'web server on $PORT (8080): / gives the pod name, /healthz and /ready can be turned off'],
      ['crasher', 'crasher', 'ends with $EXIT_CODE (1) after $AFTER_SECONDS (5)'],
      ['client', 'client', 'asks $URL every $EVERY_SECONDS (2) and logs the answer'],
      [
        'udp-echo',
        'udp-echo',
        'hears UDP on $PORT (5140), notes who sent, answers with the pod name unless QUIET=true',
      ],
      [
        'udp-sender',
        'udp-sender',
        'sends a datagram to $HOST $PORT (5140) every $EVERY_SECONDS (5), always from the port $SOURCE_PORT (40000)',
      ],
      ['memory-hog', 'memory-hog', 'takes $MEGABYTES_PER_SECOND (10) more, until it may not'],
      ['ignores-sigterm', 'ignores-sigterm', 'hears SIGTERM and goes on'],
    ] as const
  ).map(([name, program, says]): CatalogueImage => ({
    repository: `docker.io/nodeglass/${name}`,
    tags: /^(latest|1)$/,
    layersKB: [2_157, 840],
    entrypoint: [`/${name}`],
    env: { PATH },
    ...(name === 'web' ? { ports: [8080] } : {}),
    tools: 'full',
    programs: { [name]: program },
    says,
  })),
  // What a node of kubeadm runs.
  {
    repository: 'registry.k8s.io/pause',
    tags: /^3\.\d{1,2}(\.\d)?$/,
    layersKB: [267],
    entrypoint: ['/pause'],
    user: '65535',
    tools: 'none',
    programs: { pause: 'pause' },
    says: 'holds the namespaces of a pod',
  },
  {
    repository: 'registry.k8s.io/coredns/coredns',
    tags: /^v1\.\d{1,2}\.\d$/,
    layersKB: [103, 1, 22_300],
    entrypoint: ['/coredns'],
    ports: [53],
    user: 'nonroot:nonroot',
    tools: 'none',
    programs: { coredns: 'coredns' },
    says: 'answers DNS for Services',
  },
  ...(['controller', 'speaker'] as const).map((name): CatalogueImage => ({
    repository: `quay.io/metallb/${name}`,
    tags: /^v0\.1[45]\.\d$/,
    layersKB: [103, 1, name === 'speaker' ? 33_400 : 29_800],
    entrypoint: [`/${name}`],
    tools: 'none',
    programs: { [name]: `metallb-${name}` },
    says: name === 'speaker' ? 'answers ARP for addresses of Services' : 'gives addresses to Services',
  })),
  {
    repository: 'registry.k8s.io/kube-proxy',
    tags: /^v1\.\d\d\.\d{1,2}$/,
    layersKB: [8_200, 18_100],
    entrypoint: ['/go-runner'],
    env: { PATH },
    tools: 'debian',
    programs: { 'kube-proxy': 'kube-proxy', 'go-runner': 'system' },
    says: 'writes the rules of Services into the kernel',
  },
  ...(['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'] as const).map((name): CatalogueImage => ({
    repository: `registry.k8s.io/${name}`,
    tags: /^v1\.\d\d\.\d{1,2}$/,
    layersKB: [103, 1, 1_620, name === 'kube-apiserver' ? 25_800 : name === 'kube-scheduler' ? 16_100 : 21_200],
    entrypoint: ['/go-runner'],
    tools: 'none',
    programs: { [name]: 'system', 'go-runner': 'system' },
    says: `the ${name} of the control plane`,
  })),
  {
    repository: 'registry.k8s.io/etcd',
    tags: /^3\.\d\.\d{1,2}-\d$/,
    layersKB: [103, 1, 22_800],
    tools: 'none',
    programs: { etcd: 'system' },
    says: 'the store of the control plane',
  },
]

/** What kubeadm 1.36 asks for. */
export const PAUSE_IMAGE = 'registry.k8s.io/pause:3.10.1'
export const COREDNS_IMAGE = 'registry.k8s.io/coredns/coredns:v1.14.2'
export const ETCD_IMAGE = 'registry.k8s.io/etcd:3.6.8-0'
export const KUBERNETES_VERSION = 'v1.36.2'

export function controlPlaneImages(version = KUBERNETES_VERSION): string[] {
  return [
    ...['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'].map((n) => `registry.k8s.io/${n}:${version}`),
    ETCD_IMAGE,
  ]
}
