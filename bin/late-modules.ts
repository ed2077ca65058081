/**
 * Modules of the model that a cluster in iptables mode runs nothing of before somebody does something: other proxy
 * modes, load balancers, deletions. The worker loads them behind the first picture (`vite-late.ts`).
 * `late-modules.test.ts` holds this list against a run.
 */
export const LATE = new RegExp(
  `src/model/(?:${[
    'apiserver/(?:base64|delete)',
    'controllers/replicaset/ranking',
    'cri/(?:container-stop|exec-sync|power|sandbox-stop)',
    'images/(?:container-files|volume-files)',
    'kube-proxy/full-yaml',
    'kube-proxy/ipvs/(?:chains|desired|rules|servers|sets)',
    'kube-proxy/nftables/(?:dialect|proxier|service-rules|static-rules|sync|table-text)',
    'linux/ipset/apply',
    'linux/ipvs/(?:apply|hooks|keep|maglev|schedulers)',
    'linux/netfilter/match-by-name',
    'linux/nft/(?:apply|evaluate|expression-text|expressions|overlay|parse-[a-z]+|print-rule|quick|selectors|transaction|verdicts|words)',
    'load-balancer/(?:cloud|election|metallb-controller|metallb-speaker|pool)',
  ].join('|')})\\.ts$`,
)
