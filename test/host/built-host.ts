// The host as it is built, from where it lies. Of its sources, a module each, Node makes a host in one second, and Windows' Node under Wine
// in five: many tests start a dozen hosts and runners. A built one would be copied into the state folder first (`placeProgram`), which this
// file spares.
await import(new URL('../../dist/host.js', import.meta.url).href);
