#include "cuda/packing_lane.h"

#include "cuda/launch.h"
#include "cuda/quantise.h"
#include "cuda/stream.h"

#include <cstdlib>
#include <cstring>
#include <utility>

namespace lapidary::kernels::cuda {

PackingLane::PackingLane(int device, std::size_t bufferBytes) : bufferBytes_(bufferBytes) {
    check(cudaSetDevice(device));
    check(cudaStreamCreateWithFlags(&queue_, cudaStreamNonBlocking));
}

PackingLane::~PackingLane() {
    cudaStreamSynchronize(queue_);
    for (const Buffer& buffer : buffers_)
        if (buffer.copied != nullptr)
            cudaEventDestroy(buffer.copied);
    if (pinned_ != nullptr)
        cudaHostUnregister(pinned_.get());
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
        std::memcpy(buffer->memory, piece.from, piece.bytes);
        check(
            cudaMemcpyAsync(landing, buffer->memory, piece.bytes, cudaMemcpyHostToDevice, queue_));
        check(cudaEventRecord(buffer->copied, queue_));
    } else {
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

PackingLane::Buffer* PackingLane::freeBuffer(std::size_t bytes) {
    if (bytes > bufferBytes_ || !pin())
        return nullptr;
    Buffer& buffer = buffers_.at(turn_++ % buffers_.size());
    if (buffer.copied == nullptr)
        check(cudaEventCreateWithFlags(&buffer.copied,
                                       cudaEventDisableTiming | cudaEventBlockingSync));
    else
        check(cudaEventSynchronize(buffer.copied));
    return &buffer;
}

/// Takes the buffers, the first time. Memory of the system that is pinned afterwards: what the
/// driver hands out pinned takes four times as long, and longer again to go.
bool PackingLane::pin() {
    if (pinned_ != nullptr)
        return true;
    constexpr std::size_t kPage = 4096;
    const std::size_t each = (bufferBytes_ + kPage - 1) / kPage * kPage;
    std::unique_ptr<std::byte, Free> memory(
        static_cast<std::byte*>(std::aligned_alloc(kPage, buffers_.size() * each)));
    if (memory == nullptr
        || cudaHostRegister(memory.get(), buffers_.size() * each, cudaHostRegisterDefault)
               != cudaSuccess) {
        cudaGetLastError();
        bufferBytes_ = 0;
        return false;
    }
    pinned_ = std::move(memory);
    for (std::size_t i = 0; i < buffers_.size(); ++i)
        buffers_.at(i).memory = pinned_.get() + i * each;
    return true;
}

void PackingLane::Free::operator()(std::byte* memory) const {
    std::free(memory);
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
