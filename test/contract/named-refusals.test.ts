// Tests core/testing/checks/named-refusals.ts, which looks for the answer that names refused events.
import path from 'node:path';
import { expect, it } from '@jest/globals';
import { z } from '../../core/api/index.ts';
import { refusalWithNames } from '../../core/testing/checks/named-refusals.ts';
import { loadContractFolder } from '../../core/testing/kit/load-contract-folder.ts';

it('F-41 a reply with perRefused counts, too, where the events that it does not name are sent again', async () => {
  const folder = await loadContractFolder(path.resolve('test/support/contract/kites'));
  const answers = z.object({ body: z.unknown() });
  const written = answers.parse(await refusalWithNames(folder));
  expect(JSON.stringify(written.body)).toContain('perRefused');
  const cases = folder.cases.map((loaded) => ({ ...loaded, replyNames: [...loaded.replyNames, 'results'] }));
  const resending = { ...folder, cases: cases.filter(({ replyNames }) => replyNames.includes('results')) };
  expect(answers.parse(await refusalWithNames(resending))).toEqual(written);
});
