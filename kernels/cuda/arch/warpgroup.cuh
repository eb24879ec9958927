#pragma once

// Products of a warpgroup, four warps that begin at a multiple of four: only Hopper (sm_90a) has
// them. They run beside the arithmetic that follows:
//
//   orderRegisters();                 // what was written to c and to fragments is there
//   multiplyRows(c, a, b, add); ...   // c += A B where `add`, else c = A B
//   commitProducts();                 // a group
//   waitProducts<n>();                // all groups but the n newest are done
//   hold(c);                          // c is read after this, not before
//
// Matrices in shared memory are panels of 64 bf16 or 128 e4m3 a row, 128 bytes, whose pieces of 16
// bytes are placed as copies of tensors with a swizzle of 128 bytes do: piece i of row r at i ^ (r
// mod 8). Panels begin on 1024 bytes.
#include <cstdint>

namespace lapidary::kernels::cuda {

/// Whether code for this card may use them.
#ifdef __CUDA_ARCH_FEAT_SM90_ALL
inline constexpr bool kWarpgroups = true;
#else
inline constexpr bool kWarpgroups = false;
#endif

/// A panel whose rows are those of the product, or its columns, from `address`: one step of depth,
/// 16 columns of the panel (32 of 8-bit numbers), is 32 bytes.
///   bytes  from eight rows to the next eight
__device__ __forceinline__ uint64_t panelOfRows(uint32_t address, uint32_t bytes = 1024) {
    constexpr uint64_t kSwizzled = uint64_t(1) << 62;
    return uint64_t((address & 0x3FFFF) >> 4) | uint64_t(1) << 16 | uint64_t(bytes / 16) << 32
           | kSwizzled;
}

/// One row of B, its pieces of 16 bytes one after another from `address`, a multiple of 16. Where a
/// product expects the seven rows after it, it finds what is there.
__device__ __forceinline__ uint64_t chunksOfRow(uint32_t address) {
    return uint64_t((address & 0x3FFFF) >> 4) | uint64_t(1) << 16 | uint64_t(1) << 32;
}

/// Panels whose rows are the depth of the product, `panelBytes` apart; their columns are those of
/// the product. One step of depth, 16 rows, is 2048 bytes.
__device__ __forceinline__ uint64_t panelsOfDepth(uint32_t address, uint32_t panelBytes) {
    constexpr uint64_t kEightRows = 1024 / 16, kSwizzled = uint64_t(1) << 62;
    return uint64_t((address & 0x3FFFF) >> 4) | uint64_t(panelBytes / 16) << 16 | kEightRows << 32
           | kSwizzled;
}

__device__ __forceinline__ void orderRegisters() {
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}
__device__ __forceinline__ void commitProducts() {
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
}
template <int kLeft>
__device__ __forceinline__ void waitProducts() {
    asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(kLeft) : "memory");
}

template <int kCount>
__device__ __forceinline__ void hold(float (&c)[kCount]) {
#pragma unroll
    for (int i = 0; i < kCount; ++i)
        asm volatile("" : "+f"(c[i])::"memory");
}
/// What this thread wrote to shared memory is there for products and copies of tensors, once
/// threads have met.
__device__ __forceinline__ void publishShared() {
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
}

__device__ __forceinline__ void storeShared(uint32_t to, uint32_t word) {
    asm volatile("st.shared.b32 [%0], %1;" ::"r"(to), "r"(word) : "memory");
}

/// More or fewer registers a thread, for a whole warpgroup.
template <int kRegisters>
__device__ __forceinline__ void growRegisters() {
    asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(kRegisters));
}
template <int kRegisters>
__device__ __forceinline__ void shrinkRegisters() {
    asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(kRegisters));
}

/// The threads that use barrier `number`, `kThreads` of them, meet.
template <int kThreads>
__device__ __forceinline__ void meet(int number) {
    asm volatile("bar.sync %0, %1;" ::"r"(number), "n"(kThreads) : "memory");
}

// Sums of a warpgroup lie as those of mma.sync: warp w has rows 16 w to 16 w + 15.
#define SUMS_4(c, i) "+f"((c)[i]), "+f"((c)[(i) + 1]), "+f"((c)[(i) + 2]), "+f"((c)[(i) + 3])
#define SUMS_8(c, i)                                                                               \
    "+f"((c)[i]), "+f"((c)[(i) + 1]), "+f"((c)[(i) + 2]), "+f"((c)[(i) + 3]), "+f"((c)[(i) + 4]),  \
        "+f"((c)[(i) + 5]), "+f"((c)[(i) + 6]), "+f"((c)[(i) + 7])
