/** Durable delivery: published as `spillway/queue`, so that a host without a queue loads none of it. */
export { lanesBy, toQueued } from './store.ts';
export type {
  ConnectionWorker,
  DeliveryStore,
  EmbeddedStore,
  MovableStore,
  StoreConnection,
  StoreProcess,
  StoredRecords,
  StorePromises,
  StoreStatus,
  StoreWorkOptions,
} from './store.ts';
export { openStore } from './lmdb/open-store.ts';
export type { StoreOptions } from './lmdb/open-store.ts';
export { isStoreLost, OtherSettings, QueueFull } from './queue.ts';
export type {
  ConnectionBacklog,
  ConnectionSettings,
  DeadFilter,
  DeadLetter,
  FailureHistory,
  FinalSettlement,
  LanesOf,
  Put,
  PutResult,
  QueuedEvent,
  RegisteredConnection,
  QueueStatus,
  Settlement,
  WaitingEvent,
} from './queue.ts';
export type { DeliveryLog, DeliveryLogs, FileDelivery, KnownLine, LineOutcome } from './delivery-log.ts';
export { defaultPoison, defaultQueuePolicy, policyFor, settlementOf } from './settlement.ts';
export type { PoisonPolicy, QueuePolicy, SettlementContext } from './settlement.ts';
export type { PoisonSuspects } from './poison-tracker.ts';
export {
  configHashOf,
  destinationAt,
  keepDestination,
  keepLanes,
  NotDrained,
  registeredOf,
  settingsOf,
} from './registered.ts';
export { startPruning } from './pruning.ts';
export type { Pruning, PruningOptions } from './pruning.ts';
export { sendingGraceMs, workFor } from './work-options.ts';
export type { QueueWorker, WorkableConnection } from './work-options.ts';
export type { HoldCause, HoldChange, LastError, SettledCount, WorkerState } from './worker-state.ts';
export { deliverUntilSettled } from './deliver-until-settled.ts';
export type { DeliverFunction, DriveResult, DriveOptions, Remaining } from './deliver-until-settled.ts';
export { createSharedRateLimiter } from '../policy/shared-limiter.ts';
export type { SharedPace, SharedRateLimiter } from '../policy/shared-limiter.ts';
export type { PermitLease, PermitMove, PermitRequest } from '../policy/permit-log.ts';
export { salvage } from './lmdb/salvage.ts';
export type { Salvaged, SalvageOptions } from './lmdb/salvage.ts';
export type { QueueRecord } from './lmdb/record.ts';
export { FlushFailed, FlushOverdue, StoreDamaged, StoreRefused } from './lmdb/store-errors.ts';
export type { OwnerActivity, RefusalCode } from './lmdb/store-errors.ts';
export { OwnerGone } from './admin/client.ts';
