// Package coerce predicts what becomes of a program's own TLS under `ssa run --coerce`. It reads ELF files, and knows
// neither processes nor policies.
package coerce
