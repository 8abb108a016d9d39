#include "meter/kernel_internal.h"

#include "base/err.h"

#include <stdbool.h>

extern const struct kernel kernel_baseline;
#ifdef KERNEL_HAS_AVX2
extern const struct kernel kernel_avx2;
#endif

static bool always(void)
{
    return true;
}

#ifdef KERNEL_HAS_AVX2
static bool has_avx2(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#endif

static const struct {
    const struct kernel *kernel;
    bool (*runs)(void);
} variants[] = {
    {.kernel = &kernel_baseline, .runs = always},
#ifdef KERNEL_HAS_AVX2
    {.kernel = &kernel_avx2, .runs = has_avx2},
#endif
};

const struct kernel *kernel_variant(int index)
{
    for (size_t k = 0; k < COUNT(variants); k++) {
        if (variants[k].runs() && index-- == 0)
            return variants[k].kernel;
    }
    return NULL;
}

const struct kernel *kernel_best(void)
{
    const struct kernel *best = NULL, *k;
    for (int index = 0; (k = kernel_variant(index)); index++)
        best = k;
    return best;
}
