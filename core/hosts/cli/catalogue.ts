import { catalogueEntry, type DestinationManifest } from '../../index.ts';
import { findDestination, findDestinations, type DestinationFlags } from './destinations.ts';
import { exitCode } from './exit-codes.ts';
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
}

/** `spillway schema`: the settings of a destination as JSON Schema, or a config file with those that are required. */
export async function schema(slug: string, flags: SchemaFlags, terminal: Terminal): Promise<number> {
  const destination = await findDestination(slug, flags, terminal.env);
  const { configSchema } = catalogueEntry(destination);
  const printed = flags.sample === true ? sampleConfig(slug, configSchema) : configSchema;
  await print(terminal.stdout, jsonText(printed, 2));
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
