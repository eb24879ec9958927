#include "cuda/card_bandwidth.h"
#include "cuda/read_stream.h"
#include "cuda/stream.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <type_traits>

namespace lapidary::kernels::cuda {

namespace {

constexpr int kRounds = 6; // the best counts; the first one warms up
constexpr std::size_t kHostBytes = std::size_t{256} << 20U;
constexpr std::size_t kLargest = std::size_t{4} << 30U;

struct FreeDevice {
    void operator()(void* memory) const { cudaFree(memory); }
};
struct FreeHost {
    void operator()(void* memory) const { cudaFreeHost(memory); }
};
struct DestroyEvent {
    void operator()(cudaEvent_t event) const { cudaEventDestroy(event); }
};
using Event = std::unique_ptr<std::remove_pointer_t<cudaEvent_t>, DestroyEvent>;

Event makeEvent(Stream& stream) {
    cudaEvent_t event = nullptr;
    stream.check(cudaEventCreate(&event), "making a clock");
    return Event(event);
}

/// The least seconds that the card takes for what `queue` queues.
template <class Queue>
double leastSeconds(Stream& stream, const Queue& queue) {
    const Event begin = makeEvent(stream);
    const Event end = makeEvent(stream);
    float least = 1e9F;
    for (int round = 0; round < kRounds; ++round) {
        float milliseconds = 1e9F;
        stream.check(cudaEventRecord(begin.get(), stream.handle()), "timing");
        queue();
        stream.check(cudaEventRecord(end.get(), stream.handle()), "timing");
        stream.check(cudaEventSynchronize(end.get()), "timing");
        stream.check(cudaEventElapsedTime(&milliseconds, begin.get(), end.get()), "timing");
        least = std::min(least, milliseconds);
    }
    return static_cast<double>(least) / 1e3;
}

} // namespace

Expected<Bandwidth> cardBandwidth(int device, std::size_t freeBytes) {
    auto opened = Stream::open(device);
    if (!opened)
        return std::unexpected(opened.error());
    Stream& stream = **opened;
    int processors = 1;
    stream.check(cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, device),
                 "describing the card");
    const int blocks = 4 * processors;
    // Whole passes of the grid, so that every byte is read.
    const std::size_t pass = static_cast<std::size_t>(blocks) * kReaderPass;
    const std::size_t bytes =
        std::max(std::min(kLargest, freeBytes / 2) / pass, std::size_t{1}) * pass;

    void* memory = nullptr;
    void* host = nullptr;
    cudaError_t result = cudaMalloc(&memory, bytes + 16);
    const std::unique_ptr<void, FreeDevice> ownsMemory(memory);
    if (result == cudaSuccess)
        result = cudaMallocHost(&host, kHostBytes);
    const std::unique_ptr<void, FreeHost> ownsHost(host);
    if (result != cudaSuccess) {
        cudaGetLastError();
        return std::unexpected(describe(result, "taking memory to measure with"));
    }
    stream.check(cudaMemsetAsync(memory, 1, bytes + 16, stream.handle()), "filling memory");
    auto* const never = reinterpret_cast<unsigned*>(static_cast<char*>(memory) + bytes);

    Bandwidth found;
    found.read = static_cast<double>(bytes) / leastSeconds(stream, [&] {
                     readStream(memory, bytes, blocks, never, stream.handle());
                 });
    const std::size_t half = bytes / 2;
    found.copy = 2 * static_cast<double>(half) / leastSeconds(stream, [&] {
                     stream.check(cudaMemcpyAsync(static_cast<char*>(memory) + half, memory, half,
                                                  cudaMemcpyDeviceToDevice, stream.handle()),
                                  "copying");
                 });
    const std::size_t sent = std::min(kHostBytes, bytes);
    found.host = static_cast<double>(sent) / leastSeconds(stream, [&] {
                     stream.check(cudaMemcpyAsync(memory, host, sent, cudaMemcpyHostToDevice,
                                                  stream.handle()),
                                  "copying to the card");
                 });
    if (auto done = stream.wait(); !done)
        return std::unexpected(done.error());
    return found;
}

} // namespace lapidary::kernels::cuda
