import { describe, expect, test } from '@jest/globals';
import { bodiesOfBoth } from '../../scripts/bench/same-bytes.ts';
import { linesFor, subjects } from '../../scripts/bench/subjects.ts';

describe('the floors of the benchmark', () => {
  test.each(subjects)('make the very requests a connection makes: $name', async (subject) => {
    const lines = linesFor(subject, 350, { seed: 7 });
    const { ours, floor } = await bodiesOfBoth(subject, lines);
    expect(ours).toHaveLength(Math.ceil(lines.length / subject.perRequest));
    expect(floor).toEqual(ours);
  });
});
