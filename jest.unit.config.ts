/** @jest-config-loader esbuild-register */
import config from './jest.config.ts';
import { beyondUnit } from './test/support/unit-tests.ts';

/** Every test that starts no process, writes no file and takes no long: `npm run test:unit`. */
export default {
  ...config,
  testPathIgnorePatterns: Object.keys(beyondUnit).map((name) => `<rootDir>/${name}`),
};
