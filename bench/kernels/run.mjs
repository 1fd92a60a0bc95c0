// npm run bench:kernels: builds the bench of the native engine's kernels and runs it. Arguments are instruction sets
// (npm run bench:kernels -- avx2); without any, all that this machine has.
import { spawnSync } from 'node:child_process';
import { buildNative, nativeProduct } from '../../scripts/build-native.mjs';

buildNative('kernel_bench');
const { status } = spawnSync(nativeProduct('kernel_bench'), process.argv.slice(2), { stdio: 'inherit' });
process.exit(status ?? 1);
