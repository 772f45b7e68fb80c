import { z } from 'zod';
import { directives } from './directives/directive-table.ts';

/**
 * The shape of the option `mapping`, for the schema of a connection's options and its JSON Schema. It says which
 * members there are and what stands in them; compileMapping() checks the rest, on the option as it was written: a
 * schema would drop a target called `__proto__`. It is made when it is needed, as all schemas of options are.
 */
export const makeMappingShape = () =>
  z
    .strictObject({
      set: z
        .record(
          z.string().meta({ title: 'Target', description: 'The path of a member of the event: properties.order_id.' }),
          z.unknown().meta({
            title: 'Value',
            description: `Raw JSON, or an object with exactly one of ${[...directives.keys()].join(', ')}.`,
          }),
        )
        .optional()
        .meta({
          title: 'Set',
          description:
            'What members of the event become, by their paths. All values are made of the event as it was sent. ' +
            'What yields nothing leaves the member as it is; null writes null.',
        }),
      unset: z
        .array(z.string().min(1).meta({ title: 'Path', description: 'Such as context.ip.' }))
        .optional()
        .meta({ title: 'Unset', description: 'The paths of members that the event loses.' }),
    })
    .meta({
      title: 'Mapping',
      description: 'Where the vendor’s data comes from: changes to each event before the vendor’s own rules apply.',
    });
