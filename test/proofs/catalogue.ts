import awkward from './awkward/proof.ts';
import bystanders from './bystanders/proof.ts';
import cluster from './cluster/proof.ts';
import clusterPace from './cluster-pace/proof.ts';
import damage from './damage/proof.ts';
import echoes from './echoes/proof.ts';
import hostile from './hostile/proof.ts';
import hosts from './hosts/proof.ts';
import kill from './kill/proof.ts';
import neighbours from './neighbours/proof.ts';
import outage from './outage/proof.ts';
import pace from './pace/proof.ts';
import poison from './poison/proof.ts';
import type { AnyProof } from './proof.ts';
import races from './races/proof.ts';
import reconcile from './reconcile/proof.ts';
import reload from './reload/proof.ts';
import sdks from './sdks/proof.ts';
import soak from './soak/proof.ts';

/** All proofs; first those of delivery, then those of the durable queue. */
export const proofs: readonly AnyProof[] = [
  reconcile,
  hosts,
  awkward,
  echoes,
  hostile,
  bystanders,
  pace,
  clusterPace,
  soak,
  kill,
  cluster,
  races,
  damage,
  neighbours,
  outage,
  poison,
  reload,
  sdks,
];
