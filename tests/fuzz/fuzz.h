/* fuzz - the one function of a fuzz target: must take any bytes without fault, and return 0. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A broken promise of a header found by a target: ends the program, so that both libFuzzer and replay see it. */
#define PROMISE(condition) ((condition) ? (void)0 : __builtin_trap())

#endif
