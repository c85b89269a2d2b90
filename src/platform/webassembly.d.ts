/**
 * The part of the WebAssembly API that we use. TypeScript declares it only together with the browser's `dom` library,
 * whose globals (`window`, a `setTimeout` that gives a number ...) must not be in reach here; `@types/node` leaves it out.
 */
declare namespace WebAssembly {
  interface MemoryDescriptor {
    /** In pages of 64 KiB. */
    readonly initial: number;
    readonly maximum?: number;
    readonly shared?: boolean;
  }

  class Memory {
    constructor(descriptor: MemoryDescriptor);
    /** A `SharedArrayBuffer` when the memory is shared. `grow` replaces it. */
    readonly buffer: ArrayBuffer;
    /** Adds pages, returns how many there were. */
    grow(pages: number): number;
  }

  type ValueType = 'i32' | 'i64' | 'f32' | 'f64';

  class Global {
    constructor(descriptor: { readonly value: ValueType; readonly mutable?: boolean }, value?: number | bigint);
    value: number | bigint;
  }

  class Module {
    constructor(bytes: NodeJS.ArrayBufferView | ArrayBuffer);
    static exports(module: Module): { readonly name: string; readonly kind: string }[];
    static imports(module: Module): { readonly module: string; readonly name: string; readonly kind: string }[];
  }

  type ExportValue = Memory | Global | ((...values: (number | bigint)[]) => number | bigint | undefined);
  type ImportValue = Memory | Global | ((...values: never[]) => number | bigint | void);
  type Imports = Readonly<Record<string, Readonly<Record<string, ImportValue>>>>;

  class Instance {
    constructor(module: Module, imports?: Imports);
    /** What a module exports is known to its author only: check or cast at the one place that loads it. */
    readonly exports: Readonly<Record<string, ExportValue>>;
  }

  class RuntimeError extends Error {}

  function compile(bytes: NodeJS.ArrayBufferView | ArrayBuffer): Promise<Module>;
  function instantiate(module: Module, imports?: Imports): Promise<Instance>;
  function validate(bytes: NodeJS.ArrayBufferView | ArrayBuffer): boolean;
}
