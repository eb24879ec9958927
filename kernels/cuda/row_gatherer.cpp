#include "cuda/row_gatherer.h"

#include "assert.h"
#include "cpu/host_weight.h"
#include "cuda/launch.h"
#include "cuda/tensors.h"

#include <algorithm>
#include <cstring>
#include <thread>

namespace lapidary::kernels::cuda {

namespace {

constexpr std::size_t kPieceBytes = std::size_t{2} << 20U;

std::size_t bytesOfRow(const Weight& table) {
    return static_cast<std::size_t>(table.columns()) * elementSize(table.format());
}

} // namespace

RowGatherer::~RowGatherer() {
    for (const Piece& piece : pieces_) {
        if (piece.copied != nullptr) {
            cudaEventSynchronize(piece.copied);
            cudaEventDestroy(piece.copied);
        }
        cudaFreeHost(piece.pinned);
    }
}

Expected<Weight> RowGatherer::keep(const WeightSource& source) {
    return packHost(source);
}

void RowGatherer::gather(const Weight& table, std::span<const std::int32_t> ids, float scale,
                         const Tensor& y) {
    LAPIDARY_ASSERT(y.rank == 3 && std::cmp_equal(y.shape[1], ids.size())
                    && y.shape[0] * y.shape[2] == table.columns());
    LAPIDARY_ASSERT(table.format() != WeightFormat::Fp8);
    stream_.enter();
    const std::size_t rowBytes = bytesOfRow(table);
    const std::size_t atOnce =
        std::min(ids.size(), std::max<std::size_t>(1, kPieceBytes / rowBytes));
    void* const landed = stream_.scratch(atOnce * rowBytes);
    if (landed == nullptr)
        return;
    for (std::size_t row = 0; row < ids.size(); row += atOnce) {
        const auto some = ids.subspan(row, std::min(atOnce, ids.size() - row));
        const std::size_t bytes = some.size() * rowBytes;
        std::byte* const piece = freePiece(bytes);
        if (piece == nullptr)
            return;
        collect(table, some, piece);
        stream_.check(
            cudaMemcpyAsync(landed, piece, bytes, cudaMemcpyHostToDevice, stream_.handle()),
            "copying to the card");
        stream_.check(cudaEventRecord(pieces_.at(turn_).copied, stream_.handle()),
                      "copying to the card");
        spreadParts({.single = table.format() == WeightFormat::F32,
                     .from = landed,
                     .firstRow = static_cast<std::int64_t>(row),
                     .rows = static_cast<std::int64_t>(some.size()),
                     .allRows = y.shape[1],
                     .parts = y.shape[0],
                     .width = y.shape[2],
                     .scale = scale,
                     .y = halves(y)},
                    stream_.handle());
    }
}

/// The piece that was used before the last one, once it is copied.
std::byte* RowGatherer::freePiece(std::size_t bytes) {
    turn_ = (turn_ + 1) % pieces_.size();
    Piece& piece = pieces_.at(turn_);
    if (piece.copied == nullptr)
        stream_.check(cudaEventCreateWithFlags(&piece.copied, cudaEventDisableTiming),
                      "taking memory for work");
    if (piece.copied == nullptr)
        return nullptr;
    stream_.check(cudaEventSynchronize(piece.copied), "copying to the card");
    if (piece.bytes < bytes) {
        cudaFreeHost(piece.pinned);
        void* memory = nullptr;
        piece.bytes = std::max(bytes, kPieceBytes);
        if (cudaMallocHost(&memory, piece.bytes) != cudaSuccess) {
            cudaGetLastError();
            piece.pageable.resize(piece.bytes);
        }
        piece.pinned = static_cast<std::byte*>(memory);
    }
    return piece.pinned != nullptr ? piece.pinned : piece.pageable.data();
}

void RowGatherer::collect(const Weight& table, std::span<const std::int32_t> ids, std::byte* to) {
    const std::byte* const numbers = kernels::matrixOf(table);
    const std::size_t rowBytes = bytesOfRow(table);
    const auto copy = [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t r = begin; r < end; ++r) {
            const std::int32_t id = ids[static_cast<std::size_t>(r)];
            LAPIDARY_ASSERT(id >= 0 && id < table.rows());
            std::memcpy(to + static_cast<std::size_t>(r) * rowBytes,
                        numbers + static_cast<std::size_t>(id) * rowBytes, rowBytes);
        }
    };
    constexpr std::int64_t kGrain = 16; // rows of some 20 KB: 40 us, where a fork costs 5
    const auto rows = static_cast<std::int64_t>(ids.size());
    if (rows > kGrain && !pool_)
        pool_.emplace(std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, 4));
    if (pool_)
        pool_->forRanges(rows, kGrain, copy);
    else
        copy(0, rows);
}

} // namespace lapidary::kernels::cuda
