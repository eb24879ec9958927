#include "cuda/packing_lane.h"

#include "cuda/launch.h"
#include "cuda/quantise.h"
#include "cuda/stream.h"
#include "e4m3_codes.h"
#include "packer.h"

#include <algorithm>
#include <cstring>
#include <span>

namespace lapidary::kernels::cuda {

PackingLane::PackingLane(int device, std::size_t bufferBytes) : bufferBytes_(bufferBytes) {
    check(cudaSetDevice(device));
    check(cudaStreamCreateWithFlags(&queue_, cudaStreamNonBlocking));
}

PackingLane::~PackingLane() {
    cudaStreamSynchronize(queue_);
    for (const Buffer& buffer : buffers_) {
        cudaFreeHost(buffer.memory);
        if (buffer.copied != nullptr)
            cudaEventDestroy(buffer.copied);
    }
    cudaFree(scratch_);
    cudaStreamDestroy(queue_);
}

void PackingLane::bring(const PackingPiece& piece) {
    if (error_)
        return;
    // A load that is abandoned lets go of its weights before its queues are empty.
    if (written_.empty() || written_.back() != piece.weight)
        written_.push_back(piece.weight);
    auto* landing = piece.to;
    std::byte* halves = nullptr; // where f32 becomes bf16 first
    if (piece.packing != Packing::Copied) {
        const std::size_t room =
            static_cast<std::size_t>(piece.rows * piece.columns) * sizeof(Bf16);
        landing = scratch(piece.bytes + room);
        halves = landing + piece.bytes;
        if (landing == nullptr)
            return;
    }
    if (Buffer* const buffer = freeBuffer(piece.bytes)) {
        readThrough(piece, buffer->memory);
        check(
            cudaMemcpyAsync(landing, buffer->memory, piece.bytes, cudaMemcpyHostToDevice, queue_));
        check(cudaEventRecord(buffer->copied, queue_));
    } else {
        readThrough(piece, nullptr);
        check(cudaMemcpyAsync(landing, piece.from, piece.bytes, cudaMemcpyHostToDevice, queue_));
    }
    if (piece.packing == Packing::Copied)
        return;

    auto* rounded = reinterpret_cast<Bf16*>(landing);
    if (piece.format == WeightFormat::F32) {
        rounded = reinterpret_cast<Bf16*>(piece.packing == Packing::Rounded ? piece.to : halves);
        toBf16(reinterpret_cast<const float*>(landing), rounded, piece.rows * piece.columns,
               queue_);
    }
    if (piece.packing == Packing::Quantised)
        quantiseRows(rounded, piece.rows, piece.columns, reinterpret_cast<std::uint8_t*>(piece.to),
                     piece.scales, queue_);
    check(cudaGetLastError());
}

Expected<void> PackingLane::finish() {
    check(cudaStreamSynchronize(queue_));
    written_.clear();
    if (error_)
        return std::unexpected(*error_);
    return {};
}

void PackingLane::check(cudaError_t result) {
    if (result == cudaSuccess)
        return;
    cudaGetLastError(); // it is told here, and is not the next call's
    if (!error_)
        error_ = describe(result, "copying a weight to the card");
}

void PackingLane::readThrough(const PackingPiece& piece, std::byte* to) {
    // What is looked at is copied out of the cache.
    constexpr std::size_t kAtOnce = std::size_t{128} << 10U;
    for (std::size_t begin = 0; begin < piece.bytes; begin += kAtOnce) {
        const std::span part(piece.from + begin, std::min(kAtOnce, piece.bytes - begin));
        if (piece.codes && hasNan(part) && !error_)
            error_ = nanIn(piece.name);
        if (to != nullptr)
            std::memcpy(to + begin, part.data(), part.size());
    }
}

PackingLane::Buffer* PackingLane::freeBuffer(std::size_t bytes) {
    if (bytes > bufferBytes_)
        return nullptr;
    Buffer& buffer = buffers_.at(turn_++ % buffers_.size());
    if (buffer.memory == nullptr) {
        void* memory = nullptr;
        if (cudaMallocHost(&memory, bufferBytes_) != cudaSuccess) {
            cudaGetLastError();
            bufferBytes_ = 0;
            return nullptr;
        }
        buffer.memory = static_cast<std::byte*>(memory);
        check(cudaEventCreateWithFlags(&buffer.copied,
                                       cudaEventDisableTiming | cudaEventBlockingSync));
        return &buffer;
    }
    check(cudaEventSynchronize(buffer.copied));
    return &buffer;
}

std::byte* PackingLane::scratch(std::size_t bytes) {
    if (bytes <= scratchBytes_)
        return scratch_;
    check(cudaStreamSynchronize(queue_));
    cudaFree(scratch_);
    scratch_ = nullptr;
    scratchBytes_ = 0;
    void* memory = nullptr;
    check(cudaMalloc(&memory, bytes));
    scratch_ = static_cast<std::byte*>(memory);
    scratchBytes_ = memory != nullptr ? bytes : 0;
    return scratch_;
}

} // namespace lapidary::kernels::cuda
