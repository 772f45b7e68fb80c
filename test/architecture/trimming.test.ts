// Tests that values of events and settings are trimmed in one way: core/api/fields/trim-invisible.ts.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from '@jest/globals';

/** What reads vendors' answers and headers, where white space is all that HTTP and JSON allow around a value. */
const ofAnswers = /^core\/api\/answers\/|\/response\.ts$/;

const filesIn = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => path.posix.join(folder, file.replaceAll(path.sep, '/')))
    .filter((file) => !ofAnswers.test(file));

it.each(['core/api', 'core/runtime/intake', 'destinations'])(
  'F-58 %s trims what an event or a setting says with trimInvisible(), never with trim()',
  (folder) => {
    const files = filesIn(folder);
    expect(files.length).toBeGreaterThan(5);
    expect(files.filter((file) => /\.trim(?:Start|End)?\(/.test(readFileSync(file, 'utf8')))).toEqual([]);
  },
);