#define SUMS_32(c, i) SUMS_8(c, i), SUMS_8(c, (i) + 8), SUMS_8(c, (i) + 16), SUMS_8(c, (i) + 24)

/// c (+)= A Bᵀ: 64 × 64 over 16. A rows × depth, B columns × depth, in shared memory.
__device__ __forceinline__ void multiplyRows(float (&c)[32], uint64_t a, uint64_t b, int add) {
    asm volatile("{\n.reg .pred add;\n"
                 "setp.ne.b32 add, %34, 0;\n"
                 "wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 "
                 "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
                 "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31}, "
                 "%32, %33, add, 1, 1, 0, 0;\n}"
                 : SUMS_32(c, 0)
                 : "l"(a), "l"(b), "r"(add));
}

#define SUM_NAMES_128                                                                              \
    "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "                      \
    "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "             \
    "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "             \
    "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63, "             \
    "%64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79, "             \
    "%80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95, "             \
    "%96, %97, %98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, %109, "             \
    "%110, %111, "                                                                                 \
    "%112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, %124, "               \
    "%125, %126, %127}, "

/// c (+)= A B: 64 × 256 over 16. A rows × depth, B depth × columns, in shared memory.
__device__ __forceinline__ void multiplyColumns(float (&c)[128], uint64_t a, uint64_t b, int add) {
    asm volatile("{\n.reg .pred add;\n"
                 "setp.ne.b32 add, %130, 0;\n"
                 "wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16 " SUM_NAMES_128
                 "%128, %129, add, 1, 1, 0, 1;\n}"
                 : SUMS_32(c, 0), SUMS_32(c, 32), SUMS_32(c, 64), SUMS_32(c, 96)
                 : "l"(a), "l"(b), "r"(add));
}

/// The same with A as fragments of mma.sync, 16 rows a warp.
__device__ __forceinline__ void multiplyColumns(float (&c)[128], const uint32_t (&a)[4], uint64_t b,
                                                int add) {
    asm volatile("{\n.reg .pred add;\n"
                 "setp.ne.b32 add, %133, 0;\n"
                 "wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16 " SUM_NAMES_128
                 "{%128, %129, %130, %131}, %132, add, 1, 1, 1;\n}"
                 : SUMS_32(c, 0), SUMS_32(c, 32), SUMS_32(c, 64), SUMS_32(c, 96)
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(add));
}

// c (+)= A Bᵀ: 64 × 8 or 64 × 16, over 32 bytes of depth. A rows × depth, B columns × depth, in
// shared memory.
#define MULTIPLY_FEW(name, type, sums, names, a_, b_, add_, transposed)                            \
    __device__ __forceinline__ void name(float(&c)[sums], uint64_t a, uint64_t b, int add) {       \
        asm volatile("{\n.reg .pred add;\n"                                                        \
                     "setp.ne.b32 add, " add_ ", 0;\n"                                             \
                     "wgmma.mma_async.sync.aligned." type " " names ", " a_ ", " b_                \
                     ", add, 1, 1" transposed ";\n}"                                               \
                     : SUMS_##sums(c, 0)                                                           \
                     : "l"(a), "l"(b), "r"(add));                                                  \
    }
#define FOUR_NAMES "{%0, %1, %2, %3}"
#define EIGHT_NAMES "{%0, %1, %2, %3, %4, %5, %6, %7}"
MULTIPLY_FEW(multiplyFew, "m64n8k16.f32.bf16.bf16", 4, FOUR_NAMES, "%4", "%5", "%6", ", 0, 0")
MULTIPLY_FEW(multiplyFew, "m64n16k16.f32.bf16.bf16", 8, EIGHT_NAMES, "%8", "%9", "%10", ", 0, 0")
MULTIPLY_FEW(multiplyFewCodes, "m64n8k32.f32.e4m3.e4m3", 4, FOUR_NAMES, "%4", "%5", "%6", "")
MULTIPLY_FEW(multiplyFewCodes, "m64n16k32.f32.e4m3.e4m3", 8, EIGHT_NAMES, "%8", "%9", "%10", "")
#undef EIGHT_NAMES
#undef FOUR_NAMES
#undef MULTIPLY_FEW

#undef SUM_NAMES_128
#undef SUMS_32
#undef SUMS_8
#undef SUMS_4

} // namespace lapidary::kernels::cuda
