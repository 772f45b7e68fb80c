/** @jest-config-loader esbuild-register */
import type { Config } from 'jest';

// `npx jest` compiles to CommonJS: no flags, works everywhere, lowest memory.
// `node --experimental-vm-modules node_modules/jest/bin/jest.js` runs the same tests as native ES modules.
const esm = [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].join(' ').includes('--experimental-vm-modules');

/** ESM-only packages (and their ESM-only dependencies) that CommonJS mode must compile. */
const esmOnly = [
  'p-retry',
  'is-network-error',
  '@clack/prompts',
  '@clack/core',
  '@seriousme/openapi-schema-validator',
  'fast-string-width',
  'fast-string-truncated-width',
  'fast-wrap-ansi',
  'sisteransi',
  'tinyqueue',
];

const config: Config = {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  setupFilesAfterEnv: ['<rootDir>/test/support/setup.ts'],
  ...(esm ? { extensionsToTreatAsEsm: ['.ts'] } : {}),
  transform: {
    [esm ? '^.+\\.ts$' : '^.+\\.(ts|js|mjs)$']: [
      '@swc/jest',
      {
        swcrc: false,
        sourceMaps: 'inline',
        jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
        module: { type: esm ? 'es6' : 'commonjs' },
      },
    ],
  },
  transformIgnorePatterns: esm ? ['/node_modules/'] : [`[/\\\\]node_modules[/\\\\](?!(${esmOnly.join('|')})[/\\\\])`],
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  // As in tsconfig.json: a folder that is written for another project runs against the sources, not against a build.
  moduleNameMapper: { '^spillway/api$': '<rootDir>/core/api/index.ts' },
  maxWorkers: 2,
  // What hangs is to fail, and what is slow on a busy machine is not.
  testTimeout: 20_000,
  workerIdleMemoryLimit: '512MB',
  coverageProvider: 'v8',
};

export default config;
