/**
 * `npm run test:unit` runs every test file but these: beginnings of paths, each with its reason. What is not named here may start no
 * process and write no file. setup.ts sees to that in every run, so a new test is a unit test until its line here says why it is none.
 */
export const beyondUnit: Readonly<Record<string, string>> = {
  'test/architecture/boundaries': 'files: an import that breaks each rule',
  'test/contract/awkward': 'files: a fresh folder',
  'test/contract/destinations': 'long: every folder under the whole contract',
  'test/contract/kit-': 'files: folders that break the contract',
  'test/contract/kit/fuzz': 'files: a folder with another answer',
  'test/contract/kit/personal-data': 'files: folders without personal data',
  'test/core/load': 'files: folders to load',
  'test/core/rudder': 'processes: what imports the adapter',
  'test/destinations/firewall': 'long: every answer of a firewall, at every destination',
  'test/destinations-elsewhere/': 'long: every folder under the whole contract',
  'test/docs/': 'files: what the pages show is run',
  'test/end-to-end/': 'files and processes: whole deliveries to the simulators',
  'test/hosts/': 'files and processes: the command line and its store',
  'test/queue/admin': 'files: stores on disk',
  'test/queue/ambiguous-after-crash': 'files: stores on disk',
  'test/queue/jetstream': 'processes: a broker',
  'test/queue/kill': 'processes: workers are killed',
  'test/queue/little-room': 'processes: a store without room',
  'test/queue/lmdb': 'files: stores on disk',
  'test/queue/moved-records': 'files and processes: stores on disk and on a broker',
  'test/queue/neighbours': 'files: one store for several workers',
  'test/queue/outage': 'long: an hour of virtual time before a full queue',
  'test/queue/poison.': 'long, and files: hours of virtual time, in part on disk',
  'test/queue/simulators': 'real time: the waits of a queue, fifty times as fast',
  'test/support/jetstream/': 'processes: a broker',
  'test/service/': 'files and sockets: services with stores on disk',
  'test/scripts/': 'files and processes: folders of destinations, and what reads them',
};

/** Whether a test file, by its path from the root of the repository, is a unit test. */
export const isUnitTest = (file: string): boolean =>
  !Object.keys(beyondUnit).some((beginning) => file.startsWith(beginning));
