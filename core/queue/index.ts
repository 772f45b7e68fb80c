/** Durable delivery: published as `spillway/queue`, so that a host without a queue loads none of it. */
export { isStoreLost, OtherSettings, QueueFull } from './queue.ts';
export type {
  Claim,
  ClaimKind,
  ConnectionBacklog,
  ConnectionSettings,
  DeadFilter,
  DeadLetter,
  DeliveryQueue,
  FinalSettlement,
  LanesOf,
  QueuedEvent,
  RegisteredConnection,
  QueueStatus,
  Settlement,
  FailureHistory,
} from './queue.ts';
export type { DeliveryLog, DeliveryLogs, FileDelivery, KnownLine, LineOutcome } from './delivery-log.ts';
export { defaultPoison, defaultQueuePolicy, policyFor, settlementOf } from './settlement.ts';
export type { PoisonPolicy, QueuePolicy, SettlementContext } from './settlement.ts';
export type { PoisonSuspects } from './poison-tracker.ts';
export { work } from './worker.ts';
export { workFor } from './work-options.ts';
export type { WorkableConnection, WorkableQueue, QueueWorker, WorkOptions } from './work-options.ts';
export type { HoldCause, HoldChange, LastError, SettledCount, WorkerState } from './worker-state.ts';
export { deliverUntilSettled } from './deliver-until-settled.ts';
export type { DeliverFunction, DriveResult, DriveOptions, Remaining } from './deliver-until-settled.ts';
export { createSharedRateLimiter } from '../policy/shared-limiter.ts';
export type { SharedPace, SharedRateLimiter } from '../policy/shared-limiter.ts';
export type { LmdbStore } from './lmdb/lmdb-queue.ts';
export { openQueue } from './lmdb/open-queue.ts';
export type { QueueOptions } from './lmdb/open-queue.ts';
export { salvage } from './lmdb/salvage.ts';
export type { Salvaged, SalvageOptions, Standing } from './lmdb/salvage.ts';
export type { QueueRecord } from './lmdb/record.ts';
export { FlushFailed, FlushOverdue, StoreDamaged, StoreRefused } from './lmdb/store-errors.ts';
export type { OwnerActivity, RefusalCode } from './lmdb/store-errors.ts';
export { OwnerClient, OwnerGone, reachOwner, untilOwnerEnds } from './admin/client.ts';
export { countReasons } from './admin/routes.ts';
export type { HostedConnection, OwnerInfo, StoreHost, StoreReport } from './admin/protocol.ts';
