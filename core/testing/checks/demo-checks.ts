import { loadReply } from '../kit/case.ts';
import { hasDemo, loadDemo } from '../kit/demo-format.ts';
import { openKitConnection } from '../kit/kit-connection.ts';
import { always } from '../kit/vendor-double.ts';
import { must, type Check } from './check.ts';

const check: Check = {
  title: 'demo: the settings of demo.json open a connection, and its reply is one of the folder',
  run(folder) {
    const { settings, reply } = loadDemo(folder.directory);
    if (reply !== undefined)
      must('status' in loadReply(folder.directory, reply), `demo.json: reply: ${reply} is no answer, but a fault`);
    openKitConnection(folder, always(folder.successReply), { config: settings });
  },
};

/** Of a folder that takes part in the demo. */
export const demoChecks = (directory: string): readonly Check[] => (hasDemo(directory) ? [check] : []);
