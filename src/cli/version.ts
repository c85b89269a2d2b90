export { cadanganVersion, programVersion } from '../platform/index.ts';
