import { catalogueEntry, type DestinationManifest } from '../../index.ts';
import { findDestination, findDestinations, type DestinationFlags } from './destinations.ts';
import { exitCode, usage } from './exit-codes.ts';
import { sampleConfig } from './sample-config.ts';
import { tableText } from './table.ts';
import { jsonText } from './printable.ts';
import { print, type Terminal } from './terminal.ts';

export interface ListFlags extends DestinationFlags {
  readonly json?: boolean;
}

/** `spillway list`: what can be delivered to. */
export async function list(flags: ListFlags, terminal: Terminal): Promise<number> {
  const destinations = await findDestinations(flags, terminal.env);
  const manifests = destinations.map(({ manifest }) => manifest).sort((one, other) => (one.slug < other.slug ? -1 : 1));
  const text = flags.json === true ? jsonText(manifests.map(listed), 2) : table(manifests, terminal);
  await print(terminal.stdout, text);
  return exitCode.ok;
}

export interface SchemaFlags extends DestinationFlags {
  readonly sample?: boolean;
  readonly options?: boolean;
}

/**
 * `spillway schema`: the settings of a destination as JSON Schema, or a config file with those that are required, or
 * the JSON Schema of the options beside them.
 */
export async function schema(slug: string, flags: SchemaFlags, terminal: Terminal): Promise<number> {
  const destination = await findDestination(slug, flags, terminal.env);
  if (flags.sample === true && flags.options === true) throw usage('--sample and --options cannot be combined');
  const { configSchema, optionsSchema } = catalogueEntry(destination);
  const printed = flags.options === true ? optionsSchema : configSchema;
  await print(terminal.stdout, jsonText(flags.sample === true ? sampleConfig(slug, configSchema) : printed, 2));
  return exitCode.ok;
}

const listed = ({ slug, displayName, stage, accepts, summary }: DestinationManifest) => ({
  slug,
  displayName,
  stage,
  accepts,
  summary,
});

function table(manifests: readonly DestinationManifest[], terminal: Terminal): string {
  const rows = manifests.map(({ slug, displayName, stage, accepts, summary }) => [
    slug,
    displayName,
    stage,
    accepts.join(','),
    summary,
  ]);
  return tableText(['SLUG', 'NAME', 'STAGE', 'ACCEPTS', 'SUMMARY'], rows, terminal);
}
