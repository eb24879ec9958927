#pragma once

// Programmatic dependent launch: a kernel may start while the one before it on the stream still
// runs, so that its launch and its set-up hide behind the other's end.
//
//   __global__ void kernel(...) {
//       ...                  // addresses, barriers, weights: what no kernel before has written
//       waitForPrevious();   // every thread; then read what kernels before wrote, and write
//       startDependents();   // the next kernel may be launched now
//   }
//   launchDependent(kernel, grid, block, sharedBytes, stream, arguments...);
//
// The wait returns when the kernel before has ended and its writes are visible. A kernel that never
// waited would end before its predecessor and break that for its successor: so every block waits,
// also one that has nothing to do.
//
// startDependents comes after the wait in kernels that do not fill the card evenly: then the kernel
// before has gone when the blocks of the next are placed, and each multiprocessor has room for one.
// Where it comes first, as in the products, blocks of three kernels meet, and if one of them leaves
// some multiprocessors free those take two blocks of the next, which is as slow as they are. A
// kernel launched in the ordinary way neither starts early nor lets another start before it ends;
// startDependents and waitForPrevious do nothing in it.
#include <cuda_runtime.h>

#include <array>
#include <atomic>
#include <utility>

namespace lapidary::kernels::cuda {

/// Lets the next kernel of the stream be launched once all blocks have come here.
__device__ __forceinline__ void startDependents() {
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}

/// Returns when all kernels before this one have ended and their writes are visible.
__device__ __forceinline__ void waitForPrevious() {
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

/// Whether `kernel`, as it is loaded on the current card, contains the instructions above: code
/// for 8.0 that is translated for a newer card does not, and must not be started early. All kernels
/// are built for the same cards, so the first one asked answers for all.
inline bool startsEarly(const void* kernel) {
    enum : char { Unknown, Yes, No };
    static std::array<std::atomic<char>, 64> answers{}; // a card each
    int device = 0;
    cudaGetDevice(&device);
    std::atomic<char>& answer = answers[static_cast<unsigned>(device) % answers.size()];
    if (answer.load(std::memory_order_relaxed) == Unknown) {
        cudaFuncAttributes attributes{};
        const bool known = cudaFuncGetAttributes(&attributes, kernel) == cudaSuccess;
        answer.store(known && attributes.ptxVersion >= 90 ? Yes : No, std::memory_order_relaxed);
    }
    return answer.load(std::memory_order_relaxed) == Yes;
}

/// kernel<<<grid, block, sharedBytes, stream>>>(arguments...), which may start early. Errors show
/// at the next Stream::wait.
template <class... Parameters, class... Arguments>
void launchDependent(void (*kernel)(Parameters...), dim3 grid, dim3 block, std::size_t sharedBytes,
                     cudaStream_t stream, Arguments&&... arguments) {
    cudaLaunchAttribute attribute{};
    attribute.id = cudaLaunchAttributeProgrammaticStreamSerialization;
    attribute.val.programmaticStreamSerializationAllowed = 1;
    cudaLaunchConfig_t config{};
    config.gridDim = grid;
    config.blockDim = block;
    config.dynamicSmemBytes = sharedBytes;
    config.stream = stream;
    config.attrs = &attribute;
    config.numAttrs = startsEarly(reinterpret_cast<const void*>(kernel)) ? 1 : 0;
    cudaLaunchKernelEx(&config, kernel, std::forward<Arguments>(arguments)...);
}

} // namespace lapidary::kernels::cuda
