// Who may import whom. test/architecture/boundaries.test.ts holds the tree to it, and holds these rules to a tree that breaks them.

/** An npm package, installed or not. */
const npm = (...names) => `^(?:node_modules/)?(?:${names.join('|')})(?:/|$)`;

/** One way that is closed. A `$1` in `pathNot` is the first group of `from`. */
const closed = (name, from, to, comment) => ({ name, severity: 'error', comment, from, to });

module.exports = {
  forbidden: [
    closed(
      'vendor-folder',
      { path: '^(destinations/[^/]+/|docs/examples/[^/]+/|core/hosts/cli/new/template/)' },
      { pathNot: ['^$1', '^core/api/index\\.ts$'] },
      'A vendor folder, and the template of one, imports its own files and core/api.',
    ),
    closed(
      'core-api',
      { path: '^core/api/' },
      { pathNot: ['^core/api/', npm('zod', 'ipaddr\\.js'), '^(?:node:)?(?:crypto|net)$'] },
      'core/api is a leaf: zod, ipaddr.js, node:crypto and node:net.',
    ),
    closed(
      'core-http',
      { path: '^core/http/' },
      { path: '^core/', pathNot: '^core/(?:http|api)/' },
      'core/http builds on core/api.',
    ),
    closed(
      'core-registry',
      { path: '^core/registry/' },
      { path: '^core/', pathNot: ['^core/(?:registry|api)/', '^core/(?:package-root|folder-path)\\.ts$'] },
      'core/registry builds on core/api, and knows where folders and the package lie.',
    ),
    closed(
      'core-runtime',
      { path: '^core/runtime/' },
      { path: '^core/', pathNot: ['^core/(?:runtime|mapping|policy|http|api)/', '^core/json-text\\.ts$'] },
      'core/runtime builds on core/mapping, core/policy, core/http and core/api; it bounds the nesting of JSON as the command line does.',
    ),
    closed(
      'core-policy',
      { path: '^core/policy/' },
      { pathNot: ['^core/(?:policy|api)/', npm('denque'), '^(?:node:)?timers/promises$'] },
      'core/policy is pure: time, chance and limits, on the types of core/api.',
    ),
    closed(
      'core-mapping',
      { path: '^core/mapping/' },
      { pathNot: ['^core/(?:mapping|api)/', '^core/parse-json\\.ts$', npm('zod')] },
      'core/mapping is pure: queries and mappings of events, on the types and casts of core/api, and zod for the shape; it reads JSON as the command line does.',
    ),
    closed(
      'core-queue',
      { path: '^core/queue/' },
      {
        path: '^core/',
        pathNot: [
          '^core/(?:queue|runtime|policy|api)/',
          '^core/http/undici\\.ts$',
          '^core/(?:package-root|folder-path|ndjson|optional-peer)\\.ts$',
        ],
      },
      'core/queue builds on core/runtime, core/policy and core/api; it knows where folders and the package lie, and asks the owner of a store through the client that core/http loads, in lines of JSON.',
    ),
    closed(
      'core-queue-apart',
      { path: '^core/(?!queue/|service/|hosts/)' },
      { path: '^core/queue/' },
      'A host without a queue loads none of it.',
    ),
    closed(
      'core-jetstream',
      { path: '^core/queue/jetstream/' },
      {
        path: '^core/',
        pathNot: [
          '^core/queue/(?!lmdb/|admin/|index\\.ts$)',
          '^core/(?:runtime|policy|api)/',
          '^core/optional-peer\\.ts$',
        ],
      },
      'The store on a broker has nothing of the embedded one: who shares a store needs no LMDB.',
    ),
    closed(
      'core-jetstream-apart',
      { path: '^core/(?!queue/jetstream/|hosts/)' },
      { path: '^core/queue/jetstream/' },
      'A host without a broker loads nothing of it.',
    ),
    closed(
      'nats-apart',
      { path: '^(?:core|destinations|scripts)/', pathNot: ['^core/queue/jetstream/', '^scripts/bench/'] },
      { path: npm('@nats-io/[^/]+') },
      'The clients of NATS are optional peers, and core/queue/jetstream alone asks for them; a benchmark sets them beside it.',
    ),
    closed(
      'core-alone',
      { path: '^core/(?:folder-path|json-text|ndjson|optional-peer|package-root|process-identity)\\.ts$' },
      { path: '^core/' },
      'What several rooms share knows none of them.',
    ),
    closed(
      'core-tracking',
      { path: '^core/service/tracking/' },
      {
        path: '^core/',
        pathNot: ['^core/service/(?:tracking/|problem\\.ts$)', '^core/api/', '^core/runtime/intake/event-shape\\.ts$'],
      },
      'The tracking API reads what SDKs send, and knows no store and no connection: whoever mounts it keeps the events.',
    ),
    closed(
      'core-service',
      { path: '^core/service/(?!tracking/)' },
      {
        path: '^core/',
        pathNot: [
          '^core/service/',
          '^core/(?:index|package-root|json-text|parse-json|ndjson|optional-peer)\\.ts$',
          '^core/(?:metrics|queue|tracing)/index\\.ts$',
        ],
      },
      'core/service imports what every program imports, core/index and core/queue/index, and knows the text of JSON.',
    ),
    closed(
      'core-service-apart',
      { path: '^core/(?!service/|hosts/)' },
      { path: '^core/service/' },
      'A host without the service loads none of it.',
    ),
    closed(
      'service-packages-apart',
      { path: '^(?:core|destinations|scripts)/', pathNot: '^core/service/' },
      { path: npm('hono', '@hono/[^/]+', '@asteasolutions/[^/]+') },
      'What answers by HTTP are optional peers, and core/service alone asks for them.',
    ),
    closed(
      'core-rudder',
      { path: '^core/adapters/rudder' },
      { path: '^core/', pathNot: ['^core/api/', '^core/adapters/rudder', '^core/optional-peer\\.ts$'] },
      'The RudderStack adapter builds on core/api, and loads its library as every optional peer is loaded.',
    ),
    closed(
      'core-tracing',
      { path: '^core/tracing/' },
      { pathNot: ['^core/tracing/', '^core/(?:index|optional-peer)\\.ts$', npm('@opentelemetry/api')] },
      'core/tracing sees what a host sees, and the API of OpenTelemetry.',
    ),
    closed(
      'core-metrics',
      { path: '^core/metrics/' },
      { pathNot: ['^core/metrics/', '^core/(?:index|optional-peer)\\.ts$', npm('prom-client')] },
      'core/metrics sees what a host sees, and the client of Prometheus. It has its own words for what it asks of a store, so that a host without a queue loads none.',
    ),
    closed(
      'metrics-apart',
      { path: '^(?:core|destinations|scripts)/', pathNot: '^core/metrics/' },
      { path: npm('prom-client') },
      'The client of Prometheus is an optional peer, and core/metrics alone asks for it.',
    ),
    closed(
      'tracing-apart',
      { path: '^(?:core|destinations|scripts)/', pathNot: '^core/tracing/' },
      { path: npm('@opentelemetry/[^/]+') },
      'OpenTelemetry is an optional peer, and core/tracing alone asks for it.',
    ),
    closed(
      'core-tracing-apart',
      { path: '^core/(?!tracing/|service/|hosts/)' },
      { path: '^core/tracing/' },
      'A host without traces loads none of it.',
    ),
    closed(
      'core-metrics-apart',
      { path: '^core/(?!metrics/|service/|hosts/)' },
      { path: '^core/metrics/' },
      'A host without metrics loads none of it.',
    ),
    closed(
      'core-outward',
      { path: '^core/' },
      { path: '^(?:destinations|test|scripts)/' },
      'core knows no vendor, no test and no script.',
    ),
    closed(
      'core-testing',
      { path: '^core/(?!testing/|hosts/cli/(?:contract-kit|serve/simulators)\\.ts$)' },
      { path: '^core/testing/' },
      'Nothing that delivers loads the test kit.',
    ),
    closed(
      'contract-kit',
      { path: '^core/hosts/cli/contract-kit\\.ts$' },
      { path: '^core/testing/', pathNot: '^core/testing/kit/' },
      'The commands for vendor folders load what they need of the test kit, and no simulator.',
    ),
    closed(
      'trial-vendors',
      { path: '^core/hosts/cli/serve/simulators\\.ts$' },
      { path: '^core/testing/', pathNot: '^core/testing/kit/(?:start-vendor|events)\\.ts$' },
      'The service tries events at the vendors that the test kit starts, and needs nothing else of it.',
    ),
    closed('core-hosts', { path: '^core/(?!hosts/)' }, { path: '^core/hosts/' }, 'Nothing in core imports a host.'),
    closed(
      'hosts',
      {
        path: '^(?:core/hosts|scripts|test/proofs)/',
        pathNot: [
          '^scripts/bench/',
          '^test/proofs/(?:kill|damage|neighbours|outage|poison)/',
          '^core/hosts/cli/(?:new/template|record)/',
        ],
      },
      {
        path: '^core/',
        pathNot: [
          '^core/(?:index|package-root|json-text|ndjson|parse-json|process-identity)\\.ts$',
          '^core/adapters/rudder\\.ts$',
          '^core/(?:metrics|queue|queue/jetstream|service|tracing)/index\\.ts$',
          '^core/hosts/',
          '^core/testing/',
        ],
      },
      'Hosts, scripts and proofs import what everybody may import, core/index and the index of core/metrics, core/queue, core/queue/jetstream, core/service and core/tracing, and five files on the package, a process and the text of JSON. A benchmark may look inside, as a test may.',
    ),
    closed(
      'proofs-inside',
      { path: '^test/proofs/(?:damage|neighbours|outage|poison)/' },
      {
        path: '^core/',
        pathNot: [
          '^core/(?:index|parse-json)\\.ts$',
          '^core/queue/(?:index|queue|worker|work-options|lmdb/open-queue)\\.ts$',
          '^core/hosts/',
          '^core/testing/',
        ],
      },
      'What looks at every claim knows the port inside a store.',
    ),
    closed(
      'kill',
      { path: '^test/proofs/kill/' },
      {
        path: '^core/',
        pathNot: ['^core/index\\.ts$', '^core/queue/(?:index|failpoint)\\.ts$', '^core/hosts/', '^core/testing/'],
      },
      'What kills a process at a moment names the moments; nobody else sees them.',
    ),
    closed(
      'hosts-record',
      { path: '^core/hosts/cli/record/' },
      { path: '^core/', pathNot: ['^core/index\\.ts$', '^core/hosts/', '^core/http/(?:redact|target)\\.ts$'] },
      'What records a vendor’s response masks it as the runtime would, and keeps to the same hosts.',
    ),
    closed(
      'new-template',
      { path: '^(?!core/hosts/cli/new/template/)' },
      { path: '^core/hosts/cli/new/template/' },
      'The template is read as text. The build leaves it out of what it compiles.',
    ),
    closed(
      'prompts',
      { path: '^(?:core|destinations|scripts)/', pathNot: '^core/hosts/cli/new/ask-options\\.ts$' },
      { path: npm('@clack/[^/]+') },
      'What asks a person is an optional peer: one file loads it, and says so when it is not there.',
    ),
    closed(
      'undici',
      { path: '^(?:core|destinations)/', pathNot: '^core/(?:http|runtime|testing|hosts/cli/record)/' },
      { path: npm('undici') },
      'core/http alone speaks HTTP; core/runtime knows its types, the test kit answers in its place, and record keeps what a vendor answers.',
    ),
    closed(
      'rudder',
      { path: '^(?:core|destinations|scripts)/', pathNot: '^core/adapters/rudder' },
      { path: npm('@rudderstack/integrations-lib') },
      'RudderStack’s library stays in its adapter.',
    ),
    closed(
      'testing-kit',
      { path: '^core/testing/(?!simulators/|kit/folder-under-test\\.ts$)' },
      {
        path: '^core/',
        pathNot: [
          '^core/index\\.ts$',
          '^core/api/',
          '^core/policy/clock\\.ts$',
          '^core/folder-path\\.ts$',
          '^core/testing/(?:kit|checks)/',
          '^core/testing/(?:simulators/)?index\\.ts$',
          '^core/testing/simulators/generator/generator\\.ts$',
        ],
      },
      'The published kit sees what its users see; it sleeps as the runtime does, and knows where folders lie.',
    ),
    closed(
      'folder-under-test',
      { path: '^core/testing/kit/folder-under-test\\.ts$' },
      {
        path: '^core/',
        pathNot: [
          '^core/api/',
          '^core/testing/kit/',
          '^core/runtime/(?:bind-destination|emptied-settings)\\.ts$',
          '^core/runtime/intake/(?:event-shape|event-size|normalize-event)\\.ts$',
        ],
      },
      'folderUnderTest() calls the functions of a folder as the runtime does, one by one, without a request.',
    ),
    closed(
      'testing-simulators',
      { path: '^core/testing/simulators/' },
      { path: '^core/', pathNot: ['^core/api/', '^core/testing/simulators/'] },
      'A simulator that knew our code would agree with its mistakes.',
    ),
    closed(
      'testing-peers',
      { path: '^(?:core|destinations|scripts)/', pathNot: '^core/testing/(?!simulators/)' },
      { path: npm('jest', '@jest/[^/]+', 'nock', 'fast-check') },
      'A test runner, nock and fast-check are optional peers, and the test kit alone asks for them.',
    ),
    closed('circular', {}, { circular: true }, 'Two files that need each other are one file, or three.'),
  ],
  options: {
    // TypeScript 7 has no compiler API; swc also shows `import type`, which the compiler would drop.
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'types'],
    },
  },
};
